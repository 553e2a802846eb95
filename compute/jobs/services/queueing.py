"""What is known now of the queue of one flavour, as `waiting` plays it: read from our rows."""

from bisect import insort
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from math import inf
from uuid import UUID

from django.utils import timezone

from compute.capacity import sharing
from compute.capacity.models import EngineKind, GpuFlavour, Node, Quota
from compute.jobs.lifecycle import PRIORITIES, JobStatus
from compute.jobs.models import Attempt, Job
from compute.jobs.waiting import Holder, Scene, Share, Waiter
from portal.core.ids import floor_id

WORKS = (JobStatus.STARTING, JobStatus.RUNNING)
WAITS = (JobStatus.SUBMITTED, JobStatus.QUEUED)
PAST, ENOUGH = 2000, 10  # ended jobs that are looked at; fewer of a tenant tell nothing
MOST_LINE = 5000
PATIENCE = timedelta(seconds=60)  # as the local engine has it


@dataclass(frozen=True)
class Turn:
    """A waiting job and what its place in the line goes by: smaller comes first."""

    rank: tuple[int, int]
    waiter: Waiter


@dataclass
class Queueing:
    """The queue of one flavour at one moment. `turns` are all that wait, in their order."""

    flavour: GpuFlavour
    nodes: dict[str, float]
    running: list[Holder]
    turns: list[Turn]
    shares: dict[str, Share]
    ratios: dict[str, list[float]]
    held: dict[str, float] = field(default_factory=dict)

    def scene(self, rank: tuple[int, int]) -> Scene:
        """As it looks to a job of this rank: only those before it are in its line."""
        line = [turn.waiter for turn in self.turns if turn.rank < rank]
        clustered = self.flavour.cluster.engine == EngineKind.KUEUE
        return Scene(
            self.nodes, self.running, line, self.shares, self.ratios,
            reclaims=clustered, passes=clustered or not self._impatient(),
        )  # fmt: skip

    def _impatient(self) -> bool:
        """Whether one machine holds its room for somebody who waits for long."""
        long_ago = floor_id(timezone.now() - PATIENCE).int
        return any(turn.rank[1] < long_ago for turn in self.turns)

    @property
    def size(self) -> float:
        return sum(self.nodes.values())


def read(flavour: GpuFlavour, tenant_id: UUID) -> Queueing:
    """The queue of `flavour` for a job of this tenant. Needs the reach of the platform: others'
    jobs count, and no more than numbers of them leaves this room."""
    sizes, places = _nodes(flavour)
    running = _running(flavour, places)
    turns = _turns(flavour)
    tenants = {tenant_id.hex} | {h.tenant for h in running} | {t.waiter.tenant for t in turns}
    held: dict[str, float] = defaultdict(float)
    for holder in running:
        held[holder.tenant] += holder.units
    shares = _shares(flavour, sum(sizes.values()), tenants)
    return Queueing(flavour, sizes, running, turns, shares, _ratios(tenants), dict(held))


def rank_of(job: Job) -> tuple[int, int]:
    """Higher priorities first, then the older."""
    return (-PRIORITIES[job.priority], job.pk.int)


def waiter_of(job: Job, flavour: GpuFlavour) -> Waiter:
    """A job as the queue of `flavour` sees it."""
    block = float(job.gpus if flavour.has_gpus else job.cpu)
    return Waiter(
        seed_of(job.pk), job.tenant_id.hex, block * job.nodes, float(job.time_limit_s), block,
        job.nodes,
    )  # fmt: skip


def seed_of(job_id: UUID) -> int:
    """The same luck for the same job, whenever it is played."""
    return job_id.int & 0xFFFFFFFFFFFFFFFF


def _nodes(flavour: GpuFlavour) -> tuple[dict[str, float], dict[str, list]]:
    """Units by usable node, and by job which nodes it is on. What others than our jobs hold is
    not there."""
    sizes, places = {}, defaultdict(list)
    for node in Node.objects.filter(flavour=flavour).usable():
        sizes[node.name] = float(node.units)
        for hold in node.holdings:
            places[hold["job"].rpartition("-")[0]].append((node.name, float(hold["gpus"])))
    return sizes, places


