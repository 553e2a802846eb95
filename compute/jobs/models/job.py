"""A job: what was asked for, what is wished now, and what was last seen of it."""

from decimal import Decimal

from django.db import models
from django.db.models import ExpressionWrapper, Q
from django.urls import reverse
from django.utils import timezone

from compute.capacity.models import Cluster, GpuFlavour, OfTenant
from compute.jobs.lifecycle import ENDED, JOB, JobStatus, Priority
from marketplace.catalog.models import DataClass
from portal.core.models import Record
from tenants.directory.models import Region, Tenant, User
from tenants.directory.roles import TenantRole

LISTED = (
    *("name", "status", "cause", "reason", "priority", "cancel_asked_at"),
    *("gpus", "gpu_memory_gb", "cpu", "memory_gb", "nodes", "time_limit_s"),
    *("created_at", "started_at", "ended_at"),
    *("tenant__name", "person__username", "flavour__name", "flavour__product", "step"),
)
NAMES = ("tenant__slug", "person__username", "cluster__slug", "flavour__slug")


NONE = Q(pk__in=[])


def _of_readers(user) -> Q:
    if not user.is_authenticated:
        return NONE
    return ~NONE if user.is_operator else Q(tenant__in=user.tenants_as(TenantRole.CONSUMER))


def _of_changers(user) -> Q:
    if not user.is_authenticated:
        return NONE
    if user.is_operator:
        return ~NONE
    mine = Q(person=user, tenant__in=user.tenants_as(TenantRole.CONSUMER))
    return mine | Q(tenant__in=user.tenants_as(TenantRole.OWNER))


class JobQuerySet(OfTenant):
    def readable_by(self, user):
        """Whose log this person may read: what a program prints can be confidential."""
        return self.filter(_of_readers(user))

    def changeable_by(self, user):
        """Who may cancel, retry and rename: the person who submitted it while still of the
        tenant, its owners, and operators."""
        return self.filter(_of_changers(user))

    def with_rights(self, user):
        """Each says whether this person `may_read` its log, and `may_change` it."""
        return self.annotate(
            may_read=ExpressionWrapper(_of_readers(user), models.BooleanField()),
            may_change=ExpressionWrapper(_of_changers(user), models.BooleanField()),
        )

    def unfinished(self):
        return self.exclude(status__in=ENDED)

    def unsettled(self):
        """What a sweep looks after: not ended, or ended with something left to write down."""
        return self.filter(~Q(status__in=ENDED) | Q(settled_at=None))

    def to_show(self):
        """With its team, person and hardware, and the pipeline if it is a step of one.

        Few are: joining two more tables to say so takes longer than to ask for them then.
        """
        shown = self.select_related("tenant", "person", "cluster", "flavour")
        return shown.prefetch_related("step__pipeline")

    def to_list(self):
        """With what a row of a list shows; whole rows of all kinds take twice as long to read."""
        shown = self.select_related("tenant", "person", "flavour").only(*LISTED)
        return shown.prefetch_related("step__pipeline")

    def to_tell(self):
        """With what the API says of many: whole rows, of others the names alone."""
        own = [field.name for field in self.model._meta.concrete_fields]
        return self.to_show().prefetch_related(None).only(*own, *NAMES)


