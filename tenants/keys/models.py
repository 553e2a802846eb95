"""API keys: who holds one, for which tenant, and how far it reaches."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from portal.core.models import Record
from tenants.directory.models import Tenant, User
from tenants.directory.roles import TenantRole
from tenants.keys.lifecycle import KEY, KeyStatus

# Where the platform's own staff hold keys: their power comes from their role, not from a seat.
PLATFORM_TENANT = "platform"

ENDS_SOON = timedelta(days=7)


class Scope(models.TextChoices):
    """What a key may be used for."""

    PREDICT = "predict", "Make predictions through the gateway"
    API = "api", "Use the REST API as its holder"


class ApiKeyQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Their holder, the owners of the tenant, and the platform roles that watch over keys."""
        if not user.is_authenticated:
            return self.none()
        if user.reads_trail:
            return self
        held = Q(holder=user)
        if not user.platform_roles:
            held &= Q(tenant__in=user.tenants_as(TenantRole.CONSUMER))
        return self.filter(held | Q(tenant__in=user.tenants_as(TenantRole.OWNER)))

    def named_to(self, user):
        """Keys whose name this person may know; of those, finance sees nothing else."""
        finance = user.is_authenticated and user.is_finance
        return self.all() if finance else self.visible_to(user)

    def in_force(self):
        return self.filter(status=KeyStatus.ACTIVE, expires_at__gt=timezone.now())

    def ended(self):
        return self.exclude(status=KeyStatus.ACTIVE, expires_at__gt=timezone.now())

    def with_successor(self):
        """`replaced`: whether the key was rotated, so that another one took its place."""
        later = type(self)(self.model).filter(rotated_from_id=OuterRef("pk"))
        return self.annotate(replaced=Exists(later))

    def made_by_people(self):
        """Without the keys that the portal itself keeps for *Try it*."""
        return self.filter(for_portal=False)


class ApiKey(Record):
    """A key `mw_live_<public id>_<secret><checksum>`; only a digest of the secret is kept.

    `model_slugs` holds the models it is limited to; empty means every model the tenant holds a
    grant for. A key never has more power than its holder has now.
    """

    lifecycle = KEY

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="keys")
    holder = models.ForeignKey(User, models.PROTECT, related_name="keys")
    name = models.CharField(max_length=80)
    public_id = models.CharField(max_length=12, unique=True)
    digest = models.BinaryField()
    pepper = models.PositiveSmallIntegerField()
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope))
    model_slugs = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    status = models.CharField(
        max_length=10, choices=KeyStatus, default=KeyStatus.ACTIVE, editable=False
    )
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    rotated_from_id = models.UUIDField(null=True)
    for_portal = models.BooleanField(default=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "API key", "API keys"
        default_permissions = ()
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "id"], name="key_in_tenant")]

    def __str__(self) -> str:
        return f"{self.name} (mw_live_{self.public_id}…)"

    def get_absolute_url(self) -> str:
        return reverse("keys:key", args=[self.pk])

    def get_api_url(self) -> str:
        return reverse("api:apikey-detail", args=[self.pk])

    @property
    def prefix(self) -> str:
        """How people recognise the key: the part of its text that is no secret."""
        return f"mw_live_{self.public_id}"

    @property
    def state(self) -> tuple[str, str, str]:
        """Word, tone and icon for what became of the key; dates count as much as the status."""
        if self.status == KeyStatus.REVOKED:
            return "Revoked", "bad", "bad"
        if self.expired:
            return ("Replaced" if getattr(self, "replaced", False) else "Expired"), "idle", "idle"
        if getattr(self, "replaced", False):
            return "Being replaced", "warn", "clock"
        soon = self.expires_at - timezone.now() < ENDS_SOON
        return ("Ends soon", "warn", "clock") if soon else ("Active", "ok", "ok")

    @property
    def expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def holder_stands(self) -> bool:
        """Whether the holder's account is open and still entitled to act for the key's tenant."""
        holder = self.holder
        seated = holder.may(TenantRole.CONSUMER, self.tenant) or bool(holder.platform_roles)
        return holder.is_active and seated

    @property
    def in_force(self) -> bool:
        return self.status == KeyStatus.ACTIVE and not self.expired
