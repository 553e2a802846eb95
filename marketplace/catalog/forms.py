"""Forms of the publisher's desk."""

from decimal import Decimal

from django import forms
from django.conf import settings

from marketplace.catalog.models import AIModel, DataClass, Visibility
from marketplace.catalog.prefill import LONGEST_CARD
from tenants.chargeback.models import Meter
from tenants.directory.models import Region, Tenant

PER = [(1, "1"), (1000, "1,000"), (1_000_000, "1,000,000")]


class CardForm(forms.ModelForm):
    """The words of a model. `seen` is the moment the person started from."""

    seen = forms.DateTimeField(widget=forms.HiddenInput, required=False)
    card = forms.CharField(
        max_length=LONGEST_CARD,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "true"}),
        help_text="Markdown. What it is for, what not, how well it does, whom to ask. "
        "Pictures and HTML are left out.",
    )

    class Meta:
        model = AIModel
        fields = ("name", "summary", "card", "task", "framework", "data_class")
        fields += ("stage", "region", "licence", "contact")
        labels = {"data_class": "Data class", "contact": "Contact"}
        help_texts = {
            "summary": "One line: what it does, for whom.",
            "task": "Such as image-classification; people filter by it.",
            "data_class": "How sensitive what it is given may be.",
            "contact": "Where users write with questions.",
        }
        widgets = {"summary": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = [(value, value) for value in Region.values]

    def _post_clean(self) -> None:
        """The service checks and saves; the form keeps what was typed."""


class ClaimForm(forms.Form):
    """Whose a model is."""

    tenant = forms.ModelChoiceField(
        Tenant.objects.none(),
        to_field_name="slug",
        empty_label="Choose a tenant",
        help_text="Its publishers write the card, its owners decide who may use the model.",
    )

    def __init__(self, *args, tenants, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["tenant"].queryset = tenants


class ListingForm(forms.Form):
    """Who finds a model in the catalogue."""

    visibility = forms.ChoiceField(
        label="Who finds it", choices=Visibility.choices, widget=forms.RadioSelect
    )
    tenants = forms.ModelMultipleChoiceField(
        Tenant.objects.none(),
        to_field_name="slug",
        required=False,
        label="Tenants",
        widget=forms.CheckboxSelectMultiple,
        help_text="Counts where you chose named tenants.",
    )

    def __init__(self, *args, tenants, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["tenants"].queryset = tenants


class PriceForm(forms.Form):
    """What a model costs."""

    amount = forms.DecimalField(
        label="Price",
        min_value=Decimal(0),
        max_digits=18,
        decimal_places=9,
        help_text="0 is free. Users see it before they ask.",
    )
    per = forms.TypedChoiceField(label="For each", choices=PER, coerce=int, initial=1000)
    meter = forms.ChoiceField(
        label="Counted in", choices=Meter.of_models(), initial=Meter.PREDICTIONS
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["amount"].unit = settings.DEFAULT_CURRENCY


class PublishForm(PriceForm, ListingForm):
    """What it costs, and who finds it."""

    field_order = ("amount", "per", "meter", "visibility", "tenants")


class RetireForm(forms.Form):
    """Why a model leaves."""

    note = forms.CharField(
        label="Why",
        max_length=1000,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Users of the model read this, and it is kept in the trail.",
    )


def data_class_help() -> list[tuple[str, str]]:
    """What each data class means, for the side of the form."""
    words = {
        DataClass.PUBLIC: "anybody may read it",
        DataClass.INTERNAL: "everybody in the company may read it",
        DataClass.CONFIDENTIAL: "those who need it, such as customer or contract data",
        DataClass.RESTRICTED: "few, by name, such as health or payment data",
    }
    return [(DataClass(value).label, text) for value, text in words.items()]
