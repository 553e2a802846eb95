"""What was seen of jobs: alike changes of many are written in one statement."""

from collections import defaultdict
from datetime import datetime

from django.utils import timezone

from compute.jobs.models import Attempt, Happening, Job
from compute.jobs.services import told, words
from compute.jobs.services.metering import Sightings
from portal.audit.services import advance_all

CLOSED = ["end", "exit_code", "reason", "ended_at", "noted_at"]


class Crowd:
    """Takes what is to be written of jobs whose rows are held, and writes all of it at once.

    `looked_at` is when the engine was asked for what is noted here.
    """

    def __init__(self, looked_at: datetime | None = None) -> None:
        self.now = timezone.now()
        self.runs = Sightings(looked_at or self.now)
        self._alike: dict[tuple, list[Job]] = defaultdict(list)
        self._moved: dict[Job, None] = {}
        self._placed: list[Job] = []
        self._ended: list[Job] = []
        self._lines: list[Happening] = []
        self._ordered: list[Attempt] = []
        self._closed: list[Attempt] = []

    def tell(self, job: Job, key: str, kind: str, said: str, **more) -> None:
        """A line of its timeline, as `told.happened`."""
        self._lines.append(told.line(job, key, kind, said, **{"at": self.now} | more))

    def ordered(self, attempt: Attempt) -> None:
        """The engine has this order."""
        attempt.ordered_at = self.now
        self._ordered.append(attempt)

    def closed(self, attempt: Attempt, *, end: str, exit_code, reason: str, at) -> None:
        """How an attempt ended."""
        attempt.end, attempt.exit_code, attempt.reason = end, exit_code, reason
        attempt.ended_at, attempt.noted_at = at, self.now
        self._closed.append(attempt)

    def add(self, job: Job, status: str = "", **facts) -> None:
        """The status that was seen, and columns; what is as before is left out."""
        changed = {name: value for name, value in facts.items() if getattr(job, name) != value}
        status = status or job.status
        if not changed and status == job.status:
            return
        for name, value in changed.items():
            setattr(job, name, value)
        job.seen_at = self.now
        if changed.get("position") is not None:
            del changed["position"]
            self._placed.append(job)
        self._moved[job] = None
        if changed or status != job.status:
            self._alike[job.status, status, job.reason, *sorted(changed.items())].append(job)

    def finish(
        self, job: Job, status: str, cause: str, reason: str, at: datetime, detail: str = ""
    ) -> None:
        """A job ends so."""
        self.add(
            job, status, cause=cause, reason=reason, detail=detail, position=None,
            idle_since=None, ended_at=at,
        )  # fmt: skip
        said = words.of_finish(job, status)
        self.tell(job, "ended", status, said, tone=told.TONES[status], at=at, detail=detail)
        self._ended.append(job)

    def write(self) -> None:
        """Attempts and runs, lines, statuses with their columns, places in the queue; then
        people are told."""
        Attempt.objects.filter(pk__in=[one.pk for one in self._ordered]).update(
            ordered_at=self.now
        )
        Attempt.objects.bulk_update(self._closed, CLOSED)
        self.runs.write()
        told.tell(self._lines)
        for (before, after, reason, *changed), jobs in self._alike.items():
            columns = dict(changed) | {"seen_at": self.now}
            if before == after:
                Job.objects.filter(pk__in=[job.pk for job in jobs]).update(**columns)
            else:
                advance_all(jobs, after, by=None, note=reason, also=columns)
        Job.objects.bulk_update(self._placed, ["position", "seen_at"], batch_size=100)
        told.of_ends(self._ended)
        told.moved(*self._moved)
