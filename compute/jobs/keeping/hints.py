"""Hints from the keeper to open pages: many in one go, over one connection that stays open."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Iterable

from channels.layers import get_channel_layer

from compute.jobs.broadcast import JOB, LOG, group_of

log = logging.getLogger(__name__)
EVERY_S = 0.02
STATE_EVERY_S = 2.0  # programs tell of their progress far more often than people look


class Hints:
    """Says that logs have grown. What is hinted at several times within `EVERY_S` is said once;
    while nobody can be told, hints are dropped: pages look by themselves now and then.

    That a job told how far it is goes out at most once in `STATE_EVERY_S`, the last one too."""

    def __init__(self) -> None:
        self._wanted: set = set()
        self._told: set = set()
        self._said: dict = {}
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

    def told(self, job_ids: Iterable) -> None:
        """These jobs told how far they are; returns at once."""
        with self._lock:
            self._told.update(job_ids)
        self._loop.call_soon_threadsafe(self._wake.set)

    def _due(self, now: float) -> list[tuple]:
        """What is to be said now, as pairs of a job and what of it moved."""
        with self._lock:
            logs, self._wanted = self._wanted, set()
            recent = {job: at for job, at in self._said.items() if now - at < STATE_EVERY_S}
            states = self._told - recent.keys()
            self._told -= states
        self._said = recent | dict.fromkeys(states, now)
        return [(job, LOG) for job in logs] + [(job, JOB) for job in states]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._tell())
        self._loop.close()

    async def _tell(self) -> None:
        layer = get_channel_layer()
        while not self._over:
            patience = STATE_EVERY_S / 4 if self._told else None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), patience)
            self._wake.clear()
            due = self._due(time.monotonic())
            said = [layer.group_send(group_of(j), {"type": "moved", "what": w}) for j, w in due]
            results = await asyncio.gather(*said, return_exceptions=True)
            if lost := [each for each in results if isinstance(each, Exception)]:
                log.warning("%s hints were lost: %s", len(lost), lost[0])
            await asyncio.sleep(EVERY_S)
