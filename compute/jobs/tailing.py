"""One look for all who watch: the newest lines of the jobs that pages of this process follow.

Sockets of one event loop share a `Tails`. It gathers hints for a moment, asks the database once
about all jobs that were hinted at, keeps their newest lines as HTML, and tells each socket how
far its log goes. The sockets ask for lines when they are ready for them, mostly out of here.
Without hints it looks now and then, so a lost one costs seconds and no line.
"""

import asyncio
import contextlib
import logging
from collections import deque
from dataclasses import dataclass, field
from itertools import takewhile
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import connection

from compute.jobs.models import LogLine, Run
from compute.jobs.rendering import Line, shown
from portal.core import tenancy

GATHER_S = 0.03
LOOK_EVERY_S = 2.0
KEPT = 2000
MOST_AT_ONCE = 500
MOST_CHARACTERS = 400_000
log = logging.getLogger(__name__)
COLUMNS = ("job_id", "n", "run_id", "at", "stream", "redraw", "text")
NEWEST = """
SELECT line.job_id, line.n, line.run_id, line.at, line.stream, line.redraw, line.text
FROM unnest(%s::uuid[], %s::bigint[]) known(job_id, last)
CROSS JOIN LATERAL (SELECT * FROM compute_logline
    WHERE job_id = known.job_id AND n > known.last ORDER BY n DESC LIMIT %s) line
ORDER BY line.job_id, line.n
"""


@dataclass
class Tail:
    """The newest lines of one job, and the sockets that watch it. `last` is the newest number;
    `start` is the number behind which the lines kept here begin."""

    job_id: UUID
    last: int
    start: int
    watchers: set = field(default_factory=set)
    lines: deque[Line] = field(default_factory=deque)

    def grow(self, fresh: list[LogLine], lines: list[Line]) -> None:
        """Take lines that come next; where some between were passed over, start afresh."""
        if fresh[0].n > self.last + 1:
            self.lines.clear()
            self.start = fresh[0].n - 1
        self.lines.extend(lines)
        self.last = fresh[-1].n
        while len(self.lines) > KEPT:
            self.start = self.lines.popleft().n

    def after(self, n: int) -> list[Line] | None:
        """The lines behind `n`; None where they do not begin here."""
        if n < self.start:
            return None
        return list(takewhile(lambda line: line.n > n, reversed(self.lines)))[::-1]


class Tails:
    """The tails that the sockets of one event loop watch."""

    here: WeakKeyDictionary = WeakKeyDictionary()

    def __init__(self) -> None:
        self.tails: dict[UUID, Tail] = {}
        self.hinted: set[UUID] = set()
        self.wake = asyncio.Event()
        self.task: asyncio.Task | None = None

    @classmethod
    def of_this_loop(cls) -> "Tails":
        loop = asyncio.get_running_loop()
        if loop not in cls.here:
            cls.here[loop] = cls()
        return cls.here[loop]

    def attach(self, watcher, job_id: UUID, last: int) -> Tail:
        """Watch a job whose log a page has up to `last`. `watcher.grown(n)` is awaited."""
        tail = self.tails.setdefault(job_id, Tail(job_id, last, last))
        tail.watchers.add(watcher)
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._run())
        return tail

    def detach(self, watcher, job_id: UUID) -> None:
        tail = self.tails.get(job_id)
        if tail is None:
            return
        tail.watchers.discard(watcher)
        if not tail.watchers:
            del self.tails[job_id]
        if not self.tails and self.task:
            self.task.cancel()
            self.task = None

    def hint(self, job_id: UUID) -> None:
        """The log of a job may have grown."""
        self.hinted.add(job_id)
        self.wake.set()

    async def _run(self) -> None:
        while self.tails:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), LOOK_EVERY_S)
                await asyncio.sleep(GATHER_S)
            self.wake.clear()
            wanted, self.hinted = self.hinted or set(self.tails), set()
            try:
                await self._look([self.tails[job] for job in wanted if job in self.tails])
            except Exception:
                log.exception("the logs that pages follow could not be read; trying again")
                await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, tails: list[Tail]) -> None:
        if not tails:
            return
        known = {tail.job_id: tail.last for tail in tails}
        # In a thread of its own: lines do not wait while many pages read the state of a job.
        found = await database_sync_to_async(_read, thread_sensitive=False)(known)
        for tail in tails:
            if tail.job_id in found and tail.last == known[tail.job_id]:
                tail.grow(*found[tail.job_id])
                told = [watcher.grown(tail.last) for watcher in list(tail.watchers)]
                await asyncio.gather(*told, return_exceptions=True)


def _read(known: dict[UUID, int]) -> dict[UUID, tuple[list[LogLine], list[Line]]]:
    """What each job has behind the number that is known, at most `MOST_AT_ONCE` of the newest."""
    with tenancy.as_system():
        values = [list(known), list(known.values()), MOST_AT_ONCE]
        fresh: dict[UUID, list[LogLine]] = {}
        with connection.cursor() as cursor:
            cursor.execute(NEWEST, values)
            for row in cursor.fetchall():
                line = LogLine(**dict(zip(COLUMNS, row, strict=True)))
                fresh.setdefault(line.job_id, []).append(line)
        ranks = ranks_of(fresh)
    return {
        job: (lines, shown(lines, ranks=ranks.get(job), after=lines[0].n - 1))
        for job, lines in fresh.items()
    }


def ranks_of(job_ids) -> dict[UUID, dict[UUID, int]]:
    """By job, the place of each pod; nothing for jobs of one node."""
    found: dict[UUID, dict[UUID, int]] = {}
    runs = Run.objects.filter(job_id__in=list(job_ids), job__nodes__gt=1)
    for job, run, index in runs.values_list("job_id", "pk", "index"):
        found.setdefault(job, {})[run] = index
    return found


def bounded(lines: list[Line]) -> list[Line]:
    """As many of the first lines as one message may hold."""
    size, kept = 0, []
    for line in lines[:MOST_AT_ONCE]:
        size += len(line.html)
        if kept and size > MOST_CHARACTERS:
            break
        kept.append(line)
    return kept
