"""What people keep of a search, and what they wish the catalogue had."""

from django.db import models
from django.urls import reverse

from marketplace.catalog.lifecycle import WANTED, WantedStatus
from marketplace.catalog.models import AIModel
from portal.core.models import Record
from tenants.directory.models import Tenant, User
from tenants.directory.roles import TenantRole


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own views; the address of a view is what is shared."""
        return self.filter(person=user) if user.is_authenticated else self.none()


class SavedView(Record):
    """A search with its filters, under a name, for the person who kept it."""

    person = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)

    objects = SavedViewQuerySet.as_manager()

    tenant = None

    class Meta:
        verbose_name, verbose_name_plural = "saved view", "saved views"
        default_permissions = ()
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="view_once")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('catalog:list')}?{self.query}"


class WantedModelQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who could answer it: publishers anywhere, and the platform; and the team that asks."""
        if not user.is_authenticated:
            return self.none()
        if user.reads_trail or user.tenants_as(TenantRole.PUBLISHER):
            return self
        return self.filter(tenant__in=user.tenants_as(TenantRole.CONSUMER))

    def open(self):
        """Those that still wait for a model."""
        return self.filter(status__in=[WantedStatus.OPEN, WantedStatus.PLANNED])

    def asked_by(self, user):
        return self.filter(requester=user)

    def to_show(self):
        """With everything that a row of a list names."""
        named = self.select_related("tenant", "requester", "model", "answered_by")
        return named.defer("model__card", "model__words")


class WantedModel(Record):
    """A team needs a model that the catalogue does not have.

    `searched` is what was typed before. `model` meets the wish; it stands there only for people
    who may see it.
    """

    lifecycle = WANTED

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="wanted_models")
    requester = models.ForeignKey(User, models.PROTECT, related_name="wanted_models")
    title = models.CharField(max_length=120)
    need = models.TextField(max_length=2000)
    searched = models.CharField(max_length=200, blank=True)
    expected_calls_per_month = models.PositiveIntegerField(null=True)
    status = models.CharField(
        max_length=10, choices=WantedStatus, default=WantedStatus.OPEN, editable=False
    )
    model = models.ForeignKey(AIModel, models.SET_NULL, null=True, related_name="+")
    answer = models.TextField(max_length=1000, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    objects = WantedModelQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "wanted model", "wanted models"
        default_permissions = ()
        ordering = ["-id"]
        indexes = [models.Index(fields=["status", "-id"], name="wanted_by_status")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("catalog:wanted", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in (WantedStatus.OPEN, WantedStatus.PLANNED)
