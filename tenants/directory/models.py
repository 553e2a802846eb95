"""Who is who: the tree of tenants, people, and the roles they hold."""

import uuid
from functools import cached_property

from django.contrib.auth.models import AbstractUser, Group, UserManager
from django.db import models
from django.urls import reverse

from portal.core.ids import new_id
from portal.core.models import Record
from portal.core.tenancy import EVERYTHING
from tenants.directory.roles import PlatformRole, TenantRole


class Region(models.TextChoices):
    """Where data may be kept and models may run."""

    EU_CENTRAL = "eu-central"
    EU_WEST = "eu-west"
    US_EAST = "us-east"


class TenantQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Every signed-in person may know which tenants exist; money and rows stay apart."""
        return self if user.is_authenticated else self.none()

    def joined_by(self, user):
        return self.filter(pk__in=user.tenants_as(TenantRole.CONSUMER))

    def owned_by(self, user):
        return self.filter(pk__in=user.tenants_as(TenantRole.OWNER))

    def published_by(self, user):
        return self.filter(pk__in=user.tenants_as(TenantRole.PUBLISHER))

    def kept_by(self, user):
        """Tenants whose roles this person may give and take."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_operator else self.owned_by(user)


class Tenant(Record):
    """A division or a team: what owns models, asks for access and pays."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    cost_centre = models.CharField(max_length=20)
    region = models.CharField(max_length=20, choices=Region, default=Region.EU_CENTRAL)
    contact = models.EmailField()

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "tenant", "tenants"
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def tenant(self) -> "Tenant":
        return self

    def get_absolute_url(self) -> str:
        return reverse("directory:tenant", args=[self.slug])

    @property
    def kind(self) -> str:
        return "team" if self.parent_id else "division"

    def group(self, role: str) -> Group:
        """The group of everybody who holds `role` here."""
        return Group.objects.get(name=group_name(self, role))


def group_name(tenant: Tenant, role: str) -> str:
    return f"tenant:{tenant.pk}:{role}"


class UserQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Platform roles see everybody; others see the people of their own tenants."""
        if not user.is_authenticated:
            return self.none()
        if user.platform_roles:
            return self
        here = Membership.objects.filter(
            user=models.OuterRef("pk"), tenant__in=list(user.standing)
        )
        return self.filter(models.Q(pk=user.pk) | models.Exists(here))

    def named(self, name: str):
        """The account with this name or mail address, in small letters; None without one."""
        return self.filter(username=name).first() or self.filter(email=name).first()

    def search(self, *, seats, text: str = "", role: str = "", state: str = ""):
        """Narrow by a part of the name or address, by a role among `seats`, by open or closed."""
        found = self
        if text:
            name = models.Q(username__icontains=text) | models.Q(email__icontains=text)
            found = found.filter(
                name | models.Q(first_name__icontains=text) | models.Q(last_name__icontains=text)
            )
        if role in PlatformRole.values:
            found = found.filter(groups__name=PlatformRole(role).group_name)
        elif role:
            found = found.filter(
                models.Exists(seats.filter(user=models.OuterRef("pk"), role=role))
            )
        return found.filter(is_active=state == "open") if state else found


class PersonManager(UserManager.from_queryset(UserQuerySet)):
    """Django's way to make accounts, with our way to read them."""


class User(AbstractUser):
    """A person with an account."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    time_zone = models.CharField(max_length=40, default="UTC")

    objects = PersonManager()

    @cached_property
    def group_names(self) -> dict[int, str]:
        """The groups this person is in, by id: one for each role held."""
        return dict(self.groups.values_list("pk", "name"))

    @cached_property
    def platform_roles(self) -> frozenset[str]:
        names = [name for name in self.group_names.values() if name.startswith("platform:")]
        return frozenset(name.removeprefix("platform:") for name in names)

    @cached_property
    def standing(self) -> dict[uuid.UUID, frozenset[str]]:
        """Roles by tenant. An owner of a division is an owner of the teams below it."""
        held: dict[uuid.UUID, set[str]] = {}
        for tenant, role in self.memberships.values_list("tenant_id", "role"):
            held.setdefault(tenant, set()).add(role)
        owned = [tenant for tenant, roles in held.items() if TenantRole.OWNER in roles]
        for tenant in below(owned):
            held.setdefault(tenant, set()).add(TenantRole.OWNER)
        return {tenant: frozenset(roles) for tenant, roles in held.items()}

    @cached_property
    def own_tenants(self) -> list[Tenant]:
        """The tenants that this person may work for, by name."""
        rows = Tenant.objects.filter(pk__in=list(self.standing))
        return list(rows.order_by("name", "slug"))

    @cached_property
    def powers(self) -> dict[str, list[uuid.UUID]]:
        """For each role, the tenants where this person may act with at least its power."""
        order = list(TenantRole)
        enough = {role: set(order[place:]) for place, role in enumerate(order)}
        return {
            role: [tenant for tenant, held in self.standing.items() if held & enough[role]]
            for role in order
        }

    def tenants_as(self, role: str) -> list[uuid.UUID]:
        """Tenants where this person may act with at least the power of `role`."""
        return self.powers[TenantRole(role)]

    def get_absolute_url(self) -> str:
        return reverse("directory:person", args=[self.username])

    def may(self, role: str, tenant: Tenant | None) -> bool:
        """Whether this person may act with at least the power of `role` for `tenant`."""
        return tenant is not None and tenant.pk in self.tenants_as(role)

    def reach(self) -> str | list[uuid.UUID]:
        """Whose rows the database lets this person's transactions touch."""
        return EVERYTHING if self.platform_roles else list(self.standing)

    @property
    def is_operator(self) -> bool:
        return PlatformRole.OPERATOR in self.platform_roles

    @property
    def is_governor(self) -> bool:
        return PlatformRole.GOVERNANCE in self.platform_roles

    @property
    def is_finance(self) -> bool:
        return PlatformRole.FINANCE in self.platform_roles

    @property
    def is_auditor(self) -> bool:
        return PlatformRole.AUDITOR in self.platform_roles

    @property
    def reads_trail(self) -> bool:
        return bool(self.platform_roles & {"operator", "governance", "auditor"})


def below(tenants: list[uuid.UUID]) -> set[uuid.UUID]:
    """All tenants under `tenants` in the tree."""
    found: set[uuid.UUID] = set()
    edge = list(tenants)
    while edge:
        children = Tenant.objects.filter(parent__in=edge).values_list("pk", flat=True)
        edge = [child for child in children if child not in found]
        found.update(edge)
    return found


class MembershipQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Roles in one's own tenants and those below them; platform roles see all."""
        if not user.is_authenticated:
            return self.none()
        if user.platform_roles:
            return self
        return self.filter(models.Q(user=user) | models.Q(tenant__in=list(user.standing)))

    def removable_by(self, user):
        """Roles that this person may take away."""
        return self.filter(tenant__in=Tenant.objects.kept_by(user))


class Membership(Record):
    """Why a person is in a tenant's role group."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=TenantRole)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "membership", "memberships"
        default_permissions = ()
        ordering = ["tenant__slug", "user__username"]
        constraints = [
            models.UniqueConstraint(fields=["user", "tenant", "role"], name="one_seat_per_role")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role} of {self.tenant}"
