"""Forms of endpoints: what to predict from, and what to deploy."""

import json

from django import forms

from compute.endpoints.services import ALL
from compute.engines.base import LEAST_MEMORY_MB, MOST_MEMORY_MB, MOST_REPLICAS
from marketplace.catalog.examples import Field
from marketplace.catalog.models import Environment, ModelVersion

MOST_TEXT = 200_000
SHOWN = 12
BOOLEANS = (("true", "true"), ("false", "false"))


class JsonField(forms.CharField):
    """JSON of a given shape; `-1` stands for any number of rows."""

    widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})

    def __init__(self, *, shape=None, **kwargs):
        super().__init__(max_length=MOST_TEXT, **kwargs)
        self.shape = shape

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            found = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise forms.ValidationError("Enter valid JSON, such as [[1, 2], [3, 4]].") from None
        if self.shape is not None:
            _check_shape(found, self.shape)
        return found


class PredictionForm(forms.Form):
    """One control for each input of a version, filled with the example of the registry."""

    def __init__(self, *args, inputs: list[Field], **kwargs):
        super().__init__(*args, **kwargs)
        self.inputs = inputs
        for number, item in enumerate(inputs):
            self.fields[f"in-{number}"] = _control(item)

    @property
    def shown(self):
        """The first inputs, which a page shows at once."""
        return list(self)[:SHOWN]

    @property
    def folded(self):
        """The others, which stand folded."""
        return list(self)[SHOWN:]

    @property
    def folded_wrong(self) -> bool:
        return any(bound.errors for bound in self.folded)

    def values(self) -> dict:
        """What was entered, by name of input; optional ones left empty are left out."""
        entered = [(item, self.cleaned_data[f"in-{n}"]) for n, item in enumerate(self.inputs)]
        return {
            item.name: value == "true" if item.kind == "boolean" else value
            for item, value in entered
            if value not in (None, "") or item.required
        }


class DeployForm(forms.Form):
    """Which version answers where, and how large its workers are."""

    version = forms.ModelChoiceField(ModelVersion.objects.none(), empty_label=None)
    environments = forms.MultipleChoiceField(
        choices=Environment.choices, widget=forms.CheckboxSelectMultiple, initial=list(ALL)
    )
    replicas = forms.IntegerField(min_value=1, max_value=MOST_REPLICAS, initial=1)
    memory_mb = forms.IntegerField(
        label="Memory for each replica",
        min_value=LEAST_MEMORY_MB,
        max_value=MOST_MEMORY_MB,
        initial=2048,
    )
    memory_mb.unit = "MB"

    def __init__(self, *args, model, **kwargs):
        super().__init__(*args, **kwargs)
        present = model.versions.filter(gone_at=None, registry_status="READY")
        self.fields["version"].queryset = present.exclude(signature=None)
        self.fields["version"].label_from_instance = lambda version: f"Version {version.number}"


def _control(item: Field) -> forms.Field:
    facts = {"label": item.name, "required": item.required}
    if item.kind == "json":
        text = json.dumps(item.value)
        return JsonField(shape=item.shape, initial=text, **facts)
    if item.kind == "number":
        return forms.FloatField(initial=item.value, widget=_number_box("decimal"), **facts)
    if item.kind == "integer":
        return forms.IntegerField(
            initial=item.value,
            widget=_number_box("numeric"),
            min_value=-(2**63),
            max_value=2**63 - 1,
            **facts,
        )
    if item.kind == "boolean":
        initial = "true" if item.value is True else "false"
        return forms.ChoiceField(choices=BOOLEANS, initial=initial, **facts)
    return forms.CharField(initial=item.value, max_length=MOST_TEXT, strip=False, **facts)


def _number_box(mode: str) -> forms.TextInput:
    return forms.TextInput(attrs={"inputmode": mode, "class": "input--num"})


def _check_shape(found, wanted: tuple[int, ...]) -> None:
    sizes, level = [], found
    while isinstance(level, list):
        sizes.append(len(level))
        level = level[0] if level else None
    fits = len(sizes) == len(wanted) and all(
        want in (-1, have) for want, have in zip(wanted, sizes, strict=True)
    )
    if not fits or not _even(found, sizes):
        words = " × ".join("any" if size < 0 else str(size) for size in wanted)
        has = " × ".join(map(str, sizes)) or "no list"
        raise forms.ValidationError(f"Enter lists of {words} values; this is {has}.")


def _even(level, sizes: list[int]) -> bool:
    if not sizes:
        return not isinstance(level, list)
    return (
        isinstance(level, list)
        and len(level) == sizes[0]
        and all(_even(part, sizes[1:]) for part in level)
    )


def _no_constant(word: str):
    raise ValueError(word)
