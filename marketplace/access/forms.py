"""Forms of access: asking, deciding, more time, and what a list is narrowed to."""

from django import forms

from marketplace.access.services.asking import MOST_CALLS, MOST_DAYS
from marketplace.catalog.models import Environment
from tenants.directory.models import Tenant


class AskForm(forms.Form):
    """Ask for a model, on behalf of one of my tenants."""

    tenant = forms.ModelChoiceField(
        Tenant.objects.none(), to_field_name="slug", empty_label=None, label="Team",
        help_text="It holds the access and pays for the calls.",
    )  # fmt: skip
    environment = forms.ChoiceField(choices=Environment, initial=Environment.DEVELOPMENT)
    purpose = forms.CharField(
        max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What you will use it for, and who reads the result. The deciders read this.",
    )  # fmt: skip
    expected_calls_per_month = forms.IntegerField(
        min_value=1, max_value=MOST_CALLS, label="Expected calls a month"
    )
    duration_days = forms.IntegerField(
        min_value=1, max_value=MOST_DAYS, initial=90, label="For how long"
    )

    def __init__(self, *args, user, model, **kwargs):
        super().__init__(*args, **kwargs)
        joined = Tenant.objects.joined_by(user).exclude(pk=model.tenant_id)
        self.fields["tenant"].queryset = joined
        self.fields["expected_calls_per_month"].unit = "calls"
        self.fields["duration_days"].unit = "days"
        self.fields["duration_days"].hint = f"{MOST_DAYS} at most"


class DecisionForm(forms.Form):
    """A decision on what was shown; `digest` names it."""

    digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    days = forms.IntegerField(min_value=1, max_value=MOST_DAYS, required=False, label="Days")
    note = forms.CharField(
        max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}), label="Reason"
    )


class ExtendForm(forms.Form):
    """More time for a grant, given by an owner of the model."""

    days = forms.IntegerField(min_value=1, max_value=MOST_DAYS, initial=90, label="Extend by")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["days"].unit = "days"


class NarrowForm(forms.Form):
    """What a list is narrowed to; values that make no sense narrow nothing."""

    environment = forms.ChoiceField(
        choices=[("", "Any environment"), *Environment.choices], required=False
    )
    tenant = forms.SlugField(required=False)
    q = forms.CharField(max_length=80, required=False, strip=True)

    def narrow(self, rows):
        """`rows`, of requests or grants, that match what was chosen."""
        self.is_valid()
        chosen = self.cleaned_data
        if chosen.get("environment"):
            rows = rows.filter(environment=chosen["environment"])
        if chosen.get("tenant"):
            rows = rows.filter(tenant__slug=chosen["tenant"])
        if chosen.get("q"):
            rows = rows.filter(model__slug__icontains=chosen["q"])
        return rows
