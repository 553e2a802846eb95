"""A tenant's quotas in one form: a line for each flavour."""

from decimal import Decimal

from django import forms

from compute.capacity.models import GpuFlavour, Queue
from compute.capacity.services import Terms

FIELDS = ("guaranteed", "borrow", "lend")
LABELS = {"guaranteed": "Guaranteed", "borrow": "May borrow", "lend": "Lends"}
EMPTY = {"guaranteed": "0", "borrow": "no limit", "lend": "all of it"}


class QuotaForm(forms.Form):
    """`lines` gives each flavour with its three fields; empty ones mean as much as there is."""

    weight = forms.DecimalField(
        label="Weight", min_value=Decimal("0.01"), max_value=1000, decimal_places=2,
        help_text="Of what is borrowed, 2 gets twice as much as 1.",
    )  # fmt: skip
    reason = forms.CharField(
        label="Reason", required=False, max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the trail. Needed to guarantee more than there is.",
    )  # fmt: skip

    def __init__(self, *args, queue: Queue, flavours: list[GpuFlavour], **kwargs):
        super().__init__(*args, **kwargs)
        self.flavours = flavours
        known = {quota.flavour_id: quota for quota in queue.quotas.all()}
        self.fields["weight"].initial = _plain(queue.weight)
        for flavour in flavours:
            for name in FIELDS:
                self._add(flavour, name, known.get(flavour.pk))

    def _add(self, flavour: GpuFlavour, name: str, quota) -> None:
        value = getattr(quota, name) if quota else None
        self.fields[f"{flavour.pk}-{name}"] = forms.DecimalField(
            label=f"{LABELS[name]}, {flavour.name}",
            required=False,
            min_value=0,
            max_digits=8,
            decimal_places=2,
            initial="" if value is None else _plain(value),
            widget=forms.NumberInput(
                attrs={"placeholder": EMPTY[name], "step": "any", "class": "input--sm"}
            ),
        )

    @property
    def lines(self):
        """Each flavour with its bound fields."""
        return [
            (flavour, [self[f"{flavour.pk}-{name}"] for name in FIELDS])
            for flavour in self.flavours
        ]

    def terms(self) -> dict[GpuFlavour, Terms]:
        """What was entered, for the services."""
        given = self.cleaned_data
        found = {}
        for flavour in self.flavours:
            values = [given.get(f"{flavour.pk}-{name}") for name in FIELDS]
            found[flavour] = Terms(values[0] or Decimal(0), *values[1:])
        return found


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
