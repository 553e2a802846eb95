"""What people think of models: ratings, problem reports, and what was said about them.

The tables are locked to the tenant that speaks and the tenant that publishes. What everybody may
read of them is told by `reading` alone, without names and teams.
"""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from marketplace.catalog.models import AIModel
from marketplace.feedback.lifecycle import REPORT, UNSOLVED, ReportStatus
from portal.core.models import Record
from tenants.directory.models import Tenant, User
from tenants.directory.roles import TenantRole

STARS = (1, 5)


class BothSides(models.QuerySet):
    """Rows between a tenant that speaks and the tenant that publishes the model."""

    def visible_to(self, user):
        """The people of the tenant that speaks, the model's publishers, who reads the trail."""
        if not user.is_authenticated:
            return self.none()
        if user.reads_trail:
            return self
        return self.filter(self.sides_of(user))

    @staticmethod
    def sides_of(user) -> Q:
        return Q(tenant__in=user.tenants_as(TenantRole.CONSUMER)) | Q(
            provider__in=user.tenants_as(TenantRole.PUBLISHER)
        )


class Rating(Record):
    """One person's stars for a model, with a sentence; the last word replaces the one before.

    Stars and sentence are for everybody who finds the model; person and `tenant` are not.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="ratings")
    provider = models.ForeignKey(Tenant, models.PROTECT, related_name="ratings_received")
    model = models.ForeignKey(AIModel, models.CASCADE, related_name="ratings")
    person = models.ForeignKey(User, models.PROTECT, related_name="ratings")
    stars = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(STARS[0]), MaxValueValidator(STARS[1])]
    )
    sentence = models.CharField(max_length=280)
    version = models.PositiveIntegerField(null=True)  # the default version when it was said
    changed_at = models.DateTimeField(auto_now=True)

    objects = BothSides.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "rating", "ratings"
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="rating_in_tenant"),
            models.UniqueConstraint(fields=["model", "person"], name="one_rating_a_person"),
            models.CheckConstraint(condition=Q(stars__range=STARS), name="one_to_five_stars"),
        ]

    def __str__(self) -> str:
        return f"{self.model}, {self.stars} of {STARS[1]}"

    def get_absolute_url(self) -> str:
        return reverse("feedback:on_model", args=[self.model.slug])


class ReportQuerySet(BothSides):
    def public_to(self, user):
        """What its reporters let everybody read who finds the model."""
        return self.filter(public=True, model__in=AIModel.objects.visible_to(user).values("pk"))

    def unsolved(self):
        return self.filter(status__in=UNSOLVED)

    def solved_by(self, user):
        """Reports on models that this person publishes."""
        if not user.is_authenticated or user.is_auditor:
            return self.none()
        return self.filter(provider__in=user.tenants_as(TenantRole.PUBLISHER))

    def waiting_for(self, user):
        """Open reports that this person may answer; not those of their own."""
        return self.solved_by(user).filter(status=ReportStatus.OPEN).exclude(reporter=user)

    def to_show(self):
        named = self.select_related("model__tenant", "tenant", "provider", "reporter")
        return named.defer("model__card", "model__words")


class Report(Record):
    """A model does something wrong on some kind of input.

    `public` reports are read by everybody who finds the model, without reporter and `tenant`.
    The example, where there is one, is in the vault as field `example`: for the people of
    `tenant` and the publishers of the model alone. `fixed_in` is a version of the model.
    """

    lifecycle = REPORT

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="reports")
    provider = models.ForeignKey(Tenant, models.PROTECT, related_name="reports_received")
    model = models.ForeignKey(AIModel, models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(User, models.PROTECT, related_name="reports")
    version = models.PositiveIntegerField(null=True)
    title = models.CharField(max_length=140)
    text = models.TextField(max_length=4000, blank=True)
    public = models.BooleanField(default=False)
    has_example = models.BooleanField(default=False, editable=False)
    status = models.CharField(
        max_length=10, choices=ReportStatus, default=ReportStatus.OPEN, editable=False
    )
    fixed_in = models.PositiveIntegerField(null=True, editable=False)
    reason = models.CharField(max_length=1000, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "report", "reports"
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="report_in_tenant"),
            models.CheckConstraint(
                condition=~Q(status=ReportStatus.FIXED) | Q(fixed_in__isnull=False),
                name="fixed_in_a_version",
            ),
        ]
        indexes = [models.Index(fields=["model", "status"], name="report_of_model")]

    def __str__(self) -> str:
        return f"{self.model}: {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("feedback:report", args=[self.pk])

    @property
    def is_unsolved(self) -> bool:
        return self.status in UNSOLVED


class Reply(Record):
    """Something said about a report, by either side; as public as the report."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+")
    provider = models.ForeignKey(Tenant, models.PROTECT, related_name="+")
    report = models.ForeignKey(Report, models.CASCADE, related_name="replies")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    by_publisher = models.BooleanField()
    text = models.TextField(max_length=4000)

    objects = BothSides.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "reply", "replies"
        default_permissions = ()
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "id"], name="reply_in_tenant")]

    def __str__(self) -> str:
        return f"reply to {self.report_id}"


class Affected(Record):
    """Somebody says of a report that it concerns them too; they hear what becomes of it.

    `tenant` is theirs. How many they are is for everybody who reads the report.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+")
    provider = models.ForeignKey(Tenant, models.PROTECT, related_name="+")
    report = models.ForeignKey(Report, models.CASCADE, related_name="affected")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = BothSides.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "affected person", "affected people"
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="affected_in_tenant"),
            models.UniqueConstraint(fields=["report", "person"], name="affected_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person} affected by {self.report_id}"

    def get_absolute_url(self) -> str:
        return reverse("feedback:report", args=[self.report_id])
