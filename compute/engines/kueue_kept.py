"""What was asked of a cluster and is believed for a while."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Any

MOST_KNOWN = 20_000
WAITED_FOR = 5.0  # seconds; a cluster that is silent is asked by all who want to know


class Kept:
    """Something that is asked for again after a while, by one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Any, tuple[float, Any]] = {}
        self._asking: dict[Any, threading.Lock] = defaultdict(threading.Lock)

    def get(
        self, key: Any, seconds: float | Callable[[Any], float], ask: Callable[[], Any]
    ) -> Any:
        """The answer, at most so old; `seconds` may depend on it. What another just asks is waited
        for, unless that takes too long."""
        if found := self._fresh(key):
            return found[1]
        with self._lock:
            asking = self._asking[key]
        first = asking.acquire(timeout=WAITED_FOR)
        try:
            if found := self._fresh(key):
                return found[1]
            answer = ask()
            lasts = seconds(answer) if callable(seconds) else seconds
            with self._lock:
                self._known[key] = (time.monotonic() + lasts, answer)
            return answer
        finally:
            if first:
                asking.release()

    def _fresh(self, key: Any) -> tuple[float, Any] | None:
        with self._lock:
            known = self._known.get(key)
        return known if known and time.monotonic() < known[0] else None

    def drop(self, key: Any) -> None:
        with self._lock:
            self._known.pop(key, None)


class Recent(dict):
    """What was noted; what came first goes when there is too much."""

    def note(self, name: Hashable, value: Any) -> Any:
        self[name] = value
        while len(self) > MOST_KNOWN:
            self.pop(next(iter(tuple(self)), None), None)
        return value
