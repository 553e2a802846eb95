"""What we ask of a cluster about its hardware, and how it is to be shared. No Django."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from marketplace.engines.base import EngineRefused, EngineUnavailable

__all__ = [
    "Drift",
    "EngineRefused",
    "EngineUnavailable",
    "FlavourOrder",
    "FleetEngine",
    "FleetOrder",
    "Holding",
    "NodeSighting",
    "QueueOrder",
    "QuotaOrder",
]


@dataclass(frozen=True)
class Holding:
    """A job's hold on a node: the name of the attempt, its tenant (slug), and how many GPUs;
    how many cores on a node without GPUs."""

    job: str
    tenant: str
    gpus: Decimal


@dataclass(frozen=True)
class NodeSighting:
    """One machine as the cluster describes it. `gpus` counts whole GPUs; `parts` is into how many
    each is divided for sharing, 1 where it is not. Memory in MB."""

    name: str
    product: str = ""  # of its GPUs, as their driver names it; empty without any
    gpu_memory_mb: int = 0
    gpus: int = 0
    parts: int = 1
    cpu: Decimal = Decimal(0)
    memory_mb: int = 0
    region: str = ""
    block: str = ""
    rack: str = ""
    ready: bool = True
    open: bool = True  # new work may go there
    holdings: tuple[Holding, ...] = ()


@dataclass(frozen=True)
class FlavourOrder:
    """A kind of hardware: which nodes have it (`product` empty: those without GPUs; `region`
    empty: those of any).

    `gpus`, `cpu` and `memory_mb` are what its usable nodes have together; queues are not held
    back by the last two. What nobody is guaranteed of the GPUs (of the cores where there are
    none) is for all: whoever may borrow takes of it by weight.
    """

    name: str
    product: str = ""
    region: str = ""
    parts: int = 1
    gpus: int = 0
    cpu: Decimal = Decimal(0)
    memory_mb: int = 0


@dataclass(frozen=True)
class QuotaOrder:
    """GPUs of one flavour, or cores where it has no GPUs. None is as much as there is."""

    flavour: str
    guaranteed: Decimal
    borrow: Decimal | None = None
    lend: Decimal | None = None


@dataclass(frozen=True)
class QueueOrder:
    """One tenant's place: its share of what is lent goes by `weight`."""

    tenant: str
    quotas: tuple[QuotaOrder, ...]
    weight: Decimal = Decimal(1)


@dataclass(frozen=True)
class FleetOrder:
    """How a cluster is to be shared. `priorities` are names with values, higher first."""

    flavours: tuple[FlavourOrder, ...]
    queues: tuple[QueueOrder, ...]
    priorities: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Drift:
    """Something in the cluster is not as ordered: which thing, what of it, wanted and found."""

    thing: str
    what: str
    wanted: str
    found: str


class FleetEngine(Protocol):
    """The port. Methods raise `EngineUnavailable` (ask again) or `EngineRefused`, nothing else."""

    def ready(self) -> bool:
        """Whether the cluster answers now. Never raises."""

    def version(self) -> str:
        """What the cluster calls itself, for people: "Kubernetes v1.36.4, Kueue v0.19.2"."""

    def nodes(self) -> tuple[NodeSighting, ...]:
        """Every machine that jobs could go to, by name."""

    def drift(self, order: FleetOrder) -> tuple[Drift, ...]:
        """What is not as ordered; empty when all is."""

    def apply(self, order: FleetOrder) -> None:
        """Make it so. What was once ordered here and is ordered no more is removed, unless jobs
        of it are left. Applying twice is applying once."""
