"""How a form field becomes markup: the control with its class, and what its frame shows."""

from django.forms import (
    CheckboxInput,
    CheckboxSelectMultiple,
    FileInput,
    NumberInput,
    RadioSelect,
    Select,
    Textarea,
)
from django.forms.boundfield import BoundField

CLASSES = (
    ((CheckboxInput, RadioSelect, CheckboxSelectMultiple), ""),
    (Textarea, "textarea"),
    (Select, "select"),
    (NumberInput, "input input--num"),
    (FileInput, "input input--file"),
)


def kind(bound: BoundField) -> str:
    """Which frame a field needs: one line, a tick box, or a group of choices."""
    widget = bound.field.widget
    if isinstance(widget, (RadioSelect, CheckboxSelectMultiple)):
        return "choices"
    return "check" if isinstance(widget, CheckboxInput) else "line"


def control(bound: BoundField, **attrs):
    """The bare control with our class; Django itself links it to its help and its error."""
    widget = bound.field.widget
    ours = next((name for types, name in CLASSES if isinstance(widget, types)), "input")
    classes = " ".join(filter(None, [ours, widget.attrs.get("class"), attrs.pop("class", "")]))
    if classes:
        attrs["class"] = classes
    return bound.as_widget(attrs={name.replace("_", "-"): value for name, value in attrs.items()})


def frame(bound: BoundField, *, unit: str = "", hint: str = "", **attrs) -> dict:
    """The context of components/field.html.

    A form field may carry `unit` and `hint` of its own, so that `{{ form }}` shows them too.
    """
    told = hint or getattr(bound.field, "hint", "")
    return {
        "field": bound,
        "kind": kind(bound),
        "unit": unit or getattr(bound.field, "unit", ""),
        "hint": told or ("" if bound.field.required or kind(bound) != "line" else "optional"),
        "control": control(bound, **attrs) if kind(bound) != "choices" else "",
    }


def problems(form) -> list[tuple[str, str]]:
    """All that is wrong with a bound form: (id of the control or "", what to do)."""
    if not form.is_bound:
        return []
    found = [("", message) for message in form.non_field_errors()]
    for bound in form:
        found += [(bound.auto_id, message) for message in bound.errors]
    return found
