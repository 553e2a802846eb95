"""The verbs of service levels: promise, and measure from the calls themselves."""

from datetime import timedelta
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone

from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel
from marketplace.catalog.services import note_levels, require_publisher
from marketplace.service_levels import arithmetic
from marketplace.service_levels.models import Measured, MeasuredDay, Target, Window
from portal.audit.services import record
from portal.core import tenancy
from portal.core.errors import Refused
from portal.core.ids import floor_id
from tenants.chargeback.models import Call

LOCK = 0x6D77_0002
MANY_CALLS = 200_000  # from here on the 30 days are counted anew every ten minutes only
RARELY = timedelta(minutes=10)
KEPT_DAYS = 62
CALLS = Call._meta.db_table

# An answer of ours is good. The caller's own mistake (4xx) does not count. Everything else is a
# failure of ours, also a call whose end nobody saw (no status).
EXCLUDED = "coalesce(c.status_class, 5) = 4"
GOOD = "coalesce(c.status_class, 5) < 4"
FAST = f"({GOOD} AND c.latency_ms <= t.latency_ms)"
COUNTED = f"""
  count(*) FILTER (WHERE NOT {EXCLUDED}) AS calls, count(*) FILTER (WHERE {GOOD}) AS good,
  count(*) FILTER (WHERE {FAST}) AS fast, count(*) FILTER (WHERE {EXCLUDED}) AS excluded
"""
ENDED = f"""
  FROM {CALLS} c JOIN {Target._meta.db_table} t ON t.model_id = c.model_id
  WHERE c.id >= %(since)s AND c.ended_as IS NOT NULL
"""
MEASURE = f"""
WITH found AS (
  SELECT c.model_id, coalesce(c.environment, '') AS environment, {COUNTED},
    percentile_cont(0.5) WITHIN GROUP (ORDER BY c.latency_ms) FILTER (WHERE {GOOD}) AS p50_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY c.latency_ms) FILTER (WHERE {GOOD}) AS p95_ms
  {ENDED} GROUP BY GROUPING SETS ((c.model_id, c.environment), (c.model_id))
)
INSERT INTO {Measured._meta.db_table} AS m (id, created_at, model_id, environment, "window",
  calls, good, fast, excluded, p50_ms, p95_ms, measured_at)
SELECT gen_random_uuid(), %(now)s, model_id, environment, %(window)s,
  calls, good, fast, excluded, p50_ms, p95_ms, %(now)s FROM found
ON CONFLICT (model_id, environment, "window") DO UPDATE SET calls = excluded.calls,
  good = excluded.good, fast = excluded.fast, excluded = excluded.excluded,
  p50_ms = excluded.p50_ms, p95_ms = excluded.p95_ms, measured_at = excluded.measured_at
"""
BY_DAY = f"""
INSERT INTO {MeasuredDay._meta.db_table} AS m
  (id, created_at, model_id, day, calls, good, fast, excluded)
SELECT gen_random_uuid(), %(now)s, c.model_id, (c.started_at AT TIME ZONE 'UTC')::date AS day,
  {COUNTED} {ENDED} GROUP BY c.model_id, 4
ON CONFLICT (model_id, day) DO UPDATE SET calls = excluded.calls, good = excluded.good,
  fast = excluded.fast, excluded = excluded.excluded
WHERE (m.calls, m.good, m.fast, m.excluded)
  IS DISTINCT FROM (excluded.calls, excluded.good, excluded.fast, excluded.excluded)
"""


@transaction.atomic
def promise(model: AIModel, *, by, **changes) -> Target:
    """Change what a model promises: `availability` %, `latency_ms`, `latency_share` %.

    Publishers of the owning tenant. Raises `Refused` with the field.
    """
    require_publisher(by, "change the service level of", model)
    target, _ = Target.objects.select_for_update().get_or_create(model=model)
    for name in ("availability", "latency_share"):
        if name in changes and not Decimal(50) <= changes[name] <= Decimal("99.999"):
            raise Refused("Choose between 50 and 99.999 %.", field=name)
    if "latency_ms" in changes and not 1 <= changes["latency_ms"] <= 600_000:
        raise Refused("Choose between 1 and 600,000 ms.", field="latency_ms")
    before = {name: str(getattr(target, name)) for name in changes}
    after = {name: str(value) for name, value in changes.items()}
    for name, value in changes.items():
        setattr(target, name, value)
    target.save()
    record("promised a service level", model, by=by, before=before, after=after)
    return target


def give_targets() -> int:
    """A default target for every published model that has none; the number made."""
    without = AIModel.objects.filter(status=ModelStatus.PUBLISHED, target=None).only("pk")
    made = Target.objects.bulk_create(
        [Target(model=model) for model in without], ignore_conflicts=True
    )
    return len(made)


def measure() -> bool:
    """Count the calls of the last hour, day and 30 days. False if another run is at it.

    The calls are the truth: whatever was missed while nobody counted is there the next time.
    """
    with tenancy.as_system(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return False
        give_targets()
        now = timezone.now()
        for window in Window:
            if _due(window, now):
                _measure(cursor, window, now)
        _by_day(cursor, now)
        MeasuredDay.objects.filter(day__lt=now.date() - timedelta(days=KEPT_DAYS)).delete()
        _tell_catalogue()
    return True


def _tell_catalogue() -> None:
    """Let the catalogue be narrowed by who keeps what it promises, over 30 days."""
    rows = Measured.objects.filter(window=Window.MONTH, environment="")
    rows = rows.exclude(model__target=None)
    words = {True: "met", False: "missed", None: "quiet"}
    note_levels(
        {
            row.model_id: words[arithmetic.met(row.counts, row.model.target.promise)]
            for row in rows.select_related("model__target").defer("model__card", "model__words")
        }
    )


def _due(window: Window, now) -> bool:
    if window != Window.MONTH:
        return True
    last = Measured.objects.filter(window=window, environment="").order_by("-calls").first()
    return last is None or last.calls < MANY_CALLS or now - last.measured_at >= RARELY


def _measure(cursor, window: Window, now) -> None:
    since = floor_id(now - window.length)
    cursor.execute(MEASURE, {"since": since, "now": now, "window": window.value})
    silent = Measured.objects.filter(window=window, measured_at__lt=now, calls__gt=0)
    silent.update(
        **dict.fromkeys(("calls", "good", "fast", "excluded"), 0),
        **dict.fromkeys(("p50_ms", "p95_ms")),
        measured_at=now,
    )


def _by_day(cursor, now) -> None:
    """From the last day that was counted, or from yesterday if that is earlier."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    last = MeasuredDay.objects.order_by("-day").values_list("day", flat=True).first()
    silent = (today.date() - last).days if last else KEPT_DAYS
    back = timedelta(days=min(KEPT_DAYS, max(1, silent)))
    cursor.execute(BY_DAY, {"since": floor_id(today - back), "now": now})
