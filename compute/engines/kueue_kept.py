"""What was asked of a cluster and is believed for a while."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

MOST_KNOWN = 20_000


class Kept:
    """Something that is asked for again after a while; an answer of others is waited for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Any, tuple[float, Any]] = {}

    def get(
        self, key: Any, seconds: float | Callable[[Any], float], ask: Callable[[], Any]
    ) -> Any:
        """The answer, at most so old; `seconds` may depend on it."""
        with self._lock:
            until, answer = self._known.get(key, (0.0, None))
        if time.monotonic() >= until:
            answer = ask()
            lasts = seconds(answer) if callable(seconds) else seconds
            with self._lock:
                self._known[key] = (time.monotonic() + lasts, answer)
        return answer

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
