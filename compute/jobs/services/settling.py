"""What is owed after an end: billed, told to the engine, and then forgotten there."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from compute.capacity import services as capacity
from compute.engines.jobs import (
    EngineRefused,
    EngineUnavailable,
    JobEngine,
    JobPhase,
    JobSighting,
)
from compute.jobs import logs
from compute.jobs.lifecycle import ENDED
from compute.jobs.models import Attempt, Job, Receipt, Run
from compute.jobs.services import attempts, metering, receipts
from compute.jobs.services.saying import insist
from portal.core import tenancy

# Longer than any call to an engine lasts: an order that is still under way arrives before.
FORGET_AFTER = timedelta(seconds=60)

Found = list[tuple[Attempt, JobSighting]]


def settle(job_ids: Iterable[UUID]) -> dict[UUID, EngineUnavailable]:
    """Bill, release and forget what ended of these; safe to repeat. The clusters that did not
    answer, by id."""
    ids, silent = list(job_ids), {}
    pay(ids)
    for cluster, owed in _owed(ids).items():
        try:
            _clear(capacity.engine_of(cluster), owed)
        except (EngineUnavailable, EngineRefused) as no:
            silent[cluster.pk] = EngineUnavailable(str(no))
    with tenancy.as_system():
        _close(ids)
    return silent


def pay(job_ids: Iterable[UUID]) -> None:
    """Enter what is owed of these into the ledger, and what is given back."""
    ids = list(job_ids)
    metering.bill(ids)
    receipts.settle(ids)


def owing(job_ids: Iterable[UUID]) -> set[UUID]:
    """The ids of those of which anything is owed."""
    owed = _left(ended_at__isnull=False) | Q(status__in=ENDED, settled_at=None)
    return set(Job.objects.filter(owed, pk__in=job_ids).values_list("pk", flat=True))


def _left(**of_runs_and_attempts) -> Q:
    """Something of a job is not billed, not given back, or not forgotten."""
    mine = {"job": OuterRef("pk")}
    more = mine | of_runs_and_attempts
    return (
        Q(Exists(Run.objects.filter(**more, billed_at=None)))
        | Exists(Receipt.objects.filter(**mine, settled_at=None))
        | Exists(Attempt.objects.filter(**more, forgotten_at=None))
    )


def _owed(job_ids: list[UUID]) -> dict:
    """By cluster: attempts that ended and are there."""
    rows = Attempt.objects.filter(job__in=job_ids, forgotten_at=None, ended_at__isnull=False)
    found = defaultdict(list)
    with tenancy.as_system():
        for attempt in rows.select_related("cluster"):
            found[attempt.cluster].append(attempt)
    return found


def _clear(engine: JobEngine, owed: list[Attempt]) -> None:
    """Let the engine drop attempts whose end is written down."""
    looked_at = timezone.now()
    found = _looked_at(engine, owed)
    with tenancy.as_system():
        jobs = attempts.held_all([attempt.job_id for attempt in owed])
        rows = attempts.with_runs([attempt.pk for attempt in owed])
        runs = metering.Sightings(looked_at)
        for attempt, seen in found:
            over = seen.phase is JobPhase.ABSENT
            runs.add(jobs[attempt.job_id], rows[attempt.pk], seen, over=over)
        runs.write()
        Job.objects.filter(pk__in=jobs).update(seen_at=looked_at)
    if runs.ended:
        pay({run.job_id for run in runs.ended})
    release(engine, found)
    _forget(engine, found)


def _looked_at(engine: JobEngine, owed: list[Attempt]) -> Found:
    by_name, found = {attempt.engine_name: attempt for attempt in owed}, []
    for seen in engine.look_all(by_name):
        attempt = by_name[seen.name]
        if seen.uid and seen.uid != str(attempt.pk):
            seen = JobSighting(seen.name, JobPhase.ABSENT)  # another's: not ours to touch
        elif not seen.ended and seen.phase is not JobPhase.ABSENT:
            engine.stop(seen.name)  # its order arrived after its end was written down
            seen = engine.look(seen.name)
        found.append((attempt, seen))
    return found


def release(engine: JobEngine, found: Found) -> None:
    """Tell the engine which of the ended pods in sight are written down, billed and read."""
    ended = {pod.uid for _, seen in found for pod in seen.pods if pod.ended_at}
    if not ended:
        return
    with tenancy.as_system():
        known = Run.objects.filter(attempt__in=[attempt.pk for attempt, _ in found])
        runs = {run.pod: run for run in known if run.pod in ended}

    def done(pod) -> bool:
        idle = pod.started_at is None
        return bool(pod.ended_at) and (idle or pod.uid in runs and _written(runs[pod.uid]))

    free = {seen.name: sorted(pod.uid for pod in seen.pods if done(pod)) for _, seen in found}
    insist(lambda name: engine.release(name, free[name]), [name for name in free if free[name]])


def _written(run: Run) -> bool:
    if run.billed_at is None or run.ended_at is None:
        return False
    return not logs.unread(run)


def _forget(engine: JobEngine, found: Found) -> None:
    with tenancy.as_system():
        rows = Run.objects.filter(attempt__in=[attempt.pk for attempt, _ in found])
        kept = {run.attempt_id for run in rows if not _written(run)}
    due = [(a, seen) for a, seen in found if a.pk not in kept and _is_over(a, seen)]
    there = [seen.name for _, seen in due if seen.phase is not JobPhase.ABSENT]
    insist(engine.forget, there)
    with tenancy.as_system():
        gone = Attempt.objects.filter(pk__in=[attempt.pk for attempt, _ in due])
        gone.update(forgotten_at=timezone.now())


def _is_over(attempt: Attempt, seen: JobSighting) -> bool:
    """Whether nothing of it runs any more, and no order can be under way."""
    if not (seen.ended or seen.phase is JobPhase.ABSENT):
        return False
    if any(pod.ended_at is None for pod in seen.pods):
        return False
    return not attempt.noted_at or attempt.noted_at <= timezone.now() - FORGET_AFTER


def _close(job_ids: list[UUID]) -> None:
    """Note of those of which nothing is owed any more that it is so."""
    ended = Job.objects.filter(status__in=ENDED, settled_at=None)
    ids = list(ended.filter(pk__in=job_ids).exclude(_left()).values_list("pk", flat=True))
    if ids:
        held = attempts.held_all(ids)  # what is left is asked again now that nobody changes it
        ended.filter(pk__in=held).exclude(_left()).update(settled_at=timezone.now())
