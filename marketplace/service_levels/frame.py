"""What service levels put into the navigation, and into the rows of the catalogue."""

from datetime import timedelta

from django.utils import timezone

from marketplace.catalog import columns
from marketplace.service_levels import arithmetic
from marketplace.service_levels.models import Measured, MeasuredDay, Target, Window
from portal.core import shell

DAYS = 30

shell.register(
    verb="Run", order=20, label="Service levels", url_name="service_levels:list", icon="gauge"
)


def levels(models, user) -> dict:
    """The cell of each model with a target: 30 days, measured and promised, and calls by day."""
    ids = [model.pk for model in models]
    targets = {row.model_id: row for row in Target.objects.filter(model__in=ids)}
    months = Measured.objects.filter(model__in=ids, window=Window.MONTH, environment="")
    measured = {row.model_id: row for row in months}
    first = timezone.now().date() - timedelta(days=DAYS - 1)
    daily: dict = {}
    for row in MeasuredDay.objects.filter(model__in=ids, day__gte=first):
        days = daily.setdefault(row.model_id, [0] * DAYS)
        days[(row.day - first).days] = row.calls + row.excluded
    return {
        pk: _cell(target, measured.get(pk), daily.get(pk, [])) for pk, target in targets.items()
    }


def _cell(target: Target, month: Measured | None, daily: list[int]) -> columns.Level:
    counts = month.counts if month else arithmetic.Counts()
    up, quick = arithmetic.availability(counts), arithmetic.in_time(counts)
    return columns.Level(
        measured=arithmetic.words(up),
        target=arithmetic.words(target.availability),
        met=None if up is None else up >= target.availability,
        calls=counts.calls + counts.excluded,
        daily=tuple(daily),
        p50_ms=month.p50_ms if month else None,
        p95_ms=month.p95_ms if month else None,
        target_ms=target.latency_ms,
        target_share=arithmetic.words(target.latency_share),
        in_time=arithmetic.words(quick),
        quick=None if quick is None else quick >= target.latency_share,
    )


columns.connect("level", levels)
