"""Forms of the directory: tenants, people, roles, and one's own account."""

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from tenants.directory import services as directory
from tenants.directory.models import Region, Tenant, User
from tenants.directory.roles import PlatformRole, TenantRole
from tenants.directory.zones import ZONES


class SearchForm(forms.Form):
    """Filters of the list of people."""

    q = forms.CharField(max_length=100, required=False, label="Name or mail address")
    role = forms.ChoiceField(
        choices=[("", "Any role"), *TenantRole.choices, *PlatformRole.choices],
        required=False,
        label="Role",
    )
    state = forms.ChoiceField(
        choices=[("", "Open and closed"), ("open", "Open"), ("closed", "Closed")],
        required=False,
        label="Account",
    )


class TenantNameForm(forms.Form):
    """What owners may change about their tenant."""

    name = forms.CharField(max_length=80)
    contact = forms.EmailField(
        max_length=254, help_text="Where people write who want to know more."
    )


class TenantForm(TenantNameForm):
    """Everything about a tenant but its slug."""

    parent = forms.ModelChoiceField(
        Tenant.objects.none(),
        required=False,
        to_field_name="slug",
        empty_label="None: it is a division",
        label="Under",
    )
    cost_centre = forms.CharField(max_length=20, label="Cost centre")
    region = forms.ChoiceField(
        choices=[(each, each.value) for each in Region], help_text="Where its data is kept."
    )

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = Tenant.objects.visible_to(by)


class NewTenantForm(TenantForm):
    """A tenant that does not exist yet."""

    slug = forms.SlugField(
        max_length=40,
        label="Short name",
        help_text="Small letters, digits and hyphens. It stands in addresses and does not change.",
    )
    field_order = ["slug", "name", "parent", "cost_centre", "region", "contact"]


class PersonForm(forms.Form):
    """An account for somebody, and their first role."""

    username = forms.CharField(
        max_length=150, label="User name", validators=[UnicodeUsernameValidator()]
    )
    email = forms.EmailField(
        max_length=254,
        label="Mail address",
        help_text="A link to set their password goes there.",
    )
    tenant = forms.ModelChoiceField(Tenant.objects.none(), required=False, to_field_name="slug")
    role = forms.ChoiceField(choices=TenantRole, required=False, initial=TenantRole.CONSUMER)

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["tenant"].queryset = Tenant.objects.visible_to(by)


class MemberForm(forms.Form):
    """Who gets which role in a tenant."""

    who = forms.CharField(max_length=254, label="User name or mail address")
    role = forms.ChoiceField(choices=TenantRole, initial=TenantRole.CONSUMER)

    def clean_who(self) -> User:
        found = directory.person_named(self.cleaned_data["who"])
        if found is None:
            raise forms.ValidationError(
                "Nobody has that name or address. Ask an operator for an account."
            )
        return found


class RoleForm(forms.Form):
    """A platform role to give or to take."""

    role = forms.ChoiceField(choices=PlatformRole)


class AccountForm(forms.Form):
    """What people change about themselves."""

    first_name = forms.CharField(max_length=150, required=False, label="First name")
    last_name = forms.CharField(max_length=150, required=False, label="Last name")
    time_zone = forms.ChoiceField(
        choices=[(zone, zone.replace("_", " ")) for zone in ZONES],
        label="Time zone",
        help_text="Dates and times on pages. The trail, usage, statements and the API keep UTC.",
    )
