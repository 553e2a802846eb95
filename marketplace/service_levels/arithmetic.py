"""The figures of a service level: shares, and what is left of the error budget. No database."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

HUNDRED = Decimal(100)
UNBROKEN = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Counts:
    """Calls that count, those of them that were answered, and answered in time."""

    calls: int = 0
    good: int = 0
    fast: int = 0
    excluded: int = 0

    @property
    def failed(self) -> int:
        return self.calls - self.good


@dataclass(frozen=True)
class Promise:
    """A target: `availability` and `latency_share` in percent, `latency_ms` in milliseconds."""

    availability: Decimal
    latency_ms: int
    latency_share: Decimal


@dataclass(frozen=True)
class Budget:
    """How much may still fail before the target is missed; below zero it is missed.

    `calls` of `calls_allowed` (of the calls made so far), `minutes` of `minutes_allowed` (of the
    whole window, at the failure rate so far).
    """

    calls: float
    calls_allowed: float
    minutes: float
    minutes_allowed: float

    @property
    def left(self) -> float:
        """The share that is left, 0 to 1."""
        if not self.calls_allowed:
            return 1.0 if self.calls >= 0 else 0.0
        return min(1.0, max(0.0, self.calls / self.calls_allowed))

    @property
    def in_calls(self) -> str:
        """`4 of 10 calls`; nothing is promised by halves of a call."""
        if self.calls < 0:
            return f"spent, {_figure(-self.calls)} calls over"
        if self.calls_allowed < 1:
            return "no call may fail"
        return f"{int(self.calls):,} of {int(self.calls_allowed):,} calls"

    @property
    def in_minutes(self) -> str:
        """`39 of 43 min`."""
        if self.minutes < 0:
            return f"spent, {_figure(-self.minutes)} min over"
        return f"{_figure(self.minutes)} of {_figure(self.minutes_allowed)} min"


def availability(counts: Counts) -> Decimal | None:
    """Percent of the calls that count that were answered; None without a call."""
    return _share(counts.good, counts.calls)


def in_time(counts: Counts) -> Decimal | None:
    """Percent of the answered calls that were answered in time; None without one."""
    return _share(counts.fast, counts.good)


def budget(counts: Counts, promise: Promise, window: timedelta) -> Budget | None:
    """The error budget of a window; None without a call."""
    if not counts.calls:
        return None
    may_fail = (HUNDRED - promise.availability) / HUNDRED
    minutes = Decimal(window // timedelta(minutes=1))
    allowed, allowed_minutes = counts.calls * may_fail, minutes * may_fail
    return Budget(
        calls=float(allowed - counts.failed),
        calls_allowed=float(allowed),
        minutes=float(allowed_minutes - minutes * counts.failed / counts.calls),
        minutes_allowed=float(allowed_minutes),
    )


def met(counts: Counts, promise: Promise) -> bool | None:
    """Whether both promises were kept; None without a call."""
    up, quick = availability(counts), in_time(counts)
    if up is None:
        return None
    return up >= promise.availability and (quick is None or quick >= promise.latency_share)


def words(share: Decimal | float | None) -> str:
    """A percentage with the digits that tell it apart: 100 %, 99.9 %, 99.98 %.

    Rounded down, so that a missed target never reads as met.
    """
    if share is None:
        return ""
    cut = (Decimal(share) * 100).to_integral_value(rounding="ROUND_FLOOR") / 100
    return f"{cut.normalize():f}{UNBROKEN}%"


def _figure(value: float) -> str:
    """Whole from ten on, one decimal below."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _share(part: int, whole: int) -> Decimal | None:
    return HUNDRED * part / whole if whole else None
