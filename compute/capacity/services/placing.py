"""What fits: whole places on nodes, not just a number of free GPUs."""

from collections.abc import Iterable
from decimal import Decimal

from compute.capacity.models import GpuFlavour, Node

SIZES = (1, 2, 4, 6, 8)


def placeable(flavour: GpuFlavour, now: bool = True) -> dict:
    """The largest jobs that fit in `flavour`: now, or with all its usable nodes empty.

    `gpus_one_node` is the most whole GPUs (cores where there are none) free on one node;
    `nodes_of` says for 1, 2, 4, 6 and 8 of them how many nodes have so many free, which is the
    largest job of that size over several nodes; `places` how many one-node jobs of each size fit
    side by side.
    """
    return placeable_on(free_by_node(flavour, now=now))


def placeable_on(free: Iterable[Decimal], sizes: Iterable[int] = SIZES) -> dict:
    """The same for the free units of given nodes."""
    whole = [int(units) for units in free]
    return {
        "gpus_one_node": max(whole, default=0),
        "nodes_of": {size: sum(units >= size for units in whole) for size in sizes},
        "places": {size: sum(units // size for units in whole) for size in sizes},
    }


def free_by_node(flavour: GpuFlavour, *, now: bool = True) -> list[Decimal]:
    """Free units of each usable node of `flavour`, or all it has when not `now`."""
    nodes = Node.objects.filter(flavour=flavour).usable().only(
        "gpus", "cpu", "held", "ready", "open", "gone_at"
    )  # fmt: skip
    return [node.free if now else node.units for node in nodes]
