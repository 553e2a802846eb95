"""What was seen of many jobs that go on: alike changes are written in one statement."""

from collections import defaultdict

from django.utils import timezone

from compute.jobs.models import Attempt, Job
from compute.jobs.services import told
from portal.audit.services import advance_all


class Crowd:
    """Takes what is to be written of jobs whose rows are held, and writes all of it at once."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self._alike: dict[tuple, list[Job]] = defaultdict(list)
        self._moved: list[Job] = []
        self._placed: list[Job] = []
        self._waits: dict[int, list[Job]] = defaultdict(list)
        self._ordered: list[Attempt] = []

    def ordered(self, attempt: Attempt) -> None:
        """The engine has this order."""
        attempt.ordered_at = self.now
        self._ordered.append(attempt)

    def waits(self, job: Job, attempt: Attempt) -> None:
        """This attempt begins to wait."""
        self._waits[attempt.number].append(job)

    def add(self, job: Job, status: str, facts: dict) -> None:
        """The status that was seen, and columns; what is as before is left out."""
        changed = {name: value for name, value in facts.items() if getattr(job, name) != value}
        if not changed and status == job.status:
            return
        for name, value in changed.items():
            setattr(job, name, value)
        job.seen_at = self.now
        if "position" in changed:
            del changed["position"]
            self._placed.append(job)
        self._moved.append(job)
        if changed or status != job.status:
            self._alike[job.status, status, job.reason, *sorted(changed.items())].append(job)

    def write(self) -> None:
        """In this order: lines, statuses with their columns, places in the queue."""
        Attempt.objects.filter(pk__in=[one.pk for one in self._ordered]).update(
            ordered_at=self.now
        )
        for number, jobs in self._waits.items():
            told.happened_to(jobs, f"queued {number}", "queued", "Waits for hardware.")
        for (before, after, reason, *changed), jobs in self._alike.items():
            columns = dict(changed) | {"seen_at": self.now}
            if before == after:
                Job.objects.filter(pk__in=[job.pk for job in jobs]).update(**columns)
            else:
                advance_all(jobs, after, by=None, note=reason, also=columns)
        Job.objects.bulk_update(self._placed, ["position", "seen_at"], batch_size=100)
        told.moved(*self._moved)
