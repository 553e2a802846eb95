"""Hints to open pages that something moved; never what, they read it again.

One thread of each process sends them over one connection that stays open, so that nobody who
changed something waits for it. While nobody can be told hints are dropped: pages look by
themselves now and then.
"""

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Iterable

from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)
GATHER_S = 0.02  # what is hinted at several times within this is said once
MOST_WAITING = 10_000
ENDS_WITHIN_S = 1.0


def moved(groups: Iterable[str], what: str) -> None:
    """After commit, hint to the pages in these groups that `what` should be read again."""
    said = [(group, what) for group in groups]
    if said:
        transaction.on_commit(lambda: say(said), robust=True)


def say(hints: Iterable[tuple[str, str]]) -> None:
    """The same at once, of what is stored already: pairs of a group and what moved."""
    if pairs := list(hints):
        _teller().say(pairs)


class Teller:
    """The thread; `say` returns at once."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], None] = {}
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
        self._thread.start()

    def say(self, hints: Iterable[tuple[str, str]]) -> None:
        with self._lock:
            self._waiting |= dict.fromkeys(hints)
            lost = len(self._waiting) - MOST_WAITING
            for hint in list(self._waiting)[: max(0, lost)]:
                del self._waiting[hint]
        self._loop.call_soon_threadsafe(self._wake.set)

    def stop(self) -> None:
        """Say what waits, then end."""
        self._over = True
        self._loop.call_soon_threadsafe(self._wake.set)
        self._thread.join(ENDS_WITHIN_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._tell())

    async def _tell(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            with self._lock:
                hints, self._waiting = self._waiting, {}
            await _send(hints)
            if self._over:
                return
            await asyncio.sleep(GATHER_S)


async def _send(hints: Iterable[tuple[str, str]]) -> None:
    send = get_channel_layer().group_send
    said = [send(group, {"type": "moved", "what": what}) for group, what in hints]
    results = await asyncio.gather(*said, return_exceptions=True)
    if lost := [each for each in results if isinstance(each, Exception)]:
        log.warning("%s hints were lost: %s", len(lost), lost[0])


_tellers: dict[int, Teller] = {}
_making = threading.Lock()


def _teller() -> Teller:
    """That of this process: a fork begins its own."""
    with _making:
        found = _tellers.get(os.getpid())
        if found is None:
            found = _tellers[os.getpid()] = Teller()
            atexit.register(found.stop)
        return found
