"""Served model versions, and which one answers in which environment."""

from django.db import models
from django.urls import reverse

from compute.endpoints.lifecycle import ENDPOINT, EndpointStatus
from marketplace.catalog.models import AIModel, Environment, ModelVersion
from portal.core.models import Record
from tenants.directory.models import Region, Tenant
from tenants.directory.roles import TenantRole


class EndpointQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The people of the tenant that serves it, and the platform roles."""
        if not user.is_authenticated:
            return self.none()
        if user.platform_roles:
            return self
        return self.filter(tenant__in=user.tenants_as(TenantRole.PUBLISHER))

    def changeable_by(self, user):
        if not user.is_authenticated:
            return self.none()
        if user.is_operator:
            return self
        return self.filter(tenant__in=user.tenants_as(TenantRole.PUBLISHER))

    def unsettled(self):
        """Where what is wished and what was last seen differ, or may differ."""
        return self.exclude(status=EndpointStatus.STOPPED, wanted=False)

    def to_show(self):
        """With everything that a row of a list names."""
        named = self.select_related("model", "version", "tenant").prefetch_related("routes")
        return named.defer("model__card", "model__words", "version__input_example")


class Endpoint(Record):
    """A model version that is, or should be, served.

    `wanted` and `replicas` are the wish; `status`, `reason` and `address` are what was seen.
    The token its worker expects is in the vault, as field `token`.
    """

    lifecycle = ENDPOINT

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="endpoints")
    model = models.ForeignKey(AIModel, models.PROTECT, related_name="endpoints")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="endpoints")
    region = models.CharField(max_length=20, choices=Region)
    wanted = models.BooleanField(default=True)
    replicas = models.PositiveSmallIntegerField(default=1)
    memory_mb = models.PositiveIntegerField(default=2048)
    status = models.CharField(
        max_length=10, choices=EndpointStatus, default=EndpointStatus.REQUESTED, editable=False
    )
    reason = models.TextField(blank=True)
    address = models.CharField(max_length=200, blank=True)
    restarts = models.PositiveIntegerField(default=0)
    seen_at = models.DateTimeField(null=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "endpoint", "endpoints"
        default_permissions = ()
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.model.slug} v{self.version.number}"

    def get_absolute_url(self) -> str:
        return reverse("endpoints:detail", args=[self.pk])

    @property
    def order_name(self) -> str:
        """Unique and derived from our id, so that ordering twice is ordering once."""
        return f"ep-{self.pk}"


class ServingRuntime(Record):
    """What is installed where models are served, as the engine last said. One row."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    python = models.CharField(max_length=40)
    packages = models.JSONField(default=dict)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = "serving runtime", "serving runtimes"
        default_permissions = ()

    def __str__(self) -> str:
        return f"Python {self.python}, {len(self.packages)} packages"


class Route(Record):
    """In this environment, calls of the model go to this endpoint.

    `successor` takes over as soon as it is ready, so that no call meets a gap. `follows` says
    that the route goes along with the version that the catalogue offers.
    """

    model = models.ForeignKey(AIModel, models.CASCADE, related_name="routes")
    environment = models.CharField(max_length=12, choices=Environment)
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="routes")
    successor = models.ForeignKey(
        Endpoint, models.SET_NULL, null=True, blank=True, related_name="takes_over"
    )
    follows = models.BooleanField(default=True)

    class Meta:
        verbose_name, verbose_name_plural = "route", "routes"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["model", "environment"], name="one_route")]

    def __str__(self) -> str:
        return f"{self.model} {self.environment} to {self.endpoint}"
