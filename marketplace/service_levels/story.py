"""What the pages and the API tell of a service level: promised, measured, left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from marketplace.catalog.models import Environment
from marketplace.service_levels import arithmetic
from marketplace.service_levels.models import Measured, MeasuredDay, Target, Window
from portal.core.charts import Mark, strip

DAYS = 30


@dataclass(frozen=True)
class Line:
    """One window of one model, measured against its target."""

    window: Window
    environment: str
    target: Target
    row: Measured | None

    @property
    def counts(self) -> arithmetic.Counts:
        return self.row.counts if self.row else arithmetic.Counts()

    @property
    def availability(self):
        return arithmetic.availability(self.counts)

    @property
    def in_time(self):
        return arithmetic.in_time(self.counts)

    @property
    def availability_words(self) -> str:
        return arithmetic.words(self.availability)

    @property
    def in_time_words(self) -> str:
        return arithmetic.words(self.in_time)

    @property
    def available_enough(self) -> bool | None:
        return None if self.availability is None else self.availability >= self.target.availability

    @property
    def quick_enough(self) -> bool | None:
        return None if self.in_time is None else self.in_time >= self.target.latency_share

    @property
    def met(self) -> bool | None:
        return arithmetic.met(self.counts, self.target.promise)

    @property
    def budget(self) -> arithmetic.Budget | None:
        return arithmetic.budget(self.counts, self.target.promise, self.window.length)

    @property
    def environment_name(self) -> str:
        return Environment(self.environment).label if self.environment else "All"


def lines(targets: Sequence[Target], *, by_environment: bool = False) -> dict:
    """{model id: [Line per window (and environment)]}, in one query."""
    rows = Measured.objects.filter(model__in=[target.model_id for target in targets])
    if not by_environment:
        rows = rows.filter(environment="")
    found = {(row.model_id, row.environment, row.window): row for row in rows}
    told: dict = {}
    for target in targets:
        places = sorted({env for pk, env, _ in found if pk == target.model_id and env})
        told[target.model_id] = [
            Line(window, place, target, found.get((target.model_id, place, window.value)))
            for place in ["", *places]
            for window in Window
        ]
    return told


def days(target: Target) -> list[tuple]:
    """(day, MeasuredDay or None) of the last 30 days, oldest first."""
    first = timezone.now().date() - timedelta(days=DAYS - 1)
    rows = MeasuredDay.objects.filter(model=target.model_id, day__gte=first)
    found = {row.day: row for row in rows}
    return [(day, found.get(day)) for day in (first + timedelta(days=n) for n in range(DAYS))]


def strip_of(target: Target, told: list[tuple]):
    """Thirty cells, one a day: kept, missed, or no calls."""
    marks, tally = [], {"ok": 0, "bad": 0, "idle": 0}
    for day, row in told:
        up = arithmetic.availability(row.counts) if row else None
        tone = "idle" if up is None else "ok" if up >= target.availability else "bad"
        tally[tone] += 1
        says = {"ok": "kept", "bad": "missed", "idle": "no calls"}[tone]
        marks.append(Mark(f"{day:%-d %b}: {arithmetic.words(up) or says}", tone))
    finding = (
        f"Last 30 days: availability kept on {tally['ok']}, missed on {tally['bad']}, "
        f"no calls on {tally['idle']}"
    )
    return strip(marks, finding)
