"""What was used: calls that were answered, added up by day, model, key or environment."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Avg, BigIntegerField, Count, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, TruncDate

from portal.core.ids import floor_id
from tenants.chargeback.models import Cause, Ending

GROUPS = {
    "day": ("day",),
    "model": ("model_slug", "model_id"),
    "key": ("key_id",),
    "environment": ("environment",),
    "tenant": ("tenant_id",),
}
HARDWARE_GROUPS = {
    "day": ("day",),
    "hardware": ("subject", "subject_id"),
    "job": ("key_id",),
    "tenant": ("tenant_id",),
}
ANSWERED = Q(ended_as__in=[Ending.SETTLED, Ending.ESTIMATED])


def usage(calls: QuerySet, group_by: Sequence[str], since: date, until: date) -> QuerySet:
    """Rows of `calls` from the day `since` up to and including `until` (UTC), added up.

    `group_by` are keys of `GROUPS`. A row is a dict with its group's columns, `currency`,
    `calls` (answered), `failed` (voided), `estimated`, `quantity` (predictions), `nano`.
    """
    columns = [column for name in group_by for column in GROUPS[name]]
    rows = between(calls, since, until).annotate(day=TruncDate("started_at", tzinfo=UTC))
    predictions = Cast(KeyTextTransform("predictions", "quantities"), BigIntegerField())
    return (
        rows.order_by()
        .values(*columns, "currency")
        .annotate(
            calls=Count("pk", filter=ANSWERED),
            failed=Count("pk", filter=Q(ended_as=Ending.VOIDED)),
            estimated=Count("pk", filter=Q(ended_as=Ending.ESTIMATED)),
            quantity=Coalesce(Sum(predictions, filter=ANSWERED), 0),
            nano=Coalesce(Sum("amount_nano"), 0),
            latency=Avg("latency_ms", filter=ANSWERED),
        )
        .order_by(*columns, "currency")
    )


def hardware_usage(
    postings: QuerySet, group_by: Sequence[str], since: date, until: date
) -> QuerySet:
    """Time on hardware in `postings`, charged on the days `since` to `until` (UTC), added up.

    `group_by` are keys of `HARDWARE_GROUPS`. A row is a dict with its group's columns,
    `currency`, `meter`, `runs`, `quantity` (unit-seconds, what was given back taken off), `nano`.
    """
    columns = [column for name in group_by for column in HARDWARE_GROUPS[name]]
    start = datetime.combine(since, time.min, UTC)
    end = datetime.combine(until + timedelta(days=1), time.min, UTC)
    mine = postings.filter(account="usage", cause__in=[Cause.JOB, Cause.REFUND])
    return (
        mine.filter(at__gte=start, at__lt=end)
        .annotate(day=TruncDate("at", tzinfo=UTC))
        .order_by()
        .values(*columns, "currency", "meter")
        .annotate(
            runs=Count("transaction", filter=Q(cause=Cause.JOB)),
            quantity=Sum("quantity"),
            nano=Sum("nano"),
        )
        .order_by(*columns, "currency", "meter")
    )


def between(calls: QuerySet, since: date, until: date) -> QuerySet:
    """Calls that began on the days `since` to `until`, found by the time inside their ids."""
    return calls.filter(pk__gte=floor_of(since), pk__lt=floor_of(until + timedelta(days=1)))


def floor_of(day: date):
    """The least id of a day of UTC."""
    return floor_id(datetime.combine(day, time.min, UTC))
