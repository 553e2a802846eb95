"""One serving of the model host: an order, a port that outlives workers, its replicas."""

import asyncio
import hashlib
import hmac
import json
import secrets
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from compute.engines.base import ServingOrder, ServingPhase, ServingSighting
from compute.engines.host_replica import Employment, Patience, Replica

BACKLOG = 256
BEST_FIRST = (
    ServingPhase.READY,
    ServingPhase.UNHEALTHY,
    ServingPhase.STARTING,
    ServingPhase.FAILED,
)


@dataclass(frozen=True)
class Remembered:
    """What the host writes down about a serving; there is no secret in it."""

    order: ServingOrder
    nonce: str
    port: int


class Serving:
    """An order being carried out.

    The host opens the port and its workers inherit it, so the address stays the same across
    restarts, a caller waits for the next worker instead of being refused, and replicas share it.
    """

    def __init__(
        self,
        order: ServingOrder,
        *,
        key: str,
        logs: Path,
        scratch: Path,
        patience: Patience,
        nonce: str = "",
        port: int = 0,
    ) -> None:
        self.order = order
        self.nonce = nonce or secrets.token_hex(16)
        self.secret = _secret(key, order, self.nonce)
        self._started_at = datetime.fromtimestamp(time.time(), UTC)
        self._port = port
        self._socket: socket.socket | None = None
        self._replicas: list[Replica] = []
        self._tasks: list[asyncio.Task] = []
        self._log = logs / f"{order.name}.log"
        self._scratch, self._patience = scratch, patience

    def begin(self) -> None:
        """Open the port and start the workers."""
        if not self.order.replicas:
            return
        self._socket = _listen(self._port)
        self._port = self._socket.getsockname()[1]
        job = Employment(
            order=self.order,
            secret=self.secret,
            listen_fd=self._socket.fileno(),
            log=self._log,
            scratch=self._scratch,
            patience=self._patience,
        )
        for _ in range(self.order.replicas):
            replica = Replica(job, self._moved)
            self._replicas.append(replica)
            self._tasks.append(asyncio.create_task(replica.keep()))

    async def end(self) -> None:
        """Stop the workers and close the port."""
        await asyncio.gather(*(replica.stop() for replica in self._replicas))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._close()

    def remembered(self) -> Remembered:
        """What is written down."""
        return Remembered(self.order, self.nonce, self._port)

    def sighting(self) -> ServingSighting:
        """What is seen now: the best that any replica offers."""
        phase, reason = ServingPhase.STOPPED, "Scaled to no replicas."
        for candidate in BEST_FIRST:
            found = [replica for replica in self._replicas if replica.phase is candidate]
            if found:
                phase, reason = candidate, found[0].reason
                break
        ready = sum(replica.phase is ServingPhase.READY for replica in self._replicas)
        return ServingSighting(
            name=self.order.name,
            phase=phase,
            address=f"http://127.0.0.1:{self._port}" if self._socket else None,
            reason=reason,
            started_at=self._started_at,
            restarts=sum(replica.restarts for replica in self._replicas),
            ready_replicas=ready,
            order=self.order,
            secret=self.secret,
        )

    def _moved(self) -> None:
        phases = {replica.phase for replica in self._replicas}
        if phases == {ServingPhase.FAILED}:
            self._close()  # nobody will answer: let callers be refused at once

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _listen(port: int) -> socket.socket:
    for wanted in dict.fromkeys((port, 0)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", wanted))
        except OSError:
            listener.close()
            continue
        listener.listen(BACKLOG)
        listener.setblocking(False)
        return listener
    raise OSError("No free port on the loopback address.")


def _secret(key: str, order: ServingOrder, nonce: str) -> str:
    text = json.dumps([order.as_dict(), nonce], sort_keys=True)
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
