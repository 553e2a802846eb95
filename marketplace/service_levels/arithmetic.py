"""The figures of a service level: shares, and what is left of the error budget. No database."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

HUNDRED = Decimal(100)


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
    may_fail = 1 - float(promise.availability) / 100
    minutes = window.total_seconds() / 60
    return Budget(
        calls=counts.calls * may_fail - counts.failed,
        calls_allowed=counts.calls * may_fail,
        minutes=minutes * may_fail - minutes * counts.failed / counts.calls,
        minutes_allowed=minutes * may_fail,
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
    return f"{cut.normalize():f} %"


def _share(part: int, whole: int) -> Decimal | None:
    return HUNDRED * part / whole if whole else None
