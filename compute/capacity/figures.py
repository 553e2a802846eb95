"""What the pages and the API tell of hardware: read once, counted here."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from compute.capacity import sharing
from compute.capacity.models import GpuFlavour, Node, Quota
from compute.capacity.services.placing import SIZES, placeable_on
from compute.capacity.sharing import Share
from compute.capacity.upward import Count, Queued
from portal.core import tenancy
from tenants.chargeback.models import Price

ZERO = Decimal(0)
HOUR = 3600  # the meters of hardware count seconds


@dataclass(slots=True)
class Machine:
    """A node that is there, with what its jobs hold: (tenant, units, attempt)."""

    name: str
    flavour: object
    units: Decimal
    held: Decimal
    condition: str  # ok, closed or silent
    holds: list[tuple[str, Decimal, str]]

    @property
    def free(self) -> Decimal:
        """Units for new work."""
        return max(ZERO, self.units - self.held) if self.condition == "ok" else ZERO

    @property
    def off(self) -> Decimal:
        """Units that nobody holds and nobody may have now."""
        return ZERO if self.condition == "ok" else max(ZERO, self.units - self.held)


@dataclass
class Kind:
    """One flavour with its nodes, its shares and what waits for it; all figures in its unit."""

    flavour: GpuFlavour
    machines: list[Machine]
    shares: list[Share]
    price: Price | None = None
    waiting: Count = Count()
    waits: dict[str, Decimal] = field(default_factory=dict)  # units by tenant

    @cached_property
    def total(self) -> Decimal:
        return sum((each.units for each in self.machines), ZERO)

    @cached_property
    def used(self) -> Decimal:
        return sum((each.held for each in self.machines), ZERO)

    @cached_property
    def free(self) -> Decimal:
        return sum((each.free for each in self.machines), ZERO)

    @cached_property
    def off(self) -> Decimal:
        return sum((each.off for each in self.machines), ZERO)

    @cached_property
    def borrowed(self) -> Decimal:
        return sum((each.borrowed for each in self.shares), ZERO)

    @property
    def own(self) -> Decimal:
        return max(ZERO, self.used - self.borrowed)

    @property
    def hourly_nano(self) -> int | None:
        """What one unit costs for an hour, in nano-units; None where nobody has said."""
        return self.price and self.price.nano_for(HOUR)

    @cached_property
    def guaranteed(self) -> Decimal:
        return sum((each.guaranteed for each in self.shares), ZERO)

    @property
    def shared(self) -> Decimal:
        """What nobody is guaranteed."""
        return sharing.shared(self.shares, self.total)

    @property
    def over(self) -> Decimal:
        """How much more than there is stands guaranteed."""
        return max(ZERO, self.guaranteed - self.total)

    @cached_property
    def fits(self) -> dict:
        return placeable_on(each.free for each in self.machines)

    @property
    def largest(self) -> int:
        return self.fits["gpus_one_node"]

    @cached_property
    def sizes(self) -> list[tuple[int, int, int]]:
        """(size, places side by side, nodes for one job of that size over several)."""
        most = max((int(each.units) for each in self.machines), default=0)
        shown = [size for size in SIZES if size <= max(most, 1)]
        return [(size, self.fits["places"][size], self.fits["nodes_of"][size]) for size in shown]

    @property
    def layout(self) -> str:
        """ "16 × 8 GPUs", or how many nodes where they differ."""
        sizes = Counter(each.units for each in self.machines)
        unit = self.flavour.unit
        if len(sizes) == 1:
            (each,) = sizes
            return f"{len(self.machines)} × {each.normalize():f} {unit}{'' if each == 1 else 's'}"
        return f"{len(self.machines)} nodes" if self.machines else "no nodes now"

    @cached_property
    def histogram(self) -> list[tuple[int, int]]:
        """(free units, how many usable nodes have so many free)."""
        counts = Counter(int(each.free) for each in self.machines if each.condition == "ok")
        most = max((int(each.units) for each in self.machines), default=0)
        return [(free, counts.get(free, 0)) for free in range(most + 1)]

    @property
    def scattered(self) -> float | None:
        """The share of what is free that stands on nodes where something runs; None if full."""
        if not self.free:
            return None
        torn = sum((each.free for each in self.machines if each.held), ZERO)
        return float(torn / self.free)

    @property
    def nodes_with_free(self) -> int:
        return sum(each.free > 0 for each in self.machines)

    @property
    def troubles(self) -> dict[str, int]:
        """How many of its nodes are closed or silent."""
        return Counter(each.condition for each in self.machines if each.condition != "ok")

    def share_of(self, tenant: str) -> Share:
        """What one tenant has of it; one without a quota may borrow."""
        return next((each for each in self.shares if each.tenant == tenant), Share(tenant))

    def lent_by(self, tenant: str) -> Decimal:
        """What of the tenant's guarantee others use now."""
        return sharing.lent_by(self.shares, self.total).get(tenant, ZERO)

    def room_for(self, tenant: str) -> Decimal:
        """What the tenant could get now without taking anything from anybody."""
        room = sharing.headroom(self.share_of(tenant), self.shares, self.total)
        return min(room, self.free)

    def most_for(self, tenant: str) -> Decimal:
        """The most that the tenant could ever have."""
        return sharing.most(self.share_of(tenant), self.shares, self.total)


