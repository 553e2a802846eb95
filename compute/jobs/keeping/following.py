"""Follows the logs of pods: one thread for each, up to `MOST`.

Above that pods take turns: who has been read for `TURN_S` makes room for who waits, ended ones
first. Nothing is lost by that, it comes later: each goes on behind its stored mark, and an
engine keeps ended pods until their logs are read.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from compute.capacity.models import Cluster
from compute.engines.jobs import (
    EngineRefused,
    EngineUnavailable,
    JobEngine,
    LogMark,
    LogPiece,
)
from compute.jobs import logs
from compute.jobs.keeping.strands import Pauses, Strand
from compute.jobs.keeping.writing import Reading, Writer
from compute.jobs.models import Run
from portal.core import tenancy

log = logging.getLogger(__name__)
MOST = 300
TURN_S = 10.0
LOOK_EVERY_S = 1.0
PAUSE_S = 0.2
SILENT_S = 20.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.3, 60.0
MOST_REFUSALS, TRY_EVERY_S = 20, 1.0
NO_MORE = "The cluster has no more of the log of this pod."


class Supply:
    """Whether a cluster gives logs. Where it had none to give often in a row, one of those that
    were refused asks again now and then, for all."""

    def __init__(self) -> None:
        self.refusals = 0
        self._next = 0.0

    @property
    def is_cut(self) -> bool:
        return self.refusals > MOST_REFUSALS

    def is_to_be_tried(self) -> bool:
        """True for whoever asks first, then for nobody for a while."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + TRY_EVERY_S
        return True


