"""Reads a stream of lines in a thread of its own, so that whoever waits for it can do else."""

import queue
import threading
from collections.abc import Callable, Iterator

from compute.engines.jobs import EngineRefused, EngineUnavailable
from compute.engines.kueue_client import Lines

MOST_WAITING = 4096
LOOK_EVERY = 0.5


class Pump:
    """Opens a stream and hands its lines over; what is not taken holds the stream back.

    A socket cannot be waited for and given up at once, which is why there is a thread: `close`
    ends it from outside.
    """

    def __init__(self, opened: Callable[[], Lines], into: queue.Queue | None = None) -> None:
        self.lines: queue.Queue = into or queue.Queue(MOST_WAITING)
        self._open = opened
        self._closed = threading.Event()
        self._stream: Lines | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """No line comes after this."""
        self._closed.set()
        if self._stream:
            self._stream.close()

    def taken(self, within: float) -> Iterator[object]:
        """What has come, waiting for the first at most so long: lines, then how it ended."""
        try:
            yield self.lines.get(timeout=within)
            while True:
                yield self.lines.get_nowait()
        except queue.Empty:
            return

    def _run(self) -> None:
        try:
            self._stream = self._open()
            if self._closed.is_set():
                self._stream.close()
            for line in self._stream:
                if not self._put(line):
                    return
            self._put(Ended())
        except (EngineUnavailable, EngineRefused) as problem:
            self._put(Ended(problem))

    def _put(self, what: object) -> bool:
        while not self._closed.is_set():
            try:
                self.lines.put(what, timeout=LOOK_EVERY)
                return True
            except queue.Full:
                continue
        return False


class Ended:
    """The last thing of a stream: with a problem, or in order."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
