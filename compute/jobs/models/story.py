"""What is told of a job: events, its log, measures of use, and how good estimates were."""

from django.db import models

from compute.capacity.models import GpuFlavour
from compute.jobs import ranges
from compute.jobs.models.job import Job, OfTenant
from portal.core.models import Record
from tenants.directory.models import Tenant


class Happening(Record):
    """One line of the timeline. `key` is derived from what happened, so it is told once."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+")
    job = models.ForeignKey(Job, models.CASCADE, related_name="happenings")
    at = models.DateTimeField()
    kind = models.CharField(max_length=30)
    tone = models.CharField(max_length=5, default="info")
    words = models.CharField(max_length=300)
    detail = models.TextField(blank=True)
    key = models.CharField(max_length=120)

    objects = OfTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "happening", "happenings"
        default_permissions = ()
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="happening_in_tenant"),
            models.UniqueConstraint(fields=["job", "key"], name="told_once"),
        ]

    def __str__(self) -> str:
        return self.words


class LogLine(models.Model):
    """One line of a job's log, numbered from 1 without a gap over all of its pods."""

    pk = models.CompositePrimaryKey("job_id", "n")
    job = models.ForeignKey(Job, models.CASCADE, related_name="lines", db_index=False)
    n = models.PositiveBigIntegerField()
    tenant = models.ForeignKey(Tenant, models.DO_NOTHING, db_constraint=False, related_name="+",
                               db_index=False)  # fmt: skip
    run_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    stream = models.CharField(max_length=6, default="stdout")
    redraw = models.BooleanField(default=False)
    text = models.TextField()

    objects = OfTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "log line", "log lines"
        default_permissions = ()
        ordering = ["n"]

    def __str__(self) -> str:
        return self.text


class Measure(models.Model):
    """How busy the hardware of a job was at one moment; None where nothing is measured.

    Shares from 0 to 1 of all that the job has, memory in GB of all of it.
    """

    pk = models.CompositePrimaryKey("job_id", "at")
    job = models.ForeignKey(Job, models.CASCADE, related_name="measures", db_index=False)
    tenant = models.ForeignKey(Tenant, models.DO_NOTHING, db_constraint=False, related_name="+",
                               db_index=False)  # fmt: skip
    at = models.DateTimeField()
    gpu = models.FloatField(null=True)
    gpu_memory_gb = models.FloatField(null=True)
    cpu = models.FloatField(null=True)
    memory_gb = models.FloatField(null=True)

    objects = OfTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "measure", "measures"
        default_permissions = ()
        ordering = ["at"]

    def __str__(self) -> str:
        return f"{self.job_id} at {self.at:%H:%M:%S}"


class Estimate(Record):
    """When a job was expected to start, told at `told_at`, and when it did. A job has two rows:
    the first, and the newest, which is written over.

    `low` and `high` hold the start nine times in ten when estimates are good; `method` names
    how they were made. `first` is the one told when the job was submitted. `early_s` and `late_s`
    are how far the range went to both sides of `middle` before what is known of past ones changed
    it. Kept when the job is gone: they say how good the next ones are.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+")
    job_id = models.UUIDField(db_index=True)
    flavour = models.ForeignKey(GpuFlavour, models.SET_NULL, null=True, related_name="+")
    low = models.DateTimeField()
    middle = models.DateTimeField(null=True)
    high = models.DateTimeField()
    early_s = models.FloatField(default=0)
    late_s = models.FloatField(default=0)
    method = models.CharField(max_length=20)
    first = models.BooleanField(default=False)
    told_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)

    objects = OfTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "estimate", "estimates"
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="estimate_in_tenant"),
            models.UniqueConstraint(fields=["job_id", "first"], name="first_and_newest"),
        ]
        indexes = [
            models.Index(
                fields=["method", "-id"], name="estimates_kept",
                condition=models.Q(first=True, started_at__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.low:%H:%M} to {self.high:%H:%M}"

    @property
    def words(self) -> str:
        """The range as people read it."""
        return ranges.in_words(self.low, self.high)
