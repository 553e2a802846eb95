"""Forms of wishes and of synonyms."""

import re

from django import forms

from marketplace.catalog.lifecycle import WantedStatus
from marketplace.catalog.models import AIModel
from tenants.directory.models import Tenant

NAME_IT = "Say which model meets it, by its name in addresses."


class WantForm(forms.Form):
    """A model that is not there."""

    tenant = forms.ModelChoiceField(
        Tenant.objects.none(), to_field_name="slug", empty_label=None, label="Team"
    )
    title = forms.CharField(
        max_length=120, label="What should it do?", help_text="A few words, as you would search."
    )
    need = forms.CharField(
        max_length=2000, label="What for?", widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What goes in, what should come out, and who works with it. "
        "Publishers of every team read this.",
    )  # fmt: skip
    expected_calls = forms.IntegerField(
        min_value=1, max_value=2_000_000_000, required=False, label="Expected calls a month"
    )
    searched = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)

    def __init__(self, *args, tenants, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["tenant"].queryset = tenants
        self.fields["expected_calls"].unit = "calls"


class AnswerForm(forms.Form):
    """What becomes of a wish."""

    what = forms.ChoiceField(label="Answer", widget=forms.RadioSelect)
    model = forms.CharField(
        max_length=80, required=False, label="Model",
        help_text="Needed where a model meets it: its name in addresses, such as digits.",
    )  # fmt: skip
    answer = forms.CharField(
        max_length=1000, required=False, label="In words", widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args, user, wanted, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["model"].hint = "if a model meets it"
        words = {"planned": "Somebody works on it", "met": "A model meets it"}
        if user.is_governor:
            words["declined"] = "Declined, for the reason below"
        moves = wanted.lifecycle.moves[wanted.status]
        self.fields["what"].choices = [(k, v) for k, v in words.items() if k in moves]

    def clean(self):
        given = super().clean()
        if given.get("what") == WantedStatus.MET:
            slug = (given.get("model") or "").strip()
            given["model"] = AIModel.objects.visible_to(self.user).filter(slug=slug).first()
            if given["model"] is None:
                words = "There is no such model that you may see." if slug else NAME_IT
                self.add_error("model", words)
        return given


class TermsForm(forms.Form):
    """Words and phrases that mean the same."""

    terms = forms.CharField(
        max_length=1500, label="Words that mean the same",
        help_text="Separated by commas, such as: tumour, tumor, cancer.",
    )  # fmt: skip

    def clean_terms(self) -> list[str]:
        return [term.strip() for term in re.split(r"[,;\n]", self.cleaned_data["terms"]) if term]
