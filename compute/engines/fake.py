"""A serving engine in a dictionary, with the manners of the real one; for tests."""

import time
from dataclasses import replace
from datetime import UTC, datetime

from compute.engines.base import (
    EngineUnavailable,
    Runtime,
    ServingOrder,
    ServingPhase,
    ServingSighting,
)


class FakeServing:
    """A `ServingEngine` in memory. An order becomes ready when `settle()` is called.

    `unknown` holds the (model, version) pairs that fail as a version missing in the registry
    does. Set `down = True` to take the engine away.
    """

    def __init__(self) -> None:
        self.down = False
        self.unknown: set[tuple[str, int]] = set()
        self.installed = Runtime("3.11.9", {"mlflow": "3.6.0", "scikit-learn": "1.7.2"})
        self._seen: dict[str, ServingSighting] = {}
        self._secrets = 0

    def settle(self) -> None:
        """Let everything that is starting become ready or fail."""
        for name, seen in self._seen.items():
            if seen.phase is ServingPhase.STARTING:
                self._seen[name] = self._settled(seen)

    def crash(self, name: str) -> None:
        """Kill a worker: the serving starts again and remembers that."""
        seen = self._seen[name]
        self._seen[name] = replace(
            seen, phase=ServingPhase.STARTING, restarts=seen.restarts + 1, ready_replicas=0
        )

    def ready(self) -> bool:
        """Whether the engine is up."""
        return not self.down

    def look(self, name: str) -> ServingSighting:
        """One serving."""
        self._check()
        nobody = ServingSighting(name, ServingPhase.STOPPED, reason="Nobody ordered it.")
        return self._seen.get(name, nobody)

    def start(self, order: ServingOrder) -> ServingSighting:
        """Order one."""
        self._check()
        seen = self._seen.get(order.name)
        if seen is None or seen.order != order or seen.phase is ServingPhase.FAILED:
            self._secrets += 1
            self._seen[order.name] = ServingSighting(
                order.name,
                ServingPhase.STARTING if order.replicas else ServingPhase.STOPPED,
                address=f"http://127.0.0.1:{40_000 + self._secrets}" if order.replicas else None,
                reason="" if order.replicas else "Scaled to no replicas.",
                started_at=datetime.fromtimestamp(time.time(), UTC),
                order=order,
                secret=f"secret-{self._secrets}",
            )
        return self._seen[order.name]

    def stop(self, name: str) -> None:
        """Stop one."""
        self._check()
        self._seen.pop(name, None)

    def list(self) -> tuple[ServingSighting, ...]:
        """All of them."""
        self._check()
        return tuple(self._seen[name] for name in sorted(self._seen))

    def runtime(self) -> Runtime:
        """What a test says is installed."""
        self._check()
        return self.installed

    def _check(self) -> None:
        if self.down:
            raise EngineUnavailable("The model host is down.")

    def _settled(self, seen: ServingSighting) -> ServingSighting:
        order = seen.order
        if order is not None and (order.model, order.version) in self.unknown:
            reason = f"Version {order.version} of {order.model} was not found in the registry."
            return replace(seen, phase=ServingPhase.FAILED, reason=reason, address=None)
        replicas = order.replicas if order else 0
        return replace(seen, phase=ServingPhase.READY, ready_replicas=replicas)
