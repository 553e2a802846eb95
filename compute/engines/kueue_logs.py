"""The log of one pod, line by line, from where somebody stopped reading."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from compute.engines import kueue_names as names
from compute.engines import kueue_pods as pods
from compute.engines.jobs import EngineRefused, EngineUnavailable, LogMark, LogPiece, LogPieces
from compute.engines.kueue_client import Answered, Client
from compute.engines.kueue_pump import Ended, Pump

IDLE = 300.0  # a program may say nothing for long; then the line is made anew
HEARTBEAT = 1.0
LATE = 0.1
PAUSE = 0.5
SELDOM = 15.0


@dataclass
class Place:
    """The time of the last line that was read, and how many of that time were."""

    stamp: str = ""
    count: int = 0

    @classmethod
    def of(cls, mark: LogMark) -> "Place":
        """From a mark; refuses what is none."""
        stamp, _, count = mark.text.partition(" ")
        if not mark.text:
            return cls()
        try:
            datetime.fromisoformat(_readable(stamp))
            return cls(stamp, int(count))
        except ValueError:
            raise EngineRefused("This is no mark of a log.") from None

    def passed(self, stamp: str) -> LogMark:
        """One more line was read."""
        self.count = self.count + 1 if stamp == self.stamp else 1
        self.stamp = stamp
        return LogMark(f"{self.stamp} {self.count}")


class Log:
    """Reads one pod's log; lines whose time is the mark's are skipped by number."""

    def __init__(self, client: Client, namespace: str, pod: str, after: LogMark) -> None:
        self._client = client
        self._pod = f"{names.pods_in(namespace)}/{pod}"
        self._place = Place.of(after)
        self._skip = self._place.count

    def pieces(self, stopped: Callable[[], bool]) -> Iterator[LogPieces]:
        """Until the pod has ended and all is read.

        Raises EngineUnavailable where there is no log of it now; whoever asks again chooses when.
        """
        while not stopped():
            pod = self._client.find(self._pod)
            if pod is None:
                return
            over = _is_over(pod)
            if not over and pod["status"].get("phase") != "Running":
                yield []
                time.sleep(PAUSE)
                continue
            yield from self._stream(stopped, over)
            if over:
                return

    def _stream(self, stopped: Callable[[], bool], over: bool) -> Iterator[LogPieces]:
        """One line to the cluster: to the end of the log, or until the pod has ended.

        Not every kubelet ends what it is asked to follow, so a silent pod is looked at, ever more
        seldom.
        """
        self._skip = self._place.count
        pump = Pump(lambda: self._opened(follow=not over))
        heard, looked, pause = time.monotonic(), time.monotonic(), HEARTBEAT
        try:
            while not stopped():
                fresh, ended = self._taken(pump)
                now = time.monotonic()
                if fresh:
                    looked, pause = now, HEARTBEAT
                if fresh or now - heard >= HEARTBEAT:
                    heard = now
                    yield fresh
                if ended:
                    self._judge(ended, over)
                    return
                if not over and now - looked >= pause:
                    if self._has_ended():
                        return
                    looked, pause = now, min(SELDOM, 2 * pause)
        finally:
            pump.close()

    def _opened(self, *, follow: bool):
        query = {"container": names.BOX, "follow": str(follow).lower(), "timestamps": "true"}
        if self._place.stamp:
            query["sinceTime"] = _second(self._place.stamp)
        return self._client.lines(f"{self._pod}/log", idle=IDLE, **query)

    def _has_ended(self) -> bool:
        pod = self._client.find(self._pod)
        return pod is None or _is_over(pod)

    def _taken(self, pump: Pump) -> tuple[LogPieces, Ended | None]:
        fresh: LogPieces = []
        for what in pump.taken(LATE):
            if isinstance(what, Ended):
                return fresh, what
            if piece := self._piece(what):
                fresh.append(piece)
        return fresh, None

    def _piece(self, line: bytes) -> LogPiece | None:
        """None for a line that was read before, and for what is no line of a log."""
        stamp, _, text = line.decode(errors="replace").partition(" ")
        try:
            at = datetime.fromisoformat(_readable(stamp))
        except ValueError:
            return None
        if _order(stamp) < _order(self._place.stamp):
            return None
        if stamp == self._place.stamp and self._skip:
            self._skip -= 1
            return None
        return LogPiece(at, _shown(text), self._place.passed(stamp))

    def _judge(self, ended: Ended, over: bool) -> None:
        """What a broken line means: to be asked again, unless there is nothing more to ask."""
        problem = ended.problem
        if problem is None:
            if not over:
                time.sleep(PAUSE / 10)
            return
        if isinstance(problem, Answered) and over:
            return
        raise EngineUnavailable(str(problem)) from problem


def _is_over(pod: dict) -> bool:
    return pods.is_over(pod) or pods.is_lost(pod, names.now())


def _shown(text: str) -> str:
    """What is left on the line when carriage returns have drawn it over."""
    drawn = [part for part in text.rstrip("\r").split("\r") if part]
    return drawn[-1] if drawn else ""


def _order(stamp: str) -> tuple[str, str]:
    """Times of unlike precision can be compared by this."""
    second, _, rest = stamp.rstrip("Z").partition(".")
    return second, rest.ljust(9, "0") if stamp else ""


def _second(stamp: str) -> str:
    return f"{stamp.rstrip('Z').partition('.')[0]}Z"


def _readable(stamp: str) -> str:
    """The same time with as many digits as datetime knows."""
    second, dot, rest = stamp.rstrip("Z").partition(".")
    return f"{second}{dot}{rest[:6].ljust(6, '0') if rest else ''}+00:00"
