"""Shapes of the directory in the REST API."""

from django.contrib.auth.validators import UnicodeUsernameValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.api.base import VisibleField
from tenants.directory import services as directory
from tenants.directory.models import Membership, Region, Tenant, User
from tenants.directory.roles import PlatformRole, TenantRole
from tenants.directory.zones import ZONES


class TenantSerializer(serializers.ModelSerializer):
    """A tenant as everybody may read it."""

    parent = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    kind = serializers.ChoiceField(["division", "team"], read_only=True)

    class Meta:
        model = Tenant
        fields = [
            "id", "slug", "name", "kind", "parent", "cost_centre", "region", "contact",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class TenantChangeSerializer(serializers.Serializer):
    """What may be changed: by owners `name` and `contact`, by operators all of it."""

    name = serializers.CharField(max_length=80)
    parent = VisibleField(
        queryset=Tenant.objects.all(), slug_field="slug", required=False, allow_null=True
    )
    cost_centre = serializers.CharField(max_length=20)
    region = serializers.ChoiceField(Region.choices, default=Region.EU_CENTRAL)
    contact = serializers.EmailField(max_length=254)


class NewTenantSerializer(TenantChangeSerializer):
    """A tenant to be."""

    slug = serializers.SlugField(max_length=40)


class RolesSerializer(serializers.Serializer):
    """A role in a tenant."""

    tenant = serializers.CharField()
    role = serializers.ChoiceField(TenantRole.choices)


class PersonSerializer(serializers.ModelSerializer):
    """A person with their roles."""

    roles = serializers.SerializerMethodField()
    platform_roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id", "username", "email", "first_name", "last_name", "time_zone", "is_active",
            "roles", "platform_roles", "date_joined", "last_login",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(RolesSerializer(many=True))
    def get_roles(self, person) -> list[dict]:
        """Their roles in tenants, as far as the caller may know."""
        seats = Membership.objects.visible_to(self.context["request"].user).filter(user=person)
        rows = seats.values_list("tenant__slug", "role")
        return [{"tenant": tenant, "role": role} for tenant, role in rows]

    def get_platform_roles(self, person) -> list[str]:
        return sorted(person.platform_roles)


class NewPersonSerializer(serializers.Serializer):
    """An account to be; its owner gets a link by mail to set a password."""

    username = serializers.CharField(max_length=150, validators=[UnicodeUsernameValidator()])
    email = serializers.EmailField(max_length=254)
    first_name = serializers.CharField(max_length=150, required=False)
    last_name = serializers.CharField(max_length=150, required=False)


class AccountSerializer(serializers.Serializer):
    """What people change about themselves."""

    first_name = serializers.CharField(max_length=150, allow_blank=True)
    last_name = serializers.CharField(max_length=150, allow_blank=True)
    time_zone = serializers.ChoiceField(ZONES)


class PlatformRoleSerializer(serializers.Serializer):
    """One platform role."""

    role = serializers.ChoiceField(PlatformRole.choices)


class MemberSerializer(serializers.ModelSerializer):
    """Who holds which role in a tenant."""

    tenant = serializers.SlugRelatedField("slug", read_only=True)
    user = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "tenant", "user", "role", "created_at"]
        read_only_fields = fields


class NewMemberSerializer(serializers.Serializer):
    """Whom to give which role."""

    user = serializers.CharField(max_length=254, help_text="User name or mail address")
    role = serializers.ChoiceField(TenantRole.choices)

    def validate_user(self, value: str) -> User:
        found = directory.person_named(value)
        if found is None:
            raise serializers.ValidationError("Nobody has that name or address.")
        return found
