"""How a job was carried out: attempts, stretches of hardware, and what pre-emption cost."""

import re

from django.db import models
from django.db.models import Q

from compute.capacity.models import Cluster, GpuFlavour
from compute.jobs.models.job import Job, OfTenant
from portal.core.models import Record
from tenants.directory.models import Tenant


class Attempt(Record):
    """One order to the engine: written before it is given, so that a crash doubles nothing.

    `ordered_at` is set once the engine has confirmed it. `ended_at` is when it ended, written
    down at `noted_at`; `forgotten_at` is set once the engine was told to drop it.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+")
    job = models.ForeignKey(Job, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    cluster = models.ForeignKey(Cluster, models.PROTECT, null=True, related_name="+")
    order = models.JSONField()  # a JobOrder as text
    ordered_at = models.DateTimeField(null=True)
    stop_asked_at = models.DateTimeField(null=True)
    evictions = models.PositiveSmallIntegerField(default=0)
    end = models.CharField(max_length=12, blank=True)
    exit_code = models.IntegerField(null=True)
    reason = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    noted_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True)

    objects = OfTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "attempt", "attempts"
        default_permissions = ()
        ordering = ["job", "number"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="attempt_in_tenant"),
            models.UniqueConstraint(fields=["job", "number"], name="attempt_number"),
            models.UniqueConstraint(
                fields=["job"], condition=Q(ended_at=None), name="one_attempt_at_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(forgotten_at=None), name="attempt_there")
        ]

    def __str__(self) -> str:
        return f"{self.job} attempt {self.number}"

    @property
    def engine_name(self) -> str:
        """Derived from our ids, so that ordering twice is ordering once."""
        return engine_name(self.job_id, self.number)

    def flavour(self, slug: str) -> GpuFlavour | None:
        """A kind of hardware of its cluster."""
        return next((one for one in self.cluster.flavours.all() if one.slug == slug), None)


NAME = re.compile(r"j-([0-9a-f]{32})-(\d{1,5})")


def engine_name(job_id, number: int) -> str:
    """`j-` and 32 hex digits of the job, then the number of the attempt."""
    return f"j-{job_id.hex}-{number}"


class RunEnd(models.TextChoices):
    """How a stretch of hardware ended; the same words as the engine's `EndCause`."""

    COMPLETED = "completed", "Finished"
    EXIT = "exit", "Its program failed"
    MEMORY = "memory", "Out of memory"
    TIME_LIMIT = "time_limit", "Time limit"
    NODE_LOST = "node_lost", "Node lost"
    EVICTED = "evicted", "Pre-empted"
    STOPPED = "stopped", "Stopped"
    GONE = "gone", "Removed from outside"


class Run(Record):
    """One process on one node for one stretch of time: what is metered, exactly.

    `pod` is the engine's id of it. `units` are GPUs, or cores where the flavour has none; the
    quantity is `units` times seconds between the engine's own times. `billed_at` is empty while
    it is owed to the ledger; the transaction there has the id of this row. Money in nano-units.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+")
    job = models.ForeignKey(Job, models.PROTECT, related_name="runs")
    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="runs")
    pod = models.CharField(max_length=80)
    pod_name = models.CharField(max_length=253)
    index = models.PositiveSmallIntegerField(default=0)
    node = models.CharField(max_length=253, blank=True)
    flavour = models.ForeignKey(GpuFlavour, models.PROTECT, related_name="+")
    units = models.DecimalField(max_digits=8, decimal_places=2)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=12, choices=RunEnd, blank=True)
    exit_code = models.IntegerField(null=True)
    reason = models.TextField(blank=True)
    price_id = models.UUIDField(null=True)
    seconds = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    nano = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    billed_at = models.DateTimeField(null=True)
    log_mark = models.CharField(max_length=200, blank=True)
    log_read_at = models.DateTimeField(null=True)  # all of its log is stored

    objects = OfTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "run", "runs"
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="run_in_tenant"),
            models.UniqueConstraint(fields=["attempt", "pod"], name="one_run_a_pod"),
        ]
        indexes = [
            models.Index(fields=["job", "id"], name="runs_of_job"),
            models.Index(
                fields=["id"], name="run_owed",
                condition=Q(billed_at=None) | Q(log_read_at=None),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.pod_name} on {self.node}"


class Receipt(Record):
    """What one pre-emption cost: GPU time since the last checkpoint, and what is given back.

    `rule` is the engine's; `by_job` and `by_tenant` are text, and shown as the reader may see.
    `refund` is the transaction of the ledger that gave back `refunded_nano`.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+")
    job = models.ForeignKey(Job, models.CASCADE, related_name="receipts")
    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="receipts")
    at = models.DateTimeField()
    rule = models.CharField(max_length=60)
    by_job = models.CharField(max_length=80, blank=True)
    by_tenant = models.CharField(max_length=40, blank=True)
    words = models.TextField(blank=True)
    lost_since = models.DateTimeField(null=True)
    lost_seconds = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    lost_nano = models.BigIntegerField(default=0)
    refunded_nano = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    refund = models.UUIDField(null=True)
    settled_at = models.DateTimeField(null=True)

    objects = OfTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "receipt", "receipts"
        default_permissions = ()
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="receipt_in_tenant"),
            models.UniqueConstraint(fields=["attempt", "at"], name="one_receipt_an_eviction"),
        ]

    def __str__(self) -> str:
        return f"{self.job} pre-empted at {self.at:%Y-%m-%d %H:%M}"
