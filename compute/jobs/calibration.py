"""How far ranges must be stretched so that they hold nine times in ten, by how past ones did.

Split conformal prediction: of each past estimate, how many times its own half-width the truth
lay away from its middle, to each side; the quantiles of these are the factors for the next
(Vovk et al., Algorithmic Learning in a Random World, 2005).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, exp, log

TAIL = 0.05  # of the truth may lie outside to each side
LEAST, MOST = 0.1, 60.0
PRIOR = 8  # past estimates that are as good as the play itself
NARROW = 1.0  # seconds; nothing is known better


@dataclass(frozen=True)
class Past:
    """An estimate whose job has started: seconds from its middle to the start, and how far its
    range went to both sides as played."""

    off_s: float
    early_s: float
    late_s: float


@dataclass(frozen=True)
class Stretch:
    """Factors for the two sides of a range, and on how many past ones they stand."""

    early: float = 1.0
    late: float = 1.0
    of: int = 0


def stretch(past: Iterable[Past]) -> Stretch:
    """The factors for the next estimate; 1 while nothing is known, trusted more with each."""
    rows = list(past)
    early = [-row.off_s / max(NARROW, row.early_s) for row in rows]
    late = [row.off_s / max(NARROW, row.late_s) for row in rows]
    return Stretch(_factor(early), _factor(late), len(rows))


def _factor(scores: Sequence[float]) -> float:
    """The quantile that leaves a twentieth outside, drawn to 1 where there are few."""
    if not scores:
        return 1.0
    count = len(scores)
    place = min(count, ceil((count + 1) * (1 - TAIL)))
    found = min(MOST, max(LEAST, sorted(scores)[place - 1]))
    return exp(log(found) * count / (count + PRIOR))
