"""What was used and what it cost: calls, prices, a double-entry ledger, statements.

Nothing here points upwards: models, versions and endpoints are kept as text and ids, so the
money outlives what it was spent on.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.urls import reverse

from portal.core.models import Record
from tenants.chargeback import settlement, upward
from tenants.chargeback.amounts import nano_of
from tenants.chargeback.lifecycle import STATEMENT, StatementStatus
from tenants.directory.models import Tenant, User
from tenants.directory.roles import TenantRole

NANO = settlement.NANO


class PaidByTenant(models.QuerySet):
    """Rows of money: the paying tenant's own people and the platform roles that answer for it."""

    def visible_to(self, user):
        if not user.is_authenticated:
            return self.none()
        if user.is_finance or user.is_auditor or user.is_operator:
            return self
        return self.filter(tenant__in=user.tenants_as(TenantRole.CONSUMER))


class Meter(models.TextChoices):
    """What is counted."""

    CALLS = "calls", "calls"
    PREDICTIONS = "predictions", "predictions"
    GPU_SECONDS = "gpu_seconds", "GPU seconds"
    CPU_SECONDS = "cpu_seconds", "core seconds"

    @classmethod
    def of_models(cls) -> list[tuple[str, str]]:
        """What a model's calls are counted in."""
        return [(meter.value, meter.label) for meter in cls if meter not in HARDWARE]

    @property
    def unit(self) -> str:
        """What an hour of hardware is counted in: "GPU hours"."""
        return self.label.replace("seconds", "hours")


HARDWARE = frozenset({Meter.GPU_SECONDS, Meter.CPU_SECONDS})
HARDWARE_METERS = [(one.value, one.label) for one in Meter if one in HARDWARE]
HOUR = 3600


class PriceQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Prices of models and hardware that this person may know of; all of them for who keeps
        the book."""
        if not user.is_authenticated:
            return self.none()
        if user.is_finance or user.is_auditor or user.is_operator:
            return self
        known = Q(model_id__in=upward.sources.models(user))
        return self.filter(known | Q(model_id__in=upward.sources.hardware(user)))

    def in_force(self):
        return self.filter(valid_to=None)

    def at(self, moment):
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=moment), valid_from__lte=moment)


class Price(Record):
    """One version of the price of one meter of one model. Never changed: a new one follows.

    `amount` in `currency` for each `per` units, for example 0.40 EUR per 1,000 predictions. A kind
    of hardware has its price here too: its id and slug stand for a model's, `per` is an hour.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="prices")
    model_id = models.UUIDField()
    model_slug = models.CharField(max_length=80)
    meter = models.CharField(max_length=20, choices=Meter)
    version = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=20, decimal_places=9)
    per = models.PositiveIntegerField(default=1000)
    currency = models.CharField(max_length=3, default="EUR")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    set_by = models.ForeignKey(User, models.PROTECT, null=True)

    objects = PriceQuerySet.as_manager()

    privileges = ("SELECT", "INSERT", "UPDATE (valid_to)")

    class Meta:
        verbose_name, verbose_name_plural = "price", "prices"
        default_permissions = ()
        ordering = ["model_slug", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["model_id", "version"], name="price_version"),
            models.UniqueConstraint(
                fields=["model_id"], condition=Q(valid_to=None), name="one_price_in_force"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0, per__gt=0), name="price_sane"),
        ]

    def __str__(self) -> str:
        return f"{self.model_slug} v{self.version}: {self.amount} {self.currency} per {self.per}"

    def get_absolute_url(self) -> str:
        return reverse("chargeback:price", args=[self.model_id])

    def covers(self, moment) -> bool:
        """Whether this version was in force at `moment`."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)

    @property
    def of_hardware(self) -> bool:
        return self.meter in HARDWARE

    @property
    def unit_words(self) -> str:
        """What it is for: "1,000 predictions" or "GPU hour"."""
        if self.of_hardware:
            return Meter(self.meter).unit.removesuffix("s")
        return f"{self.per:,} {self.get_meter_display()}"

    @property
    def unit_nano(self) -> int:
        """The amount for `per` units, in nano-units."""
        return nano_of(self.amount)

    def nano_for(self, quantity: int | Decimal) -> int:
        """What `quantity` units cost, in nano-units of the currency, rounded half to even."""
        return settlement.nano_for(self.amount, self.per, quantity)


class Ending(models.TextChoices):
    """How the reservation of a call ended: exactly one of these."""

    SETTLED = "settled"
    VOIDED = "voided"
    ESTIMATED = "estimated"


class CallQuerySet(PaidByTenant):
    def visible_to(self, user):
        """The caller's tenant and the platform; the owner of the model has its own page."""
        return super().visible_to(user)

    def about_models_of(self, user):
        """Calls on models that this person publishes, whoever made them."""
        return self.filter(provider_id__in=user.tenants_as(TenantRole.PUBLISHER))


