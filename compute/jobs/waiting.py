"""When a job would start: the queue of one kind of hardware, played forward many times.

A line of servers by the recursion of Kiefer and Wolfowitz, for jobs that take several at once:
whoever comes next takes the units that are free first. All steps are orders, least and greatest
of times that only grow with load, and each job draws its own luck by its own seed. So in every
play more load never lets a job start earlier. Units are GPUs, or cores where there are none;
times are seconds from now.
"""

import heapq
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

LOW, HIGH = 0.05, 0.95
NORMAL = 1.645  # how many deviations from the mean hold all but a twentieth
STEPS = 16_000  # of one forecast, over all plays
FEWEST, MOST = 12, 160
TRUSTED = 60  # so many plays have quantiles of their own
SLIVER = 1e-9  # of a unit
UNKNOWN = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # of a limit


@dataclass(frozen=True)
class Holder:
    """A job that holds units now; `places` are the nodes they are on."""

    seed: int
    tenant: str
    units: float
    limit_s: float
    elapsed_s: float = 0.0
    places: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Waiter:
    """A job that waits. `block` of its units must be on one node, `nodes` times."""

    seed: int
    tenant: str
    units: float
    limit_s: float
    block: float = 0.0
    nodes: int = 1


@dataclass(frozen=True)
class Share:
    """What a tenant has, and how far it may go; inf where only the hardware ends it."""

    guaranteed: float = 0.0
    ceiling: float = inf
    weight: float = 1.0


@dataclass(frozen=True)
class Scene:
    """All that is known now. `line` are the jobs ahead in their order.

    `ratios` are shares of their limits that jobs of a tenant took, sorted. `reclaims`: who takes
    its guaranteed units gets them back from those who borrowed them. `fair`: of what is lent,
    tenants that wait get parts by their weights. `passes`: what has room now starts now, past
    those in line that have none.
    """

    nodes: Mapping[str, float]
    running: Sequence[Holder] = ()
    line: Sequence[Waiter] = ()
    shares: Mapping[str, Share] = field(default_factory=dict)
    ratios: Mapping[str, Sequence[float]] = field(default_factory=dict)
    reclaims: bool = True
    fair: bool = True
    passes: bool = True

    @property
    def size(self) -> float:
        return sum(self.nodes.values())

    def share(self, tenant: str) -> Share:
        return self.shares.get(tenant) or Share()


@dataclass(frozen=True)
class Expected:
    """Seconds from now until the start: nine in ten within `low` and `high`; inf for never."""

    low: float
    middle: float
    high: float
    plays: int = 0

    @property
    def at_once(self) -> bool:
        return self.high == 0


NEVER = Expected(inf, inf, inf)
NOW = Expected(0.0, 0.0, 0.0)