class Job(Record):
    """Work that needs hardware. Needs are those of one node; memory in GB, times in seconds.

    `series` is the id of the first job of the series that it was submitted in, if any.
    `cancel_asked_at` and `priority` are wishes; from `status` on everything is what was seen.
    `kept_at` is the wish to keep it though its GPUs are idle, `idle_told_at` when that was told.
    `cause` is a `WaitCause` or `EndCause`, `reason` says it in plain words, `detail` in those of
    the engine. `progress` is how far its program says it is, from 0 to 1, and `progress_words` in
    its own count. `last_line` is the number of the newest line of its log. `settled_at` is empty
    until an ended job owes nothing more: billed, its logs read, the engine cleared.
    """

    lifecycle = JOB

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="jobs")
    person = models.ForeignKey(User, models.PROTECT, related_name="jobs")
    name = models.CharField(max_length=80)
    image = models.CharField(max_length=255, blank=True)
    command = models.JSONField(default=list)
    variables = models.JSONField(default=dict)
    template = models.ForeignKey(
        "compute.Template", models.SET_NULL, null=True, related_name="jobs"
    )
    step = models.ForeignKey("compute.Step", models.CASCADE, null=True, related_name="jobs")
    series = models.UUIDField(null=True, editable=False)
    gpus = models.DecimalField(max_digits=6, decimal_places=2, default=0)
    gpu_memory_gb = models.PositiveIntegerField(default=0)
    cpu = models.DecimalField(max_digits=6, decimal_places=2, default=1)
    memory_gb = models.DecimalField(max_digits=8, decimal_places=2, default=1)
    nodes = models.PositiveSmallIntegerField(default=1)
    together = models.BooleanField(default=False)
    datasets = models.JSONField(default=list)
    data_class = models.CharField(max_length=12, choices=DataClass, default=DataClass.INTERNAL)
    region = models.CharField(max_length=20, choices=Region, blank=True)
    time_limit_s = models.PositiveIntegerField(default=3600)
    priority = models.CharField(max_length=8, choices=Priority, default=Priority.NORMAL)
    retries = models.PositiveSmallIntegerField(default=0)
    checkpoint = models.CharField(max_length=300, blank=True)
    notify = models.BooleanField(default=True)
    cancel_asked_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=300, blank=True)
    kept_at = models.DateTimeField(null=True)

    status = models.CharField(
        max_length=10, choices=JobStatus, default=JobStatus.SUBMITTED, editable=False
    )
    cause = models.CharField(max_length=14, blank=True, editable=False)
    reason = models.TextField(blank=True, editable=False)
    detail = models.TextField(blank=True, editable=False)
    position = models.PositiveIntegerField(null=True, editable=False)
    cluster = models.ForeignKey(Cluster, models.PROTECT, null=True, related_name="jobs")
    flavour = models.ForeignKey(GpuFlavour, models.PROTECT, null=True, related_name="jobs")
    queued_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    idle_since = models.DateTimeField(null=True, editable=False)
    idle_told_at = models.DateTimeField(null=True, editable=False)
    checkpointed_at = models.DateTimeField(null=True, editable=False)
    progress = models.FloatField(null=True, editable=False)
    progress_words = models.CharField(max_length=40, blank=True, editable=False)
    last_line = models.PositiveBigIntegerField(default=0, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "job", "jobs"
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="job_in_tenant"),
            models.UniqueConstraint(
                fields=["step"], condition=~Q(status__in=sorted(ENDED)), name="one_job_a_step"
            ),
            models.CheckConstraint(
                condition=Q(gpus__gte=0, cpu__gt=0, memory_gb__gt=0, nodes__gte=1),
                name="job_needs_sane",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="jobs_of_tenant"),
            models.Index(fields=["tenant", "status", "-id"], name="jobs_by_status"),
            models.Index(fields=["person", "-id"], name="jobs_of_person"),
            models.Index(
                fields=["priority", "-id"], name="jobs_not_normal",
                condition=~Q(priority=Priority.NORMAL),
            ),
            models.Index(
                fields=["person"], name="jobs_unfinished_of",
                condition=~Q(status__in=sorted(ENDED)),
            ),
            models.Index(
                fields=["tenant", "position"], name="jobs_in_line",
                condition=Q(status=JobStatus.QUEUED),
            ),
            models.Index(
                fields=["series", "id"], name="jobs_of_series", condition=Q(series__isnull=False)
            ),
            models.Index(
                fields=["id"], name="job_unsettled",
                condition=~Q(status__in=sorted(ENDED)) | Q(settled_at=None),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("jobs:detail", args=[self.pk])

    @property
    def short_id(self) -> str:
        """What people call it: the last of its id are random."""
        return f"j-{self.pk.hex[-6:]}"

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def all_gpus(self) -> Decimal:
        return self.gpus * self.nodes

    @property
    def waits(self) -> bool:
        return self.status in {JobStatus.SUBMITTED, JobStatus.QUEUED}

    @property
    def waited_s(self) -> float:
        """Seconds from asking to the first start, or until now."""
        return (
            (self.started_at or self.ended_at or timezone.now()) - self.created_at
        ).total_seconds()
