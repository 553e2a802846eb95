"""Turns names that a watch gives into `converge`: at once, each job by one hand at a time.

In this process and not over the queue of tasks: a task waits behind whatever the workers do, and
the point of watching is that seconds count. What a busy job is hinted at while it is converged
is one more round afterwards. Looking again at what may have been missed comes after what is known
to have moved. The sweep of the workers covers for all of it when no keeper runs.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Protocol
from uuid import UUID

from django.db import connection

from compute.engines.jobs import EngineRefused, EngineUnavailable
from compute.jobs.keeping.strands import Strand

log = logging.getLogger(__name__)
HANDS = 8
TOGETHER = 100  # jobs in one hand
GATHER_S = 0.3  # what moves comes as several events; one look afterwards sees them all
STUCK_S = 2.0  # a visit that lasts longer hangs on a cluster: the next one need not wait for it
LOOK_EVERY_S = 0.1
STOP_WITHIN_S = 5.0  # all hands together


class Visited(Protocol):
    """What is left of jobs that were seen to together."""

    alone: list[UUID]
    over: list[UUID]


class Lane:
    """What is done to several jobs by one hand at a time, unless that one hangs."""

    def __init__(self, act: Callable[[list[UUID]], Visited]) -> None:
        self.act = act
        self._free_at = 0.0

    def is_free(self, now: float) -> bool:
        return now >= self._free_at

    def taken(self, now: float) -> None:
        self._free_at = now + STUCK_S

    def done(self, pause: float) -> None:
        self._free_at = time.monotonic() + pause


class Turning:
    """A bounded number of hands, and the jobs that wait for one; none of them twice.

    `together` sees to several at once; `converge` to those that it leaves, each by itself, and
    `settle` to those of which something is owed, so that who waits to be seen waits for neither.
    """

    def __init__(
        self,
        converge: Callable[[UUID], object],
        together: Callable[[list[UUID]], Visited],
        settle: Callable[[list[UUID]], Visited],
        hands: int = HANDS,
        gather: float = GATHER_S,
    ) -> None:
        self._converge, self._gather = converge, gather
        self._visits, self._settles = Lane(together), Lane(settle)
        self._ready = threading.Condition()
        self._fresh: deque[tuple[float, UUID]] = deque()  # with the time from which to look
        self._later: deque[UUID] = deque()
        self._alone: deque[UUID] = deque()
        self._over: deque[UUID] = deque()
        self._waiting: set[UUID] = set()
        self._busy: set[UUID] = set()
        self._again: set[UUID] = set()
        self._strands = [Strand(f"converge {n}", self._work) for n in range(hands)]

    def start(self) -> "Turning":
        for strand in self._strands:
            strand.start()
        return self

    def stop(self) -> None:
        for strand in self._strands:
            strand.stop()
        with self._ready:
            self._ready.notify_all()
        give_up = time.monotonic() + STOP_WITHIN_S
        for strand in self._strands:
            strand.join(max(0.0, give_up - time.monotonic()))

    def moved(self, job_id: UUID, *, later: bool = False) -> None:
        """This job should be converged; `later`: after those of which it is known."""
        with self._ready:
            if job_id in self._busy:
                self._again.add(job_id)
                return
            if job_id in self._waiting:
                if later or job_id not in self._later:
                    return
                self._later.remove(job_id)
            self._waiting.add(job_id)
            if later:
                self._later.append(job_id)
            else:
                self._fresh.append((time.monotonic() + self._gather, job_id))
            self._ready.notify()

    @property
    def length(self) -> int:
        """How many jobs wait for a hand."""
        return len(self._waiting)

    def _work(self, stopped: Callable[[], bool]) -> None:
        while turn := self._next(stopped):
            lane, jobs = turn
            alone, over = (jobs, []) if lane else ([], [])
            try:
                if lane:
                    visited = lane.act(jobs)
                    alone, over = visited.alone, visited.over
                else:
                    self._converge(jobs[0])
            except (EngineUnavailable, EngineRefused) as silent:
                log.warning("job %s could not be converged now: %s", jobs[0], silent)
            except Exception:
                log.exception("%s could not be converged", ", ".join(map(str, jobs)))
            finally:
                connection.close()
                self._done(lane, jobs, alone, over)

    def _next(self, stopped: Callable[[], bool]) -> tuple[Lane | None, list[UUID]] | None:
        with self._ready:
            while not (turn := self._due(time.monotonic())) and not stopped():
                self._ready.wait(LOOK_EVERY_S if self._waiting or self._over else 1.0)
            return None if stopped() else turn

    def _due(self, now: float) -> tuple[Lane | None, list[UUID]] | None:
        """The next jobs and the lane that sees to them; no lane for one by itself."""
        if self._alone:
            return None, [self._alone.popleft()]
        if self._visits.is_free(now) and (jobs := self._moved_by(now)):
            if len(jobs) == 1:
                return None, jobs
            self._visits.taken(now)
            return self._visits, jobs
        if self._over and self._settles.is_free(now):
            self._settles.taken(now)
            return self._settles, [
                self._over.popleft() for _ in range(min(TOGETHER, len(self._over)))
            ]
        return None

    def _moved_by(self, now: float) -> list[UUID]:
        """The next jobs to look at, none where none is due by now. While several are seen to
        others come together; a single one does not wait for company that is not there."""
        jobs = [job_id for at, job_id in islice(self._fresh, TOGETHER) if at <= now]
        if len(jobs) == 1 < len(self._fresh) and now < self._fresh[0][0] + self._gather:
            return []
        for _ in jobs:
            self._fresh.popleft()
        while len(jobs) < TOGETHER and self._later:
            jobs.append(self._later.popleft())
        self._waiting.difference_update(jobs)
        self._busy.update(jobs)
        return jobs

    def _done(
        self, lane: Lane | None, jobs: list[UUID], alone: list[UUID], over: list[UUID]
    ) -> None:
        """These are free again, but for those that are still to be seen to."""
        with self._ready:
            self._alone.extend(alone)
            self._over.extend(over)
            self._ready.notify(len(alone) + 1)
            if lane:  # a full hand needs not wait for others to come together
                waiting = self._fresh if lane is self._visits else self._over
                lane.done(0 if len(waiting) >= TOGETHER else 2 * self._gather)
            free = set(jobs) - set(alone) - set(over)
            self._busy -= free
            again = self._again & free
            self._again -= again
        for job_id in again:
            self.moved(job_id)