def expected(scene: Scene, job: Waiter, *, steps: int = STEPS) -> Expected:
    """When `job` would start, behind everybody in the line of `scene`; `steps` is how much work
    may go into the answer."""
    most = min(scene.share(job.tenant).ceiling, scene.size)
    if job.units > most or _fitting_nodes(scene, job) < job.nodes:
        return NEVER
    if (scene.passes or not scene.line) and _has_room(scene, job, most):
        return NOW
    each = 1 + len(scene.running) + _weight(scene, job.tenant)
    plays = max(FEWEST, min(MOST, steps // each))
    game = _Game(scene, job)
    starts = sorted(game.play(number) for number in range(plays))
    return _range(starts)


def largest_block(scene: Scene) -> float:
    """The most units that are free on one node now."""
    return max(_free(scene).values(), default=0.0)


def luck(seed: int, play: int) -> float:
    """A number from 0 to 1 that is the same whenever the same job is played the same time."""
    mixed = (seed ^ play * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return (mixed ^ mixed >> 31) / 0x10000000000000000


def lasts(ratios: Sequence[float], limit_s: float, elapsed_s: float, chance: float) -> float:
    """How much longer a job takes that has run for `elapsed_s`, by what its like took."""
    first = bisect_left(ratios, elapsed_s / limit_s) if elapsed_s else 0
    left = len(ratios) - first
    if left <= 0:  # longer than all before it: anything up to its limit
        return max(0.0, limit_s - elapsed_s) * chance
    return max(0.0, ratios[first + int(chance * left)] * limit_s - elapsed_s)


class Slots:
    """So many units, each free from some time on; like ones are kept together."""

    def __init__(self, size: float, busy: list[tuple[float, float]]):
        taken = sum(units for _, units in busy)
        self.free = list(busy)
        if taken < size:
            self.free.append((0.0, size - taken))
        heapq.heapify(self.free)
        self.size = size
        if taken > size:
            self._drop(taken - size)
        self._since = inf

    def _drop(self, extra: float) -> None:
        """More is in use than there is: the first that are given back are nobody's."""
        while extra > SLIVER:
            at, units = heapq.heappop(self.free)
            if units > extra:
                heapq.heappush(self.free, (at, units - extra))
            extra -= units

    def lift(self, units: float) -> float:
        """Take `units` aside, those that are free first, and say from when all of them are."""
        free = self.free
        if units > self.size + SLIVER:
            self._since = inf
            return inf
        at, more = free[0]
        while more <= units + SLIVER:
            heapq.heappop(free)
            units -= more
            if units <= SLIVER:
                break
            at, more = free[0]
        else:
            free[0] = (at, more - units)  # the least of the heap stays the least
        self._since = at
        return at

    def put(self, units: float, start: float, lasts_s: float) -> None:
        """What was lifted is in use from `start` on, for so many seconds."""
        if self._since != inf:
            heapq.heappush(self.free, (max(start, self._since) + lasts_s, units))


class _Game:
    """What all plays of one forecast share."""

    def __init__(self, scene: Scene, job: Waiter):
        self.scene, self.job = scene, job
        mine = scene.share(job.tenant)
        self.ceiling = min(mine.ceiling, scene.size)
        self.claims = scene.reclaims and mine.guaranteed > 0
        self.fair = _fair_part(scene, job.tenant) if scene.fair else 0.0
        self.hindered = _hindered(scene, job)

    def play(self, number: int) -> float:
        """The start of the job in one play."""
        scene, mine = self.scene, self.job.tenant
        ends = [(self._left(holder, number), holder) for holder in scene.running]
        lines = self._lines(ends)
        pool = lines[0]
        for waiter in scene.line:
            took = self._takes(waiter, number)
            if waiter.tenant == mine:
                self._seat(waiter, took, lines)
            else:
                pool.put(waiter.units, pool.lift(waiter.units), took)
        block = self._block(ends) if self.hindered else 0.0
        return self._seat(self.job, 0.0, lines, block)

    def _lines(self, ends) -> tuple:
        """The units of all, of all but for our own line, and what is ours: by right, at most,
        and by fair parts. None where it makes no difference."""
        everyone = [(at, holder.units) for at, holder in ends]
        ours = [(at, h.units) for at, h in ends if h.tenant == self.job.tenant]
        scene, size = self.scene, self.scene.size
        own = scene.share(self.job.tenant).guaranteed
        pool = Slots(size, everyone)
        given = Slots(size, everyone) if self.fair else None
        fair = Slots(self.fair, ours) if self.fair else None
        right = Slots(min(own, size), ours) if self.claims else None
        most = Slots(self.ceiling, ours) if self.ceiling < size else None
        return pool, given, fair, right, most

    def _seat(self, waiter: Waiter, took: float, lines: tuple, block: float = 0.0) -> float:
        """Where a job of our own line starts: in its turn, or earlier by what is fair or ours.

        `block` is when there is room in one place; what is ours by right is made room for.
        """
        pool, given, fair, right, most = lines
        units = waiter.units
        start = pool.lift(units)
        if fair:
            start = min(start, max(given.lift(units), fair.lift(units)))
        if most:
            start = max(start, most.lift(units))
        start = max(start, block)
        if right:
            start = min(start, right.lift(units))
        for line in lines:
            if line:
                line.put(units, start, took)
        return start

    def _left(self, holder: Holder, number: int) -> float:
        ratios = self.scene.ratios.get(holder.tenant) or UNKNOWN
        chance = luck(holder.seed, number)
        return lasts(ratios, holder.limit_s, holder.elapsed_s, chance)

    def _takes(self, waiter: Waiter, number: int) -> float:
        ratios = self.scene.ratios.get(waiter.tenant) or UNKNOWN
        return ratios[int(luck(waiter.seed, number) * len(ratios))] * waiter.limit_s

    def _block(self, ends) -> float:
        """When enough nodes have a block of the job's size free, by what runs on them now."""
        by_node: dict[str, list] = {}
        for at, holder in ends:
            for node, units in holder.places:
                by_node.setdefault(node, []).append((at, units))
        times = []
        for node, size in self.scene.nodes.items():
            if size >= self.job.block:
                times.append(Slots(size, by_node.get(node, [])).lift(self.job.block))
        return sorted(times)[self.job.nodes - 1]


def _weight(scene: Scene, tenant: str) -> int:
    """How much work the line is: our own jobs are looked at from more sides."""
    own = sum(1 for waiter in scene.line if waiter.tenant == tenant)
    return len(scene.line) + 3 * own


def _fair_part(scene: Scene, tenant: str) -> float:
    """Units that are ours while others wait too: our own, and by weight of what is lent.

    0 where nobody else waits: then turns alone decide.
    """
    wanted: dict[str, float] = {}
    for job in (*scene.running, *scene.line):
        wanted[job.tenant] = wanted.get(job.tenant, 0.0) + job.units
    waiting = {waiter.tenant for waiter in scene.line} - {tenant}
    if not waiting:
        return 0.0
    kept = sum(
        min(share.guaranteed, wanted.get(name, 0.0))
        for name, share in scene.shares.items()
        if name != tenant
    )
    mine = scene.share(tenant)
    lent = max(0.0, scene.size - kept - mine.guaranteed)
    weights = mine.weight + sum(scene.share(name).weight for name in waiting)
    return min(scene.size, mine.guaranteed + lent * mine.weight / weights)


def _free(scene: Scene) -> dict[str, float]:
    free = dict(scene.nodes)
    for holder in scene.running:
        for node, units in holder.places:
            if node in free:
                free[node] -= units
    return free


def _has_room(scene: Scene, job: Waiter, most: float) -> bool:
    """Whether what is free now holds the job, within what its tenant may have."""
    mine = sum(holder.units for holder in scene.running if holder.tenant == job.tenant)
    held = sum(holder.units for holder in scene.running)
    if mine + job.units > most + SLIVER or held + job.units > scene.size + SLIVER:
        return False
    return not _hindered(scene, job)


def _fitting_nodes(scene: Scene, job: Waiter) -> int:
    return sum(1 for size in scene.nodes.values() if size >= job.block) if scene.nodes else 0


def _hindered(scene: Scene, job: Waiter) -> bool:
    """Whether too few nodes have a block free now; then it matters when they will."""
    if not job.block:
        return False
    enough = sum(1 for free in _free(scene).values() if free >= job.block - SLIVER)
    return enough < job.nodes


def _range(starts: list[float]) -> Expected:
    """The range of sorted plays; of few plays by their mean and spread, as sums of many are."""
    plays = len(starts)
    if starts[-1] == inf:
        return NEVER
    middle = starts[plays // 2]
    low, high = starts[int(LOW * plays)], starts[min(plays - 1, int(HIGH * plays))]
    if plays < TRUSTED:
        mean = sum(starts) / plays
        spread = (sum((at - mean) ** 2 for at in starts) / (plays - 1)) ** 0.5
        low, high = max(0.0, mean - NORMAL * spread), mean + NORMAL * spread
        low, high = min(low, middle), max(high, middle)
    return Expected(low, middle, high, plays)
