"""Patience with a model that is being started: a call waits for it instead of failing."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from compute.gateway.accounts import Accounts
from compute.gateway.admission import Admitted, not_ready
from compute.gateway.config import MOST_WAITING
from compute.gateway.upstream import Absent, Answer, Unreached

LOOK_EVERY = 0.5  # seconds


class WaitingRoom:
    """Calls whose model does not answer yet; a bounded number, for a bounded time."""

    def __init__(self, accounts: Accounts, patience: float):
        self._accounts, self._patience = accounts, patience
        self._inside, self._closed = 0, False

    def close(self) -> None:
        """Let everybody who waits go; the process ends."""
        self._closed = True

    async def reached(
        self, admitted: Admitted, ask: Callable[[Admitted], Awaitable[Answer]]
    ) -> Answer:
        """The answer of `ask`, made as soon as the model is there.

        Raises `Unreached`: 503 when the model does not come in time, and whatever `ask` raises
        once the call has reached it.
        """
        answer = await _asked(admitted, ask)
        if answer is None:
            answer = await self._waited(admitted, ask)
        if answer is None:
            raise Unreached(503, not_ready(admitted))
        return answer

    async def _waited(self, admitted: Admitted, ask) -> Answer | None:
        if self._inside >= MOST_WAITING:
            return None
        until = time.monotonic() + self._patience
        self._inside += 1
        try:
            while admitted.state != "down" and not self._closed and time.monotonic() < until:
                await asyncio.sleep(LOOK_EVERY)
                admitted = await self._accounts.look_again(admitted)
                answer = await _asked(admitted, ask)
                if answer is not None:
                    return answer
            return None
        finally:
            self._inside -= 1


async def _asked(admitted: Admitted, ask) -> Answer | None:
    """None where nobody listens: nothing was sent."""
    if admitted.state != "ready":
        return None
    try:
        return await ask(admitted)
    except Absent:
        return None