def kinds(flavours: Iterable[GpuFlavour], queued: Queued | None = None) -> list[Kind]:
    """Every flavour with its figures, in three queries.

    Reads all tenants' shares: who may see which is for the caller to keep.
    """
    chosen, queued = list(flavours), queued or Queued()
    machines = defaultdict(list)
    for machine in machines_of(chosen):
        machines[machine.flavour].append(machine)
    quotas = _quotas(chosen)
    prices = {p.model_id: p for p in Price.objects.in_force().filter(model_id__in=_ids(chosen))}
    waits: dict[tuple, dict] = defaultdict(dict)
    for (cluster, slug, tenant), count in queued.tenants.items():
        waits[cluster, slug][tenant] = count.units
    return [
        Kind(
            each,
            machines[each.pk],
            _shares(quotas[each.pk], machines[each.pk]),
            prices.get(each.pk),
            queued.flavours.get((each.cluster_id, each.slug), Count()),
            waits[each.cluster_id, each.slug],
        )
        for each in chosen
    ]


def prices_now() -> dict:
    """The price in force of each flavour that has one, by the id of the flavour."""
    flavours = GpuFlavour.objects.values("pk")
    return {p.model_id: p for p in Price.objects.in_force().filter(model_id__in=flavours)}


def machines_of(flavours: Iterable[GpuFlavour]) -> list[Machine]:
    """The nodes of some flavours that are there, by name."""
    rows = Node.objects.filter(flavour__in=_ids(flavours), gone_at=None).order_by("name")
    columns = "name", "flavour_id", "gpus", "cpu", "held", "ready", "open", "holdings"
    return [
        Machine(name, flavour, Decimal(gpus) if gpus else cpu, held, _condition(ready, open_now),
                [(h["tenant"], Decimal(h["gpus"]), h["job"]) for h in holdings])
        for name, flavour, gpus, cpu, held, ready, open_now, holdings in rows.values_list(*columns)
    ]  # fmt: skip


def matrix(found: Iterable[Kind]) -> dict[tuple[str, str], Decimal]:
    """(lender, borrower) -> units. What nobody is guaranteed is lent by nobody."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for kind in found:
        for pair, amount in sharing.lent(kind.shares, kind.total).items():
            if pair[0] != sharing.SHARED:
                sums[pair] += amount
    return dict(sums)


def _quotas(flavours: list[GpuFlavour]) -> dict:
    """By flavour: (tenant, guaranteed, borrow, lend) of each place that is open."""
    found = defaultdict(list)
    with tenancy.as_system():  # what others are guaranteed counts, whoever asks
        rows = Quota.objects.filter(flavour__in=_ids(flavours), queue__open=True).values_list(
            "flavour_id", "tenant__slug", "guaranteed", "borrow", "lend"
        )
        for flavour, *terms in rows:
            found[flavour].append(terms)
    return found


def _shares(quotas: list, machines: list[Machine]) -> list[Share]:
    """Everybody's share; who holds something without a quota has borrowed it."""
    used: dict[str, Decimal] = defaultdict(Decimal)
    for machine in machines:
        for tenant, units, _ in machine.holds:
            used[tenant] += units
    shares = [Share(*terms, used=used.pop(terms[0], ZERO)) for terms in quotas]
    return sorted(
        [*shares, *(Share(tenant, used=units) for tenant, units in used.items())],
        key=lambda each: each.tenant,
    )


def _condition(ready: bool, open_now: bool) -> str:
    return "ok" if ready and open_now else "closed" if ready else "silent"


def _ids(flavours: Iterable[GpuFlavour]) -> list:
    return [each.pk for each in flavours]
