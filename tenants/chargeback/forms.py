"""The forms of money: which usage to show, a price, a correction, a month to close."""

from decimal import Decimal

from django import forms

from tenants.chargeback.models import Meter
from tenants.chargeback.services.prices import CURRENCIES
from tenants.chargeback.windows import Window, money_tenants, window_of, wrong_days
from tenants.directory.models import Tenant

PERIODS = [("7d", "7 days"), ("month", "This month"), ("last", "Last month"), ("custom", "Custom")]
UNITS = [(1, "1"), (100, "100"), (1000, "1,000"), (1_000_000, "1,000,000")]


class UsageFilter(forms.Form):
    """Which calls to add up. Every field may be missing; wrong ones are named and left out."""

    tenant = forms.ModelChoiceField(
        Tenant.objects.none(), to_field_name="slug", required=False, empty_label="All tenants"
    )
    period = forms.ChoiceField(choices=PERIODS, required=False)
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label="To", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    model = forms.SlugField(required=False, max_length=80, widget=forms.HiddenInput)
    currency = forms.ChoiceField(
        choices=[(c, c) for c in CURRENCIES], required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["tenant"].queryset = money_tenants(user)
        self.fields["tenant"].label_from_instance = lambda tenant: tenant.name

    def clean(self):
        facts = super().clean()
        for field, told in wrong_days(facts.get("since"), facts.get("until")).items():
            self.add_error(field, told)
        return facts

    @property
    def window(self) -> Window:
        facts = self.cleaned_data
        period = facts.get("period") or "month"
        return window_of(period, facts.get("since"), facts.get("until"))

    def narrow(self, calls, model: str = "model_slug"):
        """`calls` of the tenant, key and model that were chosen; `model` is the column of it."""
        facts = self.cleaned_data
        chosen = {"tenant": "tenant", "key": "key_id", "model": model}
        wanted = {column: facts[name] for name, column in chosen.items() if facts.get(name)}
        return calls.filter(**wanted)


class PriceForm(forms.Form):
    """A new version of a price."""

    amount = forms.DecimalField(
        min_value=Decimal(0), max_value=Decimal(1_000_000), max_digits=20, decimal_places=9
    )
    currency = forms.ChoiceField(choices=[(c, c) for c in CURRENCIES])
    per = forms.TypedChoiceField(label="For each", choices=UNITS, coerce=int)
    meter = forms.ChoiceField(label="Counted in", choices=Meter.of_models())


class HardwarePriceForm(forms.Form):
    """A version of the price of one GPU, or one core, for an hour."""

    amount = forms.DecimalField(
        label="For an hour", min_value=Decimal(0), max_value=Decimal(1_000_000), max_digits=20,
        decimal_places=9, help_text="0 is free.",
    )  # fmt: skip
    currency = forms.ChoiceField(choices=[(c, c) for c in CURRENCIES])


class CorrectionForm(forms.Form):
    """Money given back, or charged in addition, for one call."""

    direction = forms.ChoiceField(
        label="What to do",
        choices=[("credit", "Give back"), ("charge", "Charge in addition")],
        widget=forms.RadioSelect,
        initial="credit",
    )
    amount = forms.DecimalField(
        min_value=Decimal("0.000000001"), max_value=Decimal(100_000_000), decimal_places=9
    )
    note = forms.CharField(
        label="Reason",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stands on the statement.",
    )


class MonthForm(forms.Form):
    """A month by its first day, as `2026-10`."""

    month = forms.DateField(input_formats=["%Y-%m"])