class Rest:
    """When the log of a run may be asked for again: later each time that there is none; at once
    when the run has ended."""

    def __init__(self, supply: Supply) -> None:
        self._supply = supply
        self._pauses = Pauses(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._until, self._ended = 0.0, False

    def is_over(self, ended: bool) -> bool:
        """Whether that is now; who is told so asks."""
        if ended and not self._ended:
            self._ended = True
            self._begin_anew()
        if self._supply.is_cut and not ended:
            return self._supply.is_to_be_tried()
        return time.monotonic() >= self._until

    def failed(self, lasted: float) -> None:
        """After so many seconds: a line that broke after a long time is no refusal."""
        if lasted > LONGEST_PAUSE_S:
            self._begin_anew()
        else:
            self._supply.refusals += 1
        self._until = time.monotonic() + self._pauses.after_failure()

    def went_well(self) -> None:
        self._supply.refusals = 0
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._pauses.went_well()
        self._until = 0.0


class Follower:
    """One thread on the log of one run."""

    def __init__(self, run: Run, engine: JobEngine, writer: Writer, rest: Rest) -> None:
        self.run_id = run.pk
        self.ended_at = run.ended_at
        self.began = self.heard = time.monotonic()
        self.reading = Reading(run.pk, run.job_id, run.log_mark)
        self._name, self._pod = run.attempt.engine_name, run.pod
        self._engine, self._writer = engine, writer
        self._rest = rest
        self.strand = Strand(f"log {run.pod_name}", self._work)

    def start(self) -> "Follower":
        self.strand.start()
        return self

    @property
    def over(self) -> bool:
        """Whether its place is free: all is written, or it ended, broke or hangs."""
        if self.reading.done or self.reading.broken:
            return True
        if self.reading.complete:
            return False  # the writer has it
        return not self.strand.alive or time.monotonic() - self.heard > SILENT_S

    def stop(self) -> None:
        self.strand.stop()

    def _work(self, stopped: Callable[[], bool]) -> None:
        began, over = time.monotonic(), False
        try:
            while not (over or stopped() or self.reading.broken):
                over = self._read(stopped)
        except (EngineRefused, EngineUnavailable) as no:
            if self._is_lost(no):
                return self._no_more(str(no))
            log.info("the log of %s cannot be read now: %s", self._pod, no)
            self._rest.failed(time.monotonic() - began)
        if over:
            self._writer.complete(self.reading)
        return None

    def _is_lost(self, no: Exception) -> bool:
        if self.ended_at is None:
            return False
        return isinstance(no, EngineRefused) or timezone.now() - self.ended_at > logs.GRACE

    def _read(self, stopped: Callable[[], bool]) -> bool:
        """Whether that was all of it. What ends meanwhile is read anew from where it was: then the
        cluster knows that no more will come."""
        mark, ran = LogMark(self.reading.read), self.ended_at is None

        def enough() -> bool:
            return stopped() or self.reading.broken or (ran and self.ended_at is not None)

        for pieces in self._engine.follow(self._name, self._pod, mark, enough):
            self.heard = time.monotonic()
            if pieces:
                self._rest.went_well()
                self._writer.give(self.reading, pieces)
                self.heard = time.monotonic()
            if enough():
                break
        return not enough()

    def _no_more(self, why: str) -> None:
        """Its end is not to be had: say so in the log itself, and let the pod go."""
        log.warning("the end of the log of %s is lost: %s", self._pod, why)
        mark = LogMark(self.reading.read)
        self._writer.give(self.reading, [LogPiece(timezone.now(), NO_MORE, mark, "note")])
        self._writer.complete(self.reading)


class Following:
    """Keeps a follower for every run whose log is not all stored."""

    def __init__(
        self, engine_of: Callable[[Cluster], JobEngine], writer: Writer, most: int = MOST
    ) -> None:
        self.most = most
        self.followers: dict[UUID, Follower] = {}
        self._engine_of, self._writer = engine_of, writer
        self._turns: dict[UUID, float] = {}
        self._rests: dict[UUID, Rest] = {}
        self._supplies: dict[JobEngine, Supply] = defaultdict(Supply)
        self._wake = threading.Event()
        self.strand = Strand("followers", self._work)

    def start(self) -> "Following":
        self.strand.start()
        return self

    def look(self) -> None:
        """There may be new runs: look at once."""
        self._wake.set()

    def stop(self) -> None:
        self.strand.stop()
        self._wake.set()
        self.strand.join(5)
        for follower in self.followers.values():
            follower.stop()

    def _work(self, stopped: Callable[[], bool]) -> None:
        while not stopped():
            try:
                self._step()
            except Exception:
                log.exception("runs could not be looked at")
            finally:
                connection.close()
            self.strand.rest(PAUSE_S)
            self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()

    def _step(self) -> None:
        wanted = _unread()
        for run_id, follower in list(self.followers.items()):
            follower.ended_at = wanted.get(run_id, timezone.now())
            if follower.over or run_id not in wanted:
                follower.stop()
                del self.followers[run_id]
                self._turns[run_id] = time.monotonic()
        self._turns = {run_id: at for run_id, at in self._turns.items() if run_id in wanted}
        self._rests = {run_id: rest for run_id, rest in self._rests.items() if run_id in wanted}
        waiting = [run_id for run_id in wanted if run_id not in self.followers]
        waiting.sort(key=lambda run_id: (wanted[run_id] is None, self._turns.get(run_id, 0.0)))
        waiting = [run_id for run_id in waiting if self._is_due(run_id, wanted[run_id])]
        room = self.most - len(self.followers)
        for run in _runs(waiting[:room]):
            self._begin(run)
        self._make_room(len(waiting) - room)

    def _is_due(self, run_id: UUID, ended_at: datetime | None) -> bool:
        rest = self._rests.get(run_id)
        return rest is None or rest.is_over(ended_at is not None)

    def _begin(self, run: Run) -> None:
        if run.started_at is None:  # it ended before it ran: there is nothing to read
            logs.finish(run.pk, run.log_mark, token=self._writer.token)
            return
        engine = self._engine_of(run.attempt.cluster or run.job.cluster)
        rest = self._rests.setdefault(run.pk, Rest(self._supplies[engine]))
        self.followers[run.pk] = Follower(run, engine, self._writer, rest).start()

    def _make_room(self, needed: int) -> None:
        """Let as many of those that had their turn step back."""
        now = time.monotonic()
        had = [one for one in self.followers.values() if now - one.began > TURN_S]
        for follower in sorted(had, key=lambda one: one.began)[: max(0, needed)]:
            follower.stop()


def _unread() -> dict[UUID, datetime | None]:
    """Runs whose log is not all stored, with when they ended: ended ones first."""
    with tenancy.as_system():
        rows = Run.objects.filter(Q(started_at__isnull=False) | Q(ended_at__isnull=False))
        rows = rows.filter(log_read_at=None).order_by(F("ended_at").asc(nulls_last=True), "id")
        return dict(rows.values_list("pk", "ended_at")[:10_000])


def _runs(run_ids: list[UUID]) -> list[Run]:
    if not run_ids:
        return []
    with tenancy.as_system():
        rows = Run.objects.filter(pk__in=run_ids).select_related(
            "job__cluster", "attempt__cluster", "attempt"
        )
        return list(rows)
