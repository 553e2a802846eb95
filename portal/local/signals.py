"""Ctrl-C and its kin: the first asks for an orderly stop, the second ends everything at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StopAsked(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal while something was being started."""


class Signals:
    """Turns signals into `StopAsked`; once `stopping` is set, into a call of `end_at_once`."""

    def __init__(self, end_at_once: Callable[[], None]):
        self.end_at_once = end_at_once
        self.stopping = False

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """What happens inside hears them; afterwards they mean what they meant before."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, *_) -> None:
        if self.stopping:
            self.end_at_once()
            return
        self.stopping = True
        raise StopAsked
