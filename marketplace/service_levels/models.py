"""What a model promises, and what was measured."""

from django.db import models

from marketplace.catalog.models import AIModel
from portal.core.models import Record


class Window(models.TextChoices):
    """Over how long a service level is measured."""

    HOUR = "hour", "Last hour"
    DAY = "day", "Last 24 hours"
    MONTH = "month", "Last 30 days"


class Target(Record):
    """What the publisher promises: shares in percent, latency in milliseconds."""

    model = models.OneToOneField(AIModel, models.CASCADE, related_name="target")
    availability = models.DecimalField(max_digits=6, decimal_places=3, default=99.9)
    latency_ms = models.PositiveIntegerField(default=500)
    latency_share = models.DecimalField(max_digits=6, decimal_places=3, default=95)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.model}: {self.availability} %, {self.latency_ms} ms"
