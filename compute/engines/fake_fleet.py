"""The hardware of the job engine for tests: machines, and how they are to be shared."""

from dataclasses import asdict, replace
from typing import Any

from compute.engines.fleet import Drift, FleetOrder, Holding, NodeSighting


class FakeFleet:
    """Machines that a test names, and the last order of how to share them.

    `meddled` is what somebody changed behind our back: it is told as drift until the next
    `apply` heals it.
    """

    def __init__(self) -> None:
        self.machines: dict[str, NodeSighting] = {}
        self.ordered: FleetOrder | None = None
        self.meddled: list[Drift] = []

    def sightings(self, held: list[tuple[str, Holding]]) -> tuple[NodeSighting, ...]:
        """Every machine by name; `held` are (machine, holding)."""
        return tuple(
            replace(
                self.machines[name],
                holdings=tuple(holding for node, holding in held if node == name),
            )
            for name in sorted(self.machines)
        )

    def drift(self, order: FleetOrder) -> tuple[Drift, ...]:
        """What of `order` was never applied or was applied otherwise, and what is left over."""
        wanted, found = _things(order), _things(self.ordered)
        missing = [_compare(key, wanted.get(key), found.get(key)) for key in wanted | found]
        return (*filter(None, missing), *self.meddled)

    def apply(self, order: FleetOrder) -> None:
        """From now on it is as ordered."""
        self.ordered, self.meddled = order, []


def _things(order: FleetOrder | None) -> dict[str, Any]:
    if order is None:
        return {}
    kinds = {f"flavour {one.name}": asdict(one) for one in order.flavours}
    queues = {f"queue {one.tenant}": asdict(one) for one in order.queues}
    return kinds | queues | {f"priority {k}": {"value": v} for k, v in order.priorities.items()}


def _compare(thing: str, wanted: dict | None, found: dict | None) -> Drift | None:
    if wanted is None or found is None:
        words = ("missing", "there", "nothing") if found is None else ("extra", "nothing", "there")
        return Drift(thing, *words)
    for what, value in wanted.items():
        if value != found[what]:
            return Drift(thing, what, str(value), str(found[what]))
    return None
