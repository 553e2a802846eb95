"""Which kinds of hardware can ever hold what a job needs, and what they cost."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count

from compute.capacity.models import Cluster, GpuFlavour, Node, Queue
from compute.capacity.services.shares import limits
from portal.core.errors import Refused
from tenants.chargeback.models import Price
from tenants.chargeback.services import price_in_force
from tenants.directory.models import Tenant


@dataclass(frozen=True)
class Needs:
    """What one node of a job takes; `gpus` below one is a part of a shared GPU."""

    gpus: Decimal
    gpu_memory_gb: int = 0
    nodes: int = 1
    region: str = ""
    cpu: Decimal = Decimal(0)
    memory_gb: Decimal = Decimal(0)

    @property
    def units(self) -> Decimal:
        """What all nodes take of a quota: GPUs, or cores where none are asked for."""
        return (self.gpus or self.cpu) * self.nodes


@dataclass(frozen=True)
class Shape:
    """What `count` nodes of a kind have each."""

    gpus: Decimal
    cpu: Decimal
    memory_mb: int
    count: int


def fitting(
    tenant: Tenant, *, gpus, gpu_memory_gb, nodes=1, region="", cpu=0, memory_gb=0
) -> list[GpuFlavour]:
    """Flavours that could hold the job if nothing else ran, the best first.

    Smallest memory of a GPU first, then the oldest generation. Of open clusters where `tenant`
    has a place, within what it is guaranteed and may borrow. Raises `Refused`, with the field at
    fault, in words that say what would fit.
    """
    needs = Needs(
        Decimal(gpus),
        int(gpu_memory_gb or 0),
        int(nodes),
        region,
        Decimal(cpu),
        Decimal(memory_gb),
    )
    _check_part(needs.gpus)
    found = _open_to(tenant)
    found = _of_kind(found, needs)
    found = _in_region(found, needs)
    found = _with_memory(found, needs)
    found = _on_nodes(found, needs)
    found = _within_quota(found, tenant, needs)
    order = sorted(found, key=lambda each: (each.memory_gb, each.generation, each.slug))
    return sorted(order, key=lambda each: each.cluster.reachable is False)


def hourly(flavour: GpuFlavour) -> Price | None:
    """What one GPU (one core where there are none) costs for an hour; None if nobody has said."""
    return price_in_force(flavour.pk)


def _check_part(gpus: Decimal) -> None:
    if gpus > 1 and gpus != int(gpus):
        words = "A part of a GPU is less than one: ask for 0.5, or for whole GPUs."
        raise Refused(words, field="gpus")


def _open_to(tenant: Tenant) -> list[GpuFlavour]:
    closed = Queue.objects.filter(tenant=tenant, open=False).values("cluster")
    clusters = Cluster.objects.filter(open=True).exclude(pk__in=closed)
    found = list(GpuFlavour.objects.filter(cluster__in=clusters).select_related("cluster"))
    if not found:
        raise Refused(f"No cluster is open to {tenant} now. Ask an operator.")
    return found


def _of_kind(found: list[GpuFlavour], needs: Needs) -> list[GpuFlavour]:
    """Whole GPUs where they are not shared, parts where they are, cores where there are none."""
    if not needs.gpus:
        kept = [each for each in found if not each.has_gpus]
        return kept or _none("No nodes without GPUs are there. Ask for a GPU.", "gpus")
    kept = [each for each in found if each.has_gpus]
    if not kept:
        _none("There are no GPUs here. Ask for 0 GPUs.", "gpus")
    if needs.gpus >= 1:
        whole = [each for each in kept if each.parts == 1]
        return whole or _none("GPUs are given here in parts only. Ask for less than one.", "gpus")
    shared = [each for each in kept if each.parts > 1]
    if not shared:
        _none("No GPUs are shared here. Ask for whole ones.", "gpus")
    even = [each for each in shared if needs.gpus * each.parts == int(needs.gpus * each.parts)]
    parts = sorted({each.parts for each in shared})
    told = " or ".join(f"{Decimal(1) / part:.2f}".rstrip("0") for part in parts)
    return even or _none(f"GPUs are shared in parts of {told}. Ask for a multiple.", "gpus")


def _in_region(found: list[GpuFlavour], needs: Needs) -> list[GpuFlavour]:
    if not needs.region:
        return found
    kept = [each for each in found if (each.region or each.cluster.region) == needs.region]
    kind = "GPUs" if needs.gpus else "nodes"
    return kept or _none(f"There are no such {kind} in {needs.region}.", "region")


def _with_memory(found: list[GpuFlavour], needs: Needs) -> list[GpuFlavour]:
    kept = [each for each in found if each.memory_gb >= needs.gpu_memory_gb or not needs.gpus]
    largest = max(each.memory_gb for each in found)
    words = f"The largest GPU here has {largest} GB. Ask for {largest} GB or less."
    return kept or _none(words, "gpu_memory_gb")


def _on_nodes(found: list[GpuFlavour], needs: Needs) -> list[GpuFlavour]:
    """Those with enough nodes that could each hold one node of the job, were they empty."""
    shapes = defaultdict(list)
    nodes = Node.objects.filter(flavour__in=found, gone_at=None, open=True).order_by()
    for row in nodes.values("flavour", "gpus", "cpu", "memory_mb").annotate(count=Count("pk")):
        shapes[row.pop("flavour")].append(Shape(**row))
    roomy = {
        each.pk: sum(shape.count for shape in shapes[each.pk] if _holds(shape, needs))
        for each in found
    }
    kept = [each for each in found if roomy[each.pk] >= needs.nodes]
    if kept:
        return kept
    seen = [shape for each in found for shape in shapes[each.pk]]
    if not seen:
        _none("No node with such hardware takes work now. Ask an operator.", "gpus")
    if max(roomy.values()):
        most = max(roomy.values())
        _none(f"{_only(most)} Ask for {most}{' or fewer' if most > 1 else ''}.", "nodes")
    return _none(*_too_much_for_one(seen, needs))


def _only(most: int) -> str:
    return (
        "Only 1 node could hold that." if most == 1 else f"Only {most} nodes could each hold that."
    )


def _holds(node: Shape, needs: Needs) -> bool:
    return (
        node.gpus >= needs.gpus
        and node.cpu >= needs.cpu
        and Decimal(node.memory_mb) >= needs.memory_gb * 1024
    )


def _too_much_for_one(seen: list[Shape], needs: Needs) -> tuple[str, str]:
    """What is too much for any one node, and the field that asks for it."""
    most = max(node.gpus for node in seen)
    if needs.gpus > most:
        return (
            f"One node has {_count(most, 'GPU')} at most. Spread the job over several nodes.",
            "gpus",
        )
    cores = max(node.cpu for node in seen)
    if needs.cpu > cores:
        return f"One such node has {_count(cores, 'core')} at most. Ask for fewer.", "cpu"
    memory = max(node.memory_mb for node in seen) // 1024
    if needs.memory_gb > memory:
        return f"One such node has {memory} GB of memory at most. Ask for less.", "memory_gb"
    return "No one node has all of that together. Ask for less of one thing.", "gpus"


def _within_quota(found, tenant: Tenant, needs: Needs) -> list[GpuFlavour]:
    most = limits(found, tenant)
    kept = [each for each in found if most[each.pk] >= needs.units]
    if kept:
        return kept
    best = max(most.values())
    words = (
        f"{tenant} may have {_count(best, found[0].unit)} of that at most, borrowed ones "
        f"included; the job needs {needs.units.normalize():f}. "
        "Ask for fewer, or an operator for more quota."
    )
    return _none(words, "gpus" if needs.gpus else "cpu")


def _count(amount, unit: str) -> str:
    return f"{Decimal(amount).normalize():f} {unit}{'' if amount == 1 else 's'}"


def _none(words: str, field: str):
    raise Refused(words, field=field)
