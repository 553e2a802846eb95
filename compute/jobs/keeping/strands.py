"""Threads of the keeper: each ends when it is told to, and says so when it broke."""

import logging
import random
import threading
from collections.abc import Callable

from django.db import connection

log = logging.getLogger(__name__)
FIRST_S, LONGEST_S = 0.5, 30.0


class Strand:
    """One thread. `work(stopped)` runs until it returns; `stop` asks, nobody waits for it.

    A thread that hangs in a call that never ends cannot be ended: it is left alone, and whatever
    it still does is refused by the fences around writes.
    """

    def __init__(self, name: str, work: Callable[[Callable[[], bool]], None]) -> None:
        self.name = name
        self._work = work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> "Strand":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()

    def stopped(self) -> bool:
        return self._stop.is_set()

    def rest(self, seconds: float) -> None:
        """Sleep, or less when asked to stop."""
        self._stop.wait(seconds)

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._work(self.stopped)
        except Exception:
            log.exception("%s broke", self.name)
        finally:
            connection.close()


class Pauses:
    """How long to wait before the next try: longer each time, with jitter, until one went well."""

    def __init__(self, first: float = FIRST_S, longest: float = LONGEST_S) -> None:
        self.first, self.longest, self._next = first, longest, first

    def after_failure(self) -> float:
        pause, self._next = self._next, min(self.longest, self._next * 2)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311

    def went_well(self) -> None:
        self._next = self.first
