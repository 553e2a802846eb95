"""How a form field becomes markup: the control with its class, and what its frame shows."""

from html import unescape

from django.core.exceptions import ValidationError
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
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

CLASSES = (
    ((CheckboxInput, RadioSelect, CheckboxSelectMultiple), ""),
    (Textarea, "textarea"),
    (Select, "select"),
    (NumberInput, "input input--num"),
    (FileInput, "input input--file"),
)

OURS = {
    "max_value": "Choose %(limit_value)s or less.",
    "min_value": "Choose %(limit_value)s or more.",
    "max_length": "Shorten it to %(limit_value)s characters; it has %(show_value)s.",
    "min_length": "Write at least %(limit_value)s characters; it has %(show_value)s.",
    "invalid_choice": "Choose one from the list.",
}
# How the sentences begin that Django itself would say; a form's own words are left alone.
THEIRS = ("This field is required.", "Ensure this value ", "Select a valid choice.")


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
        "errors": advice(bound),
        "control": control(bound, **attrs) if kind(bound) != "choices" else "",
    }


def problems(form) -> list[tuple[str, str]]:
    """All that is wrong with a bound form: (id of the control or "", what to do)."""
    if not form.is_bound:
        return []
    found = [("", message) for message in form.non_field_errors()]
    for bound in form:
        found += [(bound.auto_id, f"{bound.label}: {_lower(_plain(t))}") for t in advice(bound)]
    return found


def advice(bound: BoundField) -> list[str]:
    """The errors of a field as what to do; Django's own phrases are put into ours."""
    return [told for error in bound.errors.as_data() for told in _told(error, bound)]


def _told(error: ValidationError, bound: BoundField) -> list[str]:
    said = list(error.messages)
    if not said[0].startswith(THEIRS):
        return said
    if error.code == "required":
        return ["Fill this in." if kind(bound) == "line" else "Choose at least one."]
    return [OURS[error.code] % (error.params or {})] if error.code in OURS else said


def _plain(told: str) -> str:
    """Without the link that may stand in it: the line it is put into is a link itself."""
    return unescape(strip_tags(told)) if isinstance(told, SafeString) else told


def _lower(sentence: str) -> str:
    """A sentence after a colon: "Fill this in." -> "fill this in.", "URL too long" as it is."""
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]
