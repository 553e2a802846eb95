"""The forms of keys: what a new one may do, and how an old one ends."""

from django import forms
from django.db.models import Q

from tenants.directory.models import Tenant
from tenants.keys import reach, services
from tenants.keys.models import PLATFORM_TENANT, Scope

OVERLAPS = [
    (0, "At once"),
    (3600, "After an hour"),
    (86_400, "After a day"),
    (604_800, "After seven days"),
]


class KeyForm(forms.Form):
    """A new key. `user` chooses among their own tenants and the models those hold."""

    tenant = forms.ModelChoiceField(Tenant.objects.none(), empty_label=None)
    name = forms.CharField(
        max_length=80, help_text="Where it is used, for example claims-batch or notebook."
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=Scope,
        initial=[Scope.PREDICT],
        widget=forms.CheckboxSelectMultiple,
    )
    models = forms.MultipleChoiceField(
        label="Only these models",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: every model the tenant has access to, now and later.",
    )
    expires_in_days = forms.IntegerField(
        label="Works for", initial=90, min_value=1, max_value=services.LONGEST_DAYS_OF_OWNERS
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        tenants = seats_of(user)
        held = reach.held_by(tenants)
        slugs = sorted({slug for models in held.values() for slug in models})
        self.fields["tenant"].queryset = tenants
        self.fields["tenant"].label_from_instance = lambda tenant: tenant.name
        self.fields["models"].choices = list(reach.names_of(user, slugs).items())
        longest = max((services.longest_days(user, t) for t in tenants), default=90)
        days = self.fields["expires_in_days"]
        days.unit, days.hint = "days", f"{longest} at most"
        if not slugs:
            del self.fields["models"]


class RotateForm(forms.Form):
    """When the old key stops."""

    overlap_seconds = forms.TypedChoiceField(
        label="The old key stops",
        choices=OVERLAPS,
        coerce=int,
        initial=86_400,
        widget=forms.RadioSelect,
        help_text="Long enough to put the new key everywhere; at once if the old one leaked.",
    )


def seats_of(user):
    """The tenants for which this person may hold keys."""
    mine = Q(pk__in=user.tenants_as("consumer"))
    if user.platform_roles:
        mine |= Q(slug=PLATFORM_TENANT)
    return Tenant.objects.visible_to(user).filter(mine)
