"""What a model promises, and what was measured."""

from datetime import timedelta

from django.db import models

from marketplace.catalog.models import AIModel, Environment
from marketplace.service_levels.arithmetic import Counts, Promise, words
from portal.core.models import Record


class Window(models.TextChoices):
    """Over how long a service level is measured."""

    HOUR = "hour", "Last hour"
    DAY = "day", "Last 24 hours"
    MONTH = "month", "Last 30 days"

    @property
    def length(self) -> timedelta:
        days = {Window.HOUR: 1 / 24, Window.DAY: 1, Window.MONTH: 30}
        return timedelta(days=days[self])


class OfVisibleModels(models.QuerySet):
    def visible_to(self, user):
        """Rows about the models this person may know of."""
        return self.filter(model__in=AIModel.objects.visible_to(user).values("pk"))


class Target(Record):
    """What the publisher promises: shares in percent, latency in milliseconds."""

    model = models.OneToOneField(AIModel, models.CASCADE, related_name="target")
    availability = models.DecimalField(max_digits=6, decimal_places=3, default=99.9)
    latency_ms = models.PositiveIntegerField(default=500)
    latency_share = models.DecimalField(max_digits=6, decimal_places=3, default=95)
    changed_at = models.DateTimeField(auto_now=True)

    objects = OfVisibleModels.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "service level", "service levels"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.model}: {self.availability} %, {self.latency_ms} ms"

    @property
    def promise(self) -> Promise:
        return Promise(self.availability, self.latency_ms, self.latency_share)

    @property
    def availability_words(self) -> str:
        return words(self.availability)

    @property
    def share_words(self) -> str:
        return words(self.latency_share)


class Measured(Record):
    """What the calls of the last hour, day or month came to: sums alone, no caller.

    `calls` are those that count; `excluded` are calls that failed by their caller's own doing.
    `good` were answered, `fast` were answered within the target's latency. Milliseconds.
    """

    model = models.ForeignKey(AIModel, models.CASCADE, related_name="measured")
    environment = models.CharField(max_length=12, choices=Environment, blank=True)  # "": all
    window = models.CharField(max_length=5, choices=Window)
    calls = models.PositiveBigIntegerField(default=0)
    good = models.PositiveBigIntegerField(default=0)
    fast = models.PositiveBigIntegerField(default=0)
    excluded = models.PositiveBigIntegerField(default=0)
    p50_ms = models.FloatField(null=True)
    p95_ms = models.FloatField(null=True)
    measured_at = models.DateTimeField()

    objects = OfVisibleModels.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "measurement", "measurements"
        default_permissions = ()
        ordering = ["model", "environment", "window"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "environment", "window"], name="measured_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_id} {self.environment or 'all'} {self.window}: {self.calls} calls"

    @property
    def counts(self) -> Counts:
        return Counts(self.calls, self.good, self.fast, self.excluded)


class MeasuredDay(Record):
    """What the calls of one calendar day (UTC) came to, over all environments."""

    model = models.ForeignKey(AIModel, models.CASCADE, related_name="measured_days")
    day = models.DateField()
    calls = models.PositiveBigIntegerField(default=0)
    good = models.PositiveBigIntegerField(default=0)
    fast = models.PositiveBigIntegerField(default=0)
    excluded = models.PositiveBigIntegerField(default=0)

    objects = OfVisibleModels.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "measured day", "measured days"
        default_permissions = ()
        ordering = ["model", "day"]
        constraints = [models.UniqueConstraint(fields=["model", "day"], name="a_day_once")]

    def __str__(self) -> str:
        return f"{self.model_id} {self.day}: {self.calls} calls"

    @property
    def counts(self) -> Counts:
        return Counts(self.calls, self.good, self.fast, self.excluded)
