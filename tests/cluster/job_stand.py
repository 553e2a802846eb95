"""What tests of the engine work with: a small fleet, orders, and patience."""

import time
import uuid
from collections.abc import Callable
from decimal import Decimal

from compute.engines.fleet import FlavourOrder, FleetOrder, QueueOrder, QuotaOrder
from compute.engines.jobs import PRIORITIES, JobOrder, JobPhase, JobSighting
from compute.engines.kueue import Kueue

PRODUCTS = {
    "a100-40g": "NVIDIA-A100-SXM4-40GB",
    "a100-80g": "NVIDIA-A100-SXM4-80GB",
    "h100-80g": "NVIDIA-H100-80GB-HBM3",
    "l40s": "NVIDIA-L40S",
    "t4": "Tesla-T4",
}
FLAVOURS = tuple(
    FlavourOrder(name, product, cpu=Decimal(384), memory_mb=4 * 2**20)
    for name, product in PRODUCTS.items()
)
CORES = FlavourOrder("cores", cpu=Decimal(64), memory_mb=2**18)
Check = Callable[[JobSighting], object]


def queue(tenant: str, weight: int = 1, **quotas: tuple) -> QueueOrder:
    """Quotas such as `h100_80g=(8, 0)`: guaranteed, and if given what may be borrowed, lent."""
    made = []
    for name, amounts in quotas.items():
        numbers = [None if much is None else Decimal(much) for much in amounts]
        made.append(QuotaOrder(name.replace("_", "-"), *numbers))
    return QueueOrder(tenant, tuple(made), Decimal(weight))


class Stand:
    """An engine, tenants of this test alone, and everything that it ordered."""

    def __init__(self, engine: Kueue) -> None:
        self.engine = engine
        self.mark = uuid.uuid4().hex[:8]
        self.ordered: list[str] = []
        self.applied = FleetOrder((), ())

    def tenant(self, name: str) -> str:
        return f"{name}-{self.mark}"

    def share(self, *queues: QueueOrder, flavours=(*FLAVOURS, CORES), **changes) -> FleetOrder:
        """Apply; the tenants are called by their plain names."""
        own = tuple(QueueOrder(self.tenant(q.tenant), q.quotas, q.weight) for q in queues)
        self.applied = FleetOrder(tuple(flavours), own, **{"priorities": PRIORITIES, **changes})
        self.engine.apply(self.applied)
        return self.applied

    def order(self, name: str, tenant: str = "vision", **asks) -> JobOrder:
        """H100s unless another flavour is asked for."""
        asks = {"flavours": ("h100-80g",), "gpus": Decimal(8), "command": ("train",)} | asks
        asks["gpus"] = Decimal(asks["gpus"])
        name = f"{name}-{self.mark}"
        image = "registry.invalid/train:1"
        return JobOrder(name, f"uid-{name}", self.tenant(tenant), image=image, **asks)

    def start(self, name: str, tenant: str = "vision", **asks) -> str:
        """Order it; its full name."""
        order = self.order(name, tenant, **asks)
        self.ordered.append(order.name)
        self.engine.start(order)
        return order.name

    def until(self, name: str, check: Check | JobPhase, within: float = 30.0) -> JobSighting:
        """The first sighting of which it is true."""
        if isinstance(check, JobPhase):
            return self.until(name, lambda seen: seen.phase is check, within)
        give_up = time.monotonic() + within
        while True:
            seen = self.engine.look(name)
            if check(seen):
                return seen
            assert time.monotonic() < give_up, f"not within {within:.0f} s, at last: {seen}"
            time.sleep(0.05)

    def until_any(self, names: list[str], check: Check, within: float = 30.0) -> JobSighting:
        """The first sighting of any of them of which it is true."""
        give_up = time.monotonic() + within
        while not (found := [seen for seen in map(self.engine.look, names) if check(seen)]):
            assert time.monotonic() < give_up, f"not within {within:.0f} s: {names}"
            time.sleep(0.05)
        return found[0]

    def runs(self, name: str, tenant: str = "vision", **asks) -> JobSighting:
        """Order it, and wait until it runs."""
        return self.until(self.start(name, tenant, **asks), JobPhase.RUNNING)

    def waits(self, name: str, tenant: str = "vision", **asks) -> JobSighting:
        """Order it, and wait until the cluster says why it waits."""
        name = self.start(name, tenant, **asks)
        return self.until(name, lambda seen: seen.phase is JobPhase.WAITING and seen.detail)

    def clear(self) -> None:
        """Stop and forget all that was ordered, and the fleet; what goes wrong at first is told
        when it is gone, so that it fails this test and no other."""
        try:
            self._forget_all()
        except Exception:
            self._forget_all()
            raise
        finally:
            self.engine.apply(FleetOrder((), ()))

    def _forget_all(self) -> None:
        for name in self.ordered:
            self.engine.stop(name)
        for name in self.ordered:
            self.until(name, lambda seen: seen.ended or seen.phase is JobPhase.ABSENT, 150)
            self.engine.forget(name)
        for name in self.ordered:
            self.until(name, JobPhase.ABSENT)
