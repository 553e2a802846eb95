"""Writes what followers read: whatever has come together goes into one transaction.

One thread, so that logs of hundreds of pods cost one commit at a time and not hundreds. A
follower that reads faster than can be written waits.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from compute.engines.jobs import LogPieces
from compute.jobs import logs
from compute.jobs.keeping.strands import Pauses, Strand
from compute.jobs.leasing import NotLeading

log = logging.getLogger(__name__)
GATHER_S = 0.015
MOST_AT_ONCE = 20_000  # pieces in one transaction
MOST_OF_ONE = 4_000  # pieces of one pod that may wait


@dataclass(eq=False)
class Reading:
    """The log of one run that is being read. `read` is how far, `stored` how far it is written.

    `complete`: all is read. `broken`: it is stored to another mark than we believe; it has to be
    read again from what the row says. `done`: nothing is left to do.
    """

    run_id: UUID
    job_id: UUID
    stored: str
    read: str = ""
    pending: LogPieces = field(default_factory=list)
    complete: bool = False
    broken: bool = False
    done: bool = False

    def __post_init__(self) -> None:
        self.read = self.read or self.stored


class Writer:
    """Takes pieces of any number of readings and stores them, fenced by `token`."""

    def __init__(
        self,
        token: int,
        *,
        grown: Callable[[list[UUID]], None],
        told: Callable[[list[UUID]], None],
        finished: Callable[[UUID], None],
        overtaken: Callable[[], None],
    ) -> None:
        self.token = token
        self.stored = 0
        self._grown, self._told = grown, told
        self._finished, self._overtaken = finished, overtaken
        self._news = threading.Condition()
        self._readings: dict[UUID, Reading] = {}
        self._pauses = Pauses(0.2, 5.0)
        self.strand = Strand("log writer", self._work)

    def start(self) -> "Writer":
        self.strand.start()
        return self

    def stop(self) -> None:
        """Write what is waiting, then end."""
        self.strand.stop()
        with self._news:
            self._news.notify_all()
        self.strand.join(10)

    def give(self, reading: Reading, pieces: LogPieces) -> None:
        """Pieces that come next; waits while too many of this reading wait already."""
        with self._news:
            while len(reading.pending) > MOST_OF_ONE and not self._given_up(reading):
                self._news.wait(1.0)
            if self._given_up(reading):
                return
            reading.pending.extend(pieces)
            reading.read = pieces[-1].mark.text
            self._readings[reading.run_id] = reading
            self._news.notify_all()

    def complete(self, reading: Reading) -> None:
        """All of this log has been read."""
        with self._news:
            reading.complete = True
            self._readings[reading.run_id] = reading
            self._news.notify_all()

    def _given_up(self, reading: Reading) -> bool:
        return reading.broken or self.strand.stopped()

    def _work(self, stopped: Callable[[], bool]) -> None:
        while readings := self._next(stopped):
            began = time.monotonic()
            try:
                self._write(readings)
                self._finish(readings)
            finally:
                connection.close()
            if not stopped():
                self.strand.rest(max(0.0, GATHER_S - (time.monotonic() - began)))

    def _next(self, stopped: Callable[[], bool]) -> dict[Reading, LogPieces]:
        """Some of what waits, in the order in which it came; empty once all is written."""
        with self._news:
            while not self._readings:
                if stopped():
                    return {}
                self._news.wait(1.0)
            taken, room = {}, MOST_AT_ONCE
            for reading in list(self._readings.values()):
                part = reading.pending[:room]
                room -= len(part)
                if not part and reading.pending:
                    break
                taken[reading] = part
            return taken

    def _write(self, taken: dict[Reading, LogPieces]) -> None:
        try:
            self._store(taken)
        except (OperationalError, InterfaceError) as away:
            log.warning("logs could not be written now: %s", away)
            self.strand.rest(self._pauses.after_failure())
            if self.strand.stopped():  # what is not stored is read again by whoever comes next
                for reading in taken:
                    self._give_up(reading)
        except (NotLeading, DatabaseError):
            self._one_by_one(taken)
        else:
            self._pauses.went_well()

    def _one_by_one(self, taken: dict[Reading, LogPieces]) -> None:
        """One of them was not as we believed: find it, and leave the others in peace."""
        for reading, pieces in taken.items():
            try:
                self._store({reading: pieces})
            except NotLeading:
                self._give_up(reading)
                self._overtaken()
            except (OperationalError, InterfaceError):
                return
            except DatabaseError:
                log.exception("the log of run %s could not be stored", reading.run_id)
                self._give_up(reading)

    def _store(self, taken: dict[Reading, LogPieces]) -> None:
        batches = [
            logs.Batch(reading.run_id, reading.stored, pieces)
            for reading, pieces in taken.items()
            if pieces
        ]
        stored = logs.store_all(batches, token=self.token)
        with self._news:
            for reading, pieces in taken.items():
                self._stored(reading, pieces)
            self._news.notify_all()
        if batches:
            self._grown([reading.job_id for reading, pieces in taken.items() if pieces])
        if told := [each.job_id for each in stored.values() if each.told]:
            self._told(told)

    def _finish(self, readings: Iterable[Reading]) -> None:
        """Note of logs that are stored to their end that they are; what fails is tried again."""
        for reading in readings:
            if reading.broken or reading.pending or not reading.complete:
                continue
            try:
                logs.finish(reading.run_id, reading.stored, token=self.token)
            except NotLeading:
                self._give_up(reading)
                self._overtaken()
            except (OperationalError, InterfaceError) as away:
                log.warning("the end of a log could not be noted now: %s", away)
                self.strand.rest(self._pauses.after_failure())
                if self.strand.stopped():
                    self._give_up(reading)
            else:
                self._readings.pop(reading.run_id, None)
                reading.done = True
                self._finished(reading.job_id)

    def _stored(self, reading: Reading, pieces: LogPieces) -> None:
        if pieces:
            del reading.pending[: len(pieces)]
            reading.stored = pieces[-1].mark.text
            self.stored += len(pieces)
        if not (reading.pending or reading.complete):
            self._readings.pop(reading.run_id, None)

    def _give_up(self, reading: Reading) -> None:
        with self._news:
            reading.broken = True
            reading.pending.clear()
            self._readings.pop(reading.run_id, None)
            self._news.notify_all()
