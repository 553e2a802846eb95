"""Asking for a model, and holding it."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from marketplace.access.lifecycle import GRANT, REQUEST, GrantStatus, RequestStatus
from marketplace.catalog.models import AIModel, Environment
from portal.core.models import Record
from tenants.directory.models import Tenant, User
from tenants.directory.roles import TenantRole


class BetweenTenants(models.QuerySet):
    """Rows between the `tenant` that uses a model and the `provider` that owns it."""

    def visible_to(self, user):
        """The tenant that uses, the people who own the model, and who watches over both."""
        if not user.is_authenticated:
            return self.none()
        if user.reads_trail:
            return self
        return self.filter(
            Q(tenant__in=user.tenants_as(TenantRole.CONSUMER))
            | Q(provider__in=user.tenants_as(TenantRole.OWNER))
        )


class AccessRequestQuerySet(BetweenTenants):
    def open(self):
        return self.filter(status=RequestStatus.OPEN)

    def decided(self):
        """Closed ones, the latest first: decided, or withdrawn."""
        return self.exclude(status=RequestStatus.OPEN).order_by("-decided_at", "-id")

    def decidable_by(self, user):
        """Open requests on models this person owns; never of a tenant they act for themselves.

        The same rule as `services.deciders_of`, seen from the person.
        """
        if not user.is_authenticated or user.is_auditor:
            return self.none()
        owned = self.open().filter(provider__in=user.tenants_as(TenantRole.OWNER))
        return owned.exclude(requester=user).exclude(
            tenant__in=user.tenants_as(TenantRole.CONSUMER)
        )

    def withdrawable_by(self, user):
        """Open requests that this person may take back."""
        if not user.is_authenticated or user.is_auditor:
            return self.none()
        owned = user.tenants_as(TenantRole.OWNER)
        joined = user.tenants_as(TenantRole.CONSUMER)
        own = Q(requester=user, tenant__in=joined)
        return self.open().filter(own | Q(tenant__in=owned))

    def to_show(self):
        """With everything that a row of a list names."""
        named = self.select_related("model", "tenant", "provider", "requester", "decided_by")
        return named.defer("model__card", "model__words")

    def asked_by(self, user):
        return self.filter(requester=user)


class AccessRequest(Record):
    """A tenant asks to call a model in one environment.

    `tenant` asks, `provider` owns the model. `asked_digest` is the fingerprint of what is put
    before the deciders; a decision names the digest it was taken on.
    """

    lifecycle = REQUEST

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="requests")
    provider = models.ForeignKey(Tenant, models.PROTECT, related_name="requests_received")
    model = models.ForeignKey(AIModel, models.PROTECT, related_name="requests")
    environment = models.CharField(max_length=12, choices=Environment)
    requester = models.ForeignKey(User, models.PROTECT, related_name="requests")
    purpose = models.TextField(max_length=2000)
    expected_calls_per_month = models.PositiveIntegerField()
    duration_days = models.PositiveSmallIntegerField()
    renews_id = models.UUIDField(null=True)
    asked_digest = models.CharField(max_length=64, blank=True)
    status = models.CharField(
        max_length=10, choices=RequestStatus, default=RequestStatus.OPEN, editable=False
    )
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="decisions")
    decided_at = models.DateTimeField(null=True)
    decided_digest = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    granted_days = models.PositiveSmallIntegerField(null=True)
    told_at = models.DateTimeField(null=True)  # when the deciders, then the requester, were told

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "access request", "access requests"
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="request_in_tenant"),
            models.UniqueConstraint(
                fields=["model", "tenant", "environment"],
                condition=Q(status=RequestStatus.OPEN),
                name="one_open_request",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} for {self.tenant}, {self.environment}"

    def get_absolute_url(self) -> str:
        return reverse("access:request", args=[self.pk])

    def get_api_url(self) -> str:
        return reverse("api:access-request-detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status == RequestStatus.OPEN


class GrantQuerySet(BetweenTenants):
    def in_force(self):
        now = timezone.now()
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now), status=GrantStatus.ACTIVE)

    def over(self):
        """Ended, revoked, or past their time though no sweep has come by yet."""
        return self.filter(~Q(status=GrantStatus.ACTIVE) | Q(ends_at__lte=timezone.now()))

    def held_by(self, user):
        """Grants of the tenants this person works in."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(tenant__in=user.tenants_as(TenantRole.CONSUMER))

    def to_show(self):
        named = self.select_related("model", "tenant", "provider")
        return named.defer("model__card", "model__words")

    def overdue(self):
        return self.filter(status=GrantStatus.ACTIVE, ends_at__lte=timezone.now())

    def revocable_by(self, user):
        """Owners of the model or of the tenant that holds it, and governance.

        What a tenant holds of its own models ends with the model, so nobody revokes it.
        """
        if not user.is_authenticated or user.is_auditor:
            return self.none()
        live = self.filter(status=GrantStatus.ACTIVE).exclude(tenant=F("provider"))
        if user.is_governor:
            return live
        mine = user.tenants_as(TenantRole.OWNER)
        return live.filter(Q(tenant__in=mine) | Q(provider__in=mine))


class Grant(Record):
    """A tenant may call a model in one environment, until `ends_at` (None: while it owns it)."""

    lifecycle = GRANT

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="grants")
    provider = models.ForeignKey(Tenant, models.PROTECT, related_name="grants_given")
    model = models.ForeignKey(AIModel, models.PROTECT, related_name="grants")
    environment = models.CharField(max_length=12, choices=Environment)
    request_id = models.UUIDField(null=True)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True)
    status = models.CharField(
        max_length=10, choices=GrantStatus, default=GrantStatus.ACTIVE, editable=False
    )
    ended_reason = models.TextField(blank=True)
    warned_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)  # since when the holders know it is retired

    objects = GrantQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "grant", "grants"
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="grant_in_tenant"),
            models.UniqueConstraint(
                fields=["model", "tenant", "environment"],
                condition=Q(status=GrantStatus.ACTIVE),
                name="one_active_grant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} for {self.tenant}, {self.environment}"

    @property
    def in_force(self) -> bool:
        alive = self.ends_at is None or self.ends_at > timezone.now()
        return self.status == GrantStatus.ACTIVE and alive

    @property
    def is_standing(self) -> bool:
        return self.ends_at is None and self.tenant_id == self.provider_id

    def get_absolute_url(self) -> str:
        return reverse("access:grant", args=[self.pk])

    def get_api_url(self) -> str:
        return reverse("api:grant-detail", args=[self.pk])
