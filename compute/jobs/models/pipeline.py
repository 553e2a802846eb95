"""What teams keep to run again: templates, and pipelines of steps that need each other."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from compute.jobs.lifecycle import PIPELINE, PipelineStatus
from compute.jobs.models.job import OfTenant
from portal.core.models import Record
from tenants.directory.models import Tenant, User
from tenants.directory.roles import TenantRole


class TemplateQuerySet(OfTenant):
    def in_use(self):
        return self.filter(archived_at=None)

    def changeable_by(self, user):
        """Who wrote it, while still of the tenant, and the tenant's owners."""
        if not user.is_authenticated:
            return self.none()
        mine = Q(person=user, tenant__in=user.tenants_as(TenantRole.CONSUMER))
        return self.filter(mine | Q(tenant__in=user.tenants_as(TenantRole.OWNER)))


class Template(Record):
    """A team's way to run something. `asks` holds the values of a job's form by field name."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="templates")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    asks = models.JSONField(default=dict)
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    archived_at = models.DateTimeField(null=True)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "template", "templates"
        default_permissions = ()
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="template_in_tenant"),
            models.UniqueConstraint(fields=["tenant", "slug"], name="one_template_a_slug"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("jobs:template", args=[self.pk])

    def get_api_url(self) -> str:
        return reverse("api:job-template-detail", args=[self.pk])


class PipelineQuerySet(OfTenant):
    def changeable_by(self, user):
        """Who may cancel and restart: who started it while still of the tenant, its owners, and
        operators."""
        if not user.is_authenticated:
            return self.none()
        if user.is_operator:
            return self
        mine = Q(person=user, tenant__in=user.tenants_as(TenantRole.CONSUMER))
        return self.filter(mine | Q(tenant__in=user.tenants_as(TenantRole.OWNER)))

    def to_show(self):
        return self.select_related("tenant", "person")

    def running(self):
        return self.filter(status=PipelineStatus.RUNNING)


class Pipeline(Record):
    """Steps that need each other, run as jobs of one tenant as soon as they can."""

    lifecycle = PIPELINE

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="pipelines")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    status = models.CharField(
        max_length=10, choices=PipelineStatus, default=PipelineStatus.RUNNING, editable=False
    )
    cancel_asked_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = PipelineQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "pipeline", "pipelines"
        default_permissions = ()
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "id"], name="pipeline_in_tenant")]
        indexes = [models.Index(fields=["tenant", "-id"], name="pipelines_of_tenant")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("jobs:pipeline", args=[self.pk])

    @property
    def ended(self) -> bool:
        return self.status != PipelineStatus.RUNNING

    @property
    def folder(self) -> str:
        """The name of the folder that its steps share, where the engine keeps one."""
        return f"pipeline-{self.pk.hex}"


class Step(Record):
    """One step. `after` names the steps it needs, `asks` its job's values. `job` is the one that
    counts now and says how it stands; those before it are history. `inputs` and `outputs` are
    paths in the pipeline's folder."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+")
    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="steps")
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    place = models.PositiveSmallIntegerField()
    after = models.JSONField(default=list)
    asks = models.JSONField(default=dict)
    inputs = models.JSONField(default=list)
    outputs = models.JSONField(default=list)
    job = models.ForeignKey("compute.Job", models.SET_NULL, null=True, related_name="+")

    objects = OfTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "step", "steps"
        default_permissions = ()
        ordering = ["pipeline", "place"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="step_in_tenant"),
            models.UniqueConstraint(fields=["pipeline", "slug"], name="one_step_a_slug"),
        ]

    def __str__(self) -> str:
        return self.name
