"""Hints from the keeper to open pages: many in one go, over one connection that stays open."""

import asyncio
import logging
import threading
from collections.abc import Iterable

from channels.layers import get_channel_layer

from compute.jobs.broadcast import LOG, group_of

log = logging.getLogger(__name__)
EVERY_S = 0.02


class Hints:
    """Says that logs have grown. What is hinted at several times within `EVERY_S` is said once;
    while nobody can be told, hints are dropped: pages look by themselves now and then."""

    def __init__(self) -> None:
        self._wanted: set = set()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
        self._over = False

    def start(self) -> "Hints":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._over = True
        self._loop.call_soon_threadsafe(self._wake.set)
        self._thread.join(5)

    def logged(self, job_ids: Iterable) -> None:
        """These logs have grown; returns at once."""
        with self._lock:
            self._wanted.update(job_ids)
        self._loop.call_soon_threadsafe(self._wake.set)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._tell())
        self._loop.close()

    async def _tell(self) -> None:
        layer = get_channel_layer()
        while not self._over:
            await self._wake.wait()
            self._wake.clear()
            with self._lock:
                jobs, self._wanted = self._wanted, set()
            said = [layer.group_send(group_of(j), {"type": "moved", "what": LOG}) for j in jobs]
            results = await asyncio.gather(*said, return_exceptions=True)
            if lost := [each for each in results if isinstance(each, Exception)]:
                log.warning("%s hints were lost: %s", len(lost), lost[0])
            await asyncio.sleep(EVERY_S)