def _running(flavour: GpuFlavour, places: dict[str, list]) -> list[Holder]:
    names = ("pk", "tenant_id", "gpus", "cpu", "nodes", "time_limit_s", "started_at")
    rows = Job.objects.filter(flavour=flavour, status__in=WORKS)
    now = timezone.now()
    found = []
    for pk, tenant_id, gpus, cpu, nodes, limit, began in rows.values_list(*names):
        units = float((gpus if flavour.has_gpus else cpu) * nodes)
        elapsed = max(0.0, (now - began).total_seconds()) if began else 0.0
        where = tuple(places.get(f"j-{pk.hex}", ()))
        found.append(
            Holder(seed_of(pk), tenant_id.hex, units, float(limit), min(elapsed, limit), where)
        )
    return found


def _turns(flavour: GpuFlavour) -> list[Turn]:
    """Jobs that wait for this flavour before any other."""
    first = Attempt.objects.filter(
        ended_at=None, job__status__in=WAITS, job__cluster=flavour.cluster_id,
        order__flavours__0=flavour.slug,
    ).order_by("job_id")  # fmt: skip
    names = ("tenant_id", "gpus", "cpu", "nodes", "time_limit_s", "priority")
    rows = first.values_list("job_id", *(f"job__{name}" for name in names))
    turns = []
    for pk, tenant_id, gpus, cpu, nodes, limit, priority in rows[:MOST_LINE]:
        block = float(gpus if flavour.has_gpus else cpu)
        waiter = Waiter(seed_of(pk), tenant_id.hex, block * nodes, float(limit), block, nodes)
        turns.append(Turn((-PRIORITIES[priority], pk.int), waiter))
    return sorted(turns, key=lambda turn: turn.rank)


def held_back(quota: Quota) -> Decimal:
    """What a tenant keeps of its own, whatever others want."""
    own = sharing.Share(str(quota.tenant_id), quota.guaranteed, quota.borrow, quota.lend)
    return own.kept


def _shares(flavour: GpuFlavour, size: float, tenants: set[str]) -> dict[str, Share]:
    """What each tenant has and how far it may go; as `capacity` says it, in one reading."""
    rows = list(Quota.objects.filter(flavour=flavour, queue__open=True).select_related("queue"))
    quoted = {
        row.tenant_id.hex: sharing.Share(row.tenant_id.hex, row.guaranteed, row.borrow, row.lend)
        for row in rows
    }
    weights = {row.tenant_id.hex: float(row.queue.weight) for row in rows}
    everybody, total = list(quoted.values()), Decimal(str(size))
    found = {}
    for name in tenants | set(quoted):
        mine = quoted.get(name) or sharing.Share(name)
        most = float(sharing.most(mine, everybody, total))
        found[name] = Share(float(mine.guaranteed), _or_inf(most, size), weights.get(name, 1.0))
    return found


def _or_inf(most: float, size: float) -> float:
    return inf if most >= size else most


def _ratios(tenants: set[str]) -> dict[str, list[float]]:
    """What part of their limits ended jobs took, by tenant, sorted; of all where one has few."""
    ended = Job.objects.filter(
        tenant__in=[UUID(name) for name in tenants], ended_at__isnull=False,
        started_at__isnull=False, status__in=[JobStatus.SUCCEEDED, JobStatus.FAILED],
    ).order_by("-id")  # fmt: skip
    names = ("tenant_id", "started_at", "ended_at", "time_limit_s")
    found: dict[str, list[float]] = {name: [] for name in tenants}
    every: list[float] = []
    for tenant_id, began, ended_at, limit in ended.values_list(*names)[:PAST]:
        ratio = min(1.0, max(0.001, (ended_at - began).total_seconds() / limit))
        insort(found[tenant_id.hex], ratio)
        every.append(ratio)
    pooled = sorted(every) if len(every) >= ENOUGH else []
    return {name: own if len(own) >= ENOUGH else pooled for name, own in found.items()}
