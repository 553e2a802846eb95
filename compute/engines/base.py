"""What we ask of a program or cluster that serves models, in our own words. No Django."""

import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from marketplace.engines.base import EngineRefused, EngineUnavailable

__all__ = [
    "EngineRefused",
    "EngineUnavailable",
    "ServingEngine",
    "ServingOrder",
    "ServingPhase",
    "ServingSighting",
]

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MOST_REPLICAS = 8
MOST_MEMORY_MB = 64 * 1024
LEAST_MEMORY_MB = 640  # the runtime alone takes about 460


class ServingPhase(StrEnum):
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"  # it was ready and does not answer now
    STOPPED = "stopped"
    FAILED = "failed"  # it was given up; the reason says why


@dataclass(frozen=True)
class ServingOrder:
    """What should run. `name` derives from our id, so that ordering twice is ordering once."""

    name: str
    model: str
    version: int
    environment: str
    replicas: int = 1
    memory_mb: int = 1024  # of each replica
    cpu: float = 1.0  # cores of each replica

    def __post_init__(self) -> None:
        """Refuse what no engine could run, with words for the human."""
        if not NAME.fullmatch(self.name):
            raise EngineRefused(
                "A serving's name has 1 to 63 lower-case letters, digits and inner hyphens."
            )
        if not self.model or self.version < 1:
            raise EngineRefused("A serving needs a model and a version number from 1.")
        if not 0 <= self.replicas <= MOST_REPLICAS:
            raise EngineRefused(f"Replicas run from 0 to {MOST_REPLICAS}.")
        if not LEAST_MEMORY_MB <= self.memory_mb <= MOST_MEMORY_MB:
            raise EngineRefused(
                f"Memory runs from {LEAST_MEMORY_MB} to {MOST_MEMORY_MB} MB a replica."
            )
        if not 0 < self.cpu <= 64:
            raise EngineRefused("CPU runs from above 0 to 64 cores a replica.")

    def as_dict(self) -> dict:
        """The order as JSON would hold it."""
        return asdict(self)


@dataclass(frozen=True)
class ServingSighting:
    """What the engine says about one serving at one moment.

    `address` is a base URL (`http://127.0.0.1:40123`), present while requests may be sent there;
    `secret` the bearer token that it wants. `order` is what was ordered, None when unknown.
    """

    name: str
    phase: ServingPhase
    address: str | None = None
    reason: str = ""
    started_at: datetime | None = None
    restarts: int = 0
    ready_replicas: int = 0
    order: ServingOrder | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Runtime:
    """What is installed where models are served: Python, and distributions by normalised name."""

    python: str
    packages: dict[str, str]


class ServingEngine(Protocol):
    """The port. Methods raise `EngineUnavailable` (ask again) or `EngineRefused`, nothing else."""

    def ready(self) -> bool:
        """Whether the engine answers now. Never raises."""

    def look(self, name: str) -> ServingSighting:
        """What is seen of one serving; phase `stopped` for a name that nobody ordered."""

    def start(self, order: ServingOrder) -> ServingSighting:
        """Order a serving. The same order again changes nothing, unless it had failed: then it
        is tried afresh. A changed order replaces what runs and gets a new secret."""

    def stop(self, name: str) -> None:
        """Stop a serving and forget its order; stopping what does not run is fine."""

    def list(self) -> tuple[ServingSighting, ...]:
        """Everything that is ordered, by name."""

    def runtime(self) -> Runtime:
        """What the processes that serve models have installed, as found there."""