class Call(models.Model):
    """One inference call, written before it is forwarded and closed exactly once.

    `id` is the request id (UUIDv7), by whose time the table is partitioned. `ended_as` is the
    debt: while it is empty a reservation is open and a sweep may find it. Times in
    milliseconds, money in nano-units of `currency`.
    """

    id = models.UUIDField(primary_key=True)
    tenant = models.ForeignKey(Tenant, models.DO_NOTHING, db_constraint=False, related_name="+")
    provider_id = models.UUIDField()
    key_id = models.UUIDField()
    holder_id = models.UUIDField()
    grant_id = models.UUIDField()
    model_id = models.UUIDField()
    model_slug = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    endpoint_id = models.UUIDField()
    environment = models.CharField(max_length=12)
    region = models.CharField(max_length=20)
    protocol = models.CharField(max_length=10)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_as = models.CharField(max_length=10, choices=Ending, null=True)  # noqa: DJ001
    http_status = models.PositiveSmallIntegerField(null=True)
    status_class = models.PositiveSmallIntegerField(null=True)
    latency_ms = models.FloatField(null=True)
    ttfb_ms = models.FloatField(null=True)
    overhead_ms = models.FloatField(null=True)
    quantities = models.JSONField(default=dict)
    price_id = models.UUIDField()
    reserved_nano = models.BigIntegerField()
    amount_nano = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "call", "calls"
        managed = False  # partitioned by the time inside its id; written in SQL
        db_table = "tenants_call"
        default_permissions = ()
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.model_slug} {self.id}"


class Cause(models.TextChoices):
    """Why money moved."""

    CALL = "call"
    JOB = "job"
    CORRECTION = "correction"
    REFUND = "refund"


class PostingQuerySet(PaidByTenant):
    def corrections(self):
        """The paying side of each correction, the newest first."""
        found = self.filter(cause=Cause.CORRECTION, line=1).select_related("tenant")
        return found.order_by("-transaction")


class Posting(models.Model):
    """One side of a transaction: a tenant's account goes up or down by `nano`.

    The lines of one transaction sum to zero per currency. Written once; a correction is a new
    transaction that names the old one. Partitioned by the time inside `transaction`, which is
    the id of its cause, so that the same cause twice is one transaction once.
    """

    pk = models.CompositePrimaryKey("transaction", "line")
    transaction = models.UUIDField()
    line = models.PositiveSmallIntegerField()
    tenant = models.ForeignKey(Tenant, models.DO_NOTHING, db_constraint=False, related_name="+")
    account = models.CharField(max_length=20)  # usage (what it owes) or revenue (what it earned)
    nano = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    cause = models.CharField(max_length=12, choices=Cause)
    period = models.DateField()  # first day of the month it belongs to
    at = models.DateTimeField()
    meter = models.CharField(max_length=20)
    quantity = models.DecimalField(max_digits=20, decimal_places=6)
    price_id = models.UUIDField(null=True)
    subject = models.CharField(max_length=80)  # the slug of the model or kind of hardware
    subject_id = models.UUIDField()
    key_id = models.UUIDField(null=True)  # who used it: the key of a call, the job of hardware
    corrects = models.UUIDField(null=True)
    note = models.TextField(blank=True)

    objects = PostingQuerySet.as_manager()

    privileges = ("SELECT", "INSERT")

    class Meta:
        verbose_name, verbose_name_plural = "posting", "postings"
        managed = False
        db_table = "tenants_posting"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.account} {self.nano} {self.currency}"


class Statement(Record):
    """What one tenant owes for one month.

    Closing freezes `lines` and `total_nano`; `certificate` tells what was compared then: calls
    that were answered, those in the ledger, missing, counted twice, and a digest of the lines.
    """

    lifecycle = STATEMENT

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="statements")
    period = models.DateField()
    status = models.CharField(
        max_length=10, choices=StatementStatus, default=StatementStatus.OPEN, editable=False
    )
    currency = models.CharField(max_length=3, default="EUR")
    total_nano = models.BigIntegerField(null=True)
    lines = models.JSONField(default=list)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True)
    certificate = models.JSONField(default=dict)

    objects = PaidByTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "statement", "statements"
        default_permissions = ()
        ordering = ["-period", "tenant__slug"]
        indexes = [models.Index(fields=["period"], name="statement_period")]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "period", "currency"], name="one_statement_a_month"
            )
        ]

    def __str__(self) -> str:
        return f"{self.tenant} {self.period:%B %Y}"

    def get_absolute_url(self) -> str:
        place = [self.tenant.slug, f"{self.period:%Y-%m}"]
        return reverse("chargeback:statement", args=place) + f"?currency={self.currency}"
