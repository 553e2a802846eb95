"""Histories of a queue, made up or traced, played event by event; forecasts are judged by them.

The scheduler here is another one than the one that forecasts: it moves from event to event, packs
jobs onto nodes, lets the tenant with the least for its weight go first, and keeps the order within
a tenant. A forecast is made when a job is asked for, from what is known at that moment alone.
"""

import heapq
import random
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

from compute.jobs import calibration, waiting
from compute.jobs.waiting import Holder, Scene, Share, Waiter

FEW = 10  # ended jobs of a tenant before its own habits count


@dataclass(frozen=True)
class Asked:
    """A job of a history: when it was asked for, its limit, and how long it will take."""

    number: int
    at: float
    tenant: str
    units: int
    limit_s: float
    takes_s: float


@dataclass
class Judged:
    """A forecast and what became of it; times from the start of the history."""

    job: Asked
    seen: waiting.Expected
    low: float
    high: float
    start: float = inf

    @property
    def held(self) -> bool:
        return self.low <= self.start <= self.high

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass
class Replay:
    """One fleet of nodes with `per_node` units each; `judge_every`: which jobs are forecast."""

    nodes: int
    per_node: int = 8
    shares: Mapping[str, Share] = field(default_factory=dict)
    judge_every: int = 1
    steps: int = waiting.STEPS
    patience_s: float = inf

    def run(self, history: Iterable[Asked]) -> list[Judged]:
        """Play it to its end; the forecasts in the order in which they were made."""
        self.free = [self.per_node] * self.nodes
        self.running: dict[int, tuple[Asked, float, list]] = {}
        self.lines: dict[str, list[Asked]] = defaultdict(list)
        self.used: dict[str, int] = defaultdict(int)
        self.ratios: dict[str, list[float]] = defaultdict(list)
        self.ends: list[tuple[float, int]] = []
        self.open: dict[int, Judged] = {}
        self.judged: list[Judged] = []
        self.past: dict[str, list[calibration.Past]] = defaultdict(list)
        for job in sorted(history, key=lambda each: each.at):
            self._until(job.at)
            if job.number % self.judge_every == 0:
                self._judge(job)
            self.lines[job.tenant].append(job)
            self._start(job.at)
        self._until(inf)
        return self.judged

    def _until(self, moment: float) -> None:
        while self.ends and self.ends[0][0] <= moment:
            at, number = heapq.heappop(self.ends)
            job, began, places = self.running.pop(number)
            for node, units in places:
                self.free[node] += units
            self.used[job.tenant] -= job.units
            insort(self.ratios[job.tenant], min(1.0, max(0.001, (at - began) / job.limit_s)))
            self._start(at)

    def _start(self, now: float) -> None:
        """Whoever has the least for its weight is next; what cannot start lets others pass, until
        it has waited so long that nobody passes it any more."""
        blocked: set[str] = set()
        while waits := [t for t, line in self.lines.items() if line and t not in blocked]:
            tenant = min(waits, key=self._rank)
            if self._overdue(now):
                return self._start_oldest(now)
            found = self._first_that_fits(tenant)
            if found is None:
                blocked.add(tenant)
                continue
            job, places = found
            self.lines[tenant].remove(job)
            self._take(job, places, now)
        return None

    def _overdue(self, now: float) -> bool:
        waits = [job for line in self.lines.values() for job in line]
        return any(now - job.at > self.patience_s for job in waits)

    def _start_oldest(self, now: float) -> None:
        """In the order of asking, none passing another."""
        for job in sorted((j for line in self.lines.values() for j in line), key=lambda j: j.at):
            places = self._places(job)
            if places is None:
                return
            self.lines[job.tenant].remove(job)
            self._take(job, places, now)

    def _first_that_fits(self, tenant: str) -> tuple[Asked, list] | None:
        for job in self.lines[tenant]:
            if places := self._places(job):
                return job, places
        return None

    def _rank(self, tenant: str) -> tuple[float, float]:
        share = self.shares.get(tenant) or Share()
        over = max(0.0, self.used[tenant] - share.guaranteed)
        return over / share.weight, self.lines[tenant][0].at

    def _places(self, job: Asked) -> list[tuple[int, int]] | None:
        """The fullest node that has room, or whole nodes for what is larger than one."""
        share = self.shares.get(job.tenant) or Share()
        if self.used[job.tenant] + job.units > share.ceiling:
            return None
        if job.units <= self.per_node:
            roomy = [(free, node) for node, free in enumerate(self.free) if free >= job.units]
            return [(min(roomy)[1], job.units)] if roomy else None
        count = -(-job.units // self.per_node)
        empty = [node for node, free in enumerate(self.free) if free == self.per_node]
        whole = [(node, self.per_node) for node in empty[:count]]
        return whole if len(whole) == count else None

    def _take(self, job: Asked, places: list, now: float) -> None:
        for node, units in places:
            self.free[node] -= units
        self.used[job.tenant] += job.units
        self.running[job.number] = (job, now, places)
        heapq.heappush(self.ends, (now + min(job.takes_s, job.limit_s), job.number))
        if judged := self.open.pop(job.number, None):
            judged.start = now
            self.past[self._kind(judged.seen, job)].append(_past(judged, now))

    def _judge(self, job: Asked) -> None:
        seen = waiting.expected(self._scene(job.at), self._waiter(job), steps=self.steps)
        factor = calibration.stretch(self._known(seen, job))
        early, late = spans(seen)
        low = job.at + max(0.0, seen.middle - early * factor.early)
        high = job.at + seen.middle + late * factor.late
        judged = Judged(job, seen, low, high)
        self.open[job.number] = judged
        self.judged.append(judged)

    def _known(self, seen: waiting.Expected, job: Asked) -> list[calibration.Past]:
        """Past forecasts of the same kind, and those that are overdue already."""
        kind = self._kind(seen, job)
        overdue = [
            _past(each, job.at)
            for each in self.open.values()
            if self._kind(each.seen, each.job) == kind and each.job.at + each.seen.middle < job.at
        ]
        return [*self.past[kind][-100:], *overdue]

    def _kind(self, seen: waiting.Expected, job: Asked) -> str:
        if seen.at_once:
            return "at once"
        return "large" if job.units > self.per_node / 2 else "queue"

    def _scene(self, now: float) -> Scene:
        nodes = {str(node): float(self.per_node) for node in range(self.nodes)}
        return Scene(
            nodes,
            [self._holder(*held, now) for held in self.running.values()],
            [
                self._waiter(job)
                for job in sorted(
                    (job for line in self.lines.values() for job in line), key=lambda j: j.at
                )
            ],
            self.shares,
            self._habits(),
            reclaims=False,
            passes=not self._overdue(now),
        )

    def _holder(self, job: Asked, began: float, places: list, now: float) -> Holder:
        where = tuple((str(node), float(units)) for node, units in places)
        elapsed = max(0.0, now - began)
        seed = job.number * 7919 + 1
        return Holder(seed, job.tenant, float(job.units), job.limit_s, elapsed, where)

    def _waiter(self, job: Asked) -> Waiter:
        block, nodes = float(min(job.units, self.per_node)), -(-job.units // self.per_node)
        return Waiter(
            job.number * 7919 + 1, job.tenant, float(block * nodes), job.limit_s, block, nodes
        )

    def _habits(self) -> dict[str, list[float]]:
        return {name: own for name, own in self.ratios.items() if len(own) >= FEW}


def spans(seen: waiting.Expected) -> tuple[float, float]:
    """How far a range goes to both sides before it is stretched, as the portal has it."""
    if seen.at_once:
        return 0.0, 60.0
    least = 0.05 * seen.middle
    return max(seen.middle - seen.low, least), max(seen.high - seen.middle, least)


def coverage(judged: Iterable[Judged]) -> float:
    """The share of forecasts that held."""
    rows = list(judged)
    return sum(each.held for each in rows) / len(rows)


def _past(judged: Judged, start: float) -> calibration.Past:
    early, late = spans(judged.seen)
    return calibration.Past(start - judged.job.at - judged.seen.middle, early, late)


def made_up(count: int, *, seed: int, units: int, load: float = 1.0) -> list[Asked]:
    """A history of `count` jobs of four tenants with habits of their own, for a fleet of `units`.

    `load` is the mean demand as a share of the fleet; above about 0.9 lines grow.
    """
    draw = random.Random(seed)  # noqa: S311
    tenants = ["risk", "vision", "claims", "retail"]
    habits = dict(zip(tenants, ((2, 2), (1, 3), (3, 1), (2, 5)), strict=True))
    rows, at = [], 0.0
    for number in range(count):
        tenant = draw.choices(tenants, weights=(4, 3, 2, 1))[0]
        size = draw.choices((1, 2, 4, 8), weights=(6, 3, 2, 1))[0]
        limit = draw.choice((1800.0, 3600.0, 7200.0, 4 * 3600.0))
        takes = max(0.01, draw.betavariate(*habits[tenant])) * limit
        rows.append(Asked(number, at, tenant, size, limit, takes))
        at += draw.expovariate(1.0) * size * takes / (units * load)
    return rows
