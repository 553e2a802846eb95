"""Who comes next on one machine: by priority within a tenant; between tenants first those who stay
within their guarantee, then fair by weight. What runs is never taken away.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

PATIENCE = 60.0  # seconds that smaller jobs of others may pass one that does not fit
HALF_LIFE = 3600.0  # seconds after which what a tenant was served counts half


@dataclass(frozen=True)
class Amount:
    """What a machine has, or what all processes of an attempt need together."""

    cpu: Decimal = Decimal(0)
    memory_mb: int = 0
    gpus: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            self.cpu + other.cpu, self.memory_mb + other.memory_mb, self.gpus + other.gpus
        )

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(
            self.cpu - other.cpu, self.memory_mb - other.memory_mb, self.gpus - other.gpus
        )

    def fits(self, other: "Amount") -> bool:
        """Whether this is within `other`."""
        left = other - self
        return min(left.cpu, left.memory_mb, left.gpus) >= 0

    def share_of(self, whole: "Amount") -> float:
        """The largest part that this takes of anything there is."""
        pairs = ((self.cpu, whole.cpu), (self.memory_mb, whole.memory_mb), (self.gpus, whole.gpus))
        return max((float(part) / float(all_) for part, all_ in pairs if all_), default=0.0)

    def words(self) -> str:
        """For people: "2 cores and 4 GB"."""
        cores = "1 core" if self.cpu == 1 else f"{self.cpu.normalize():f} cores"
        memory = f"{-(-self.memory_mb * 100 // 1024) / 100:.2f}".rstrip("0").rstrip(".") + " GB"
        gpus = [f"{self.gpus} GPU{'s' if self.gpus > 1 else ''}"] if self.gpus else []
        return " and ".join([", ".join([*gpus, cores]), memory])


@dataclass(frozen=True)
class Claim:
    """An attempt in the eyes of the queue. `arrived` counts orders; `since` is a time."""

    name: str
    tenant: str
    needs: Amount
    priority: int = 0
    arrived: int = 0
    since: float = 0.0

    @property
    def unit(self) -> str:
        """What is counted of it."""
        return "gpus" if self.needs.gpus else "cpu"

    @property
    def units(self) -> Decimal:
        return Decimal(getattr(self.needs, self.unit))


@dataclass(frozen=True)
class Place:
    """Where an attempt stands in the queue of its tenant, and why it does not run."""

    position: int
    words: str


@dataclass
class Fairness:
    """Weights and guarantees of tenants, and what each was served lately: shares of the machine in
    seconds. Guaranteed are GPUs (`gpus`) and cores of jobs without any (`cpu`)."""

    weights: dict[str, float] = field(default_factory=dict)
    served: dict[str, float] = field(default_factory=dict)
    guaranteed: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    def weight(self, tenant: str) -> float:
        return self.weights.get(tenant, 1.0)

    def within(self, head: Claim, held: Iterable[Claim]) -> bool:
        """Whether its tenant, who holds `held`, stays within its guarantee with `head`."""
        unit = head.unit
        used = sum((one.units for one in held if one.unit == unit), head.units)
        return used <= self.guaranteed.get(head.tenant, {}).get(unit, Decimal(0))

    def pass_time(self, seconds: float, running: Iterable[Claim], whole: Amount) -> None:
        """Count what ran for the last `seconds`."""
        faded = 0.5 ** (seconds / HALF_LIFE)
        self.served = {tenant: value * faded for tenant, value in self.served.items()}
        for claim in running:
            part = claim.needs.share_of(whole) * seconds
            self.served[claim.tenant] = self.served.get(claim.tenant, 0.0) + part


def guaranteed(shares: dict) -> dict[str, dict[str, Decimal]]:
    """What tenants are guaranteed by how a machine is shared. Raises for what is no number."""
    given = shares.get("guaranteed", {}).items()
    return {tenant: {unit: Decimal(n) for unit, n in own.items()} for tenant, own in given}


def next_ones(
    waiting: list[Claim], running: list[Claim], whole: Amount, fair: Fairness, now: float
) -> list[Claim]:
    """Those that start now, in their order."""
    queues = _by_tenant(waiting)
    free = whole - sum((one.needs for one in running), Amount())
    held: dict[str, list[Claim]] = {}
    for one in running:
        held.setdefault(one.tenant, []).append(one)
    chosen = []
    while queues:
        tenant = min(
            queues, key=lambda name: _standing(queues[name][0], held.get(name, []), whole, fair)
        )
        head = queues[tenant][0]
        if head.needs.fits(free):
            chosen.append(head)
            free -= head.needs
            held.setdefault(tenant, []).append(head)
            queues[tenant].pop(0)
        elif now - head.since > PATIENCE:
            break  # nobody passes it any more, or it would wait for ever
        if not queues[tenant] or queues[tenant][0] is head:
            del queues[tenant]
    return chosen


def places(waiting: list[Claim], free: Amount) -> dict[str, Place]:
    """For each that waits, where and why."""
    found = {}
    for queue in _by_tenant(waiting).values():
        for before, claim in enumerate(queue):
            found[claim.name] = Place(before + 1, _words(before, claim, free))
    return found


def _words(before: int, claim: Claim, free: Amount) -> str:
    if before:
        return turn(before + 1)
    if claim.needs.fits(free):
        return "It is next in your team."
    return f"It is next: it starts once {claim.needs.words()} are free on this machine."


def turn(position: int) -> str:
    """A place in the queue of a team, in words."""
    if position == 1:
        return "It is next."
    if position == 2:
        return "1 job of your team comes first."
    return f"{position - 1} jobs of your team come first."


def _by_tenant(waiting: list[Claim]) -> dict[str, list[Claim]]:
    queues: dict[str, list[Claim]] = {}
    for claim in sorted(waiting, key=lambda one: (-one.priority, one.arrived)):
        queues.setdefault(claim.tenant, []).append(claim)
    return queues


def _standing(head: Claim, held: list[Claim], whole: Amount, fair: Fairness) -> tuple:
    """Smaller comes first: who is within its guarantee, what runs, what was served, who came."""
    weight = fair.weight(head.tenant)
    runs = sum(one.needs.share_of(whole) for one in held) / weight
    served = fair.served.get(head.tenant, 0.0) / weight
    return (not fair.within(head, held), runs, served, head.arrived)
