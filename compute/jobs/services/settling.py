"""What is owed after an end: billed, told to the engine, and then forgotten there."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
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
from compute.jobs.services.saying import refusals
from portal.core import tenancy

# Longer than any call to an engine lasts: an order that is still under way arrives before.
FORGET_AFTER = timedelta(seconds=60)

Found = list[tuple[Attempt, JobSighting]]


@dataclass
class Settled:
    """What stood in the way: clusters that did not answer, by id, and single attempts by name."""

    silent: dict[UUID, EngineUnavailable] = field(default_factory=dict)
    kept: dict[str, Exception] = field(default_factory=dict)

    @property
    def problems(self) -> list[EngineUnavailable]:
        """All of it, to be asked again: nothing is lost."""
        return [*self.silent.values(), *(EngineUnavailable(str(no)) for no in self.kept.values())]


def settle(job_ids: Iterable[UUID]) -> Settled:
    """Bill, release and forget what ended of these; safe to repeat. What the cluster does not do
    for one keeps no other."""
    ids, settled = list(job_ids), Settled()
    pay(ids)
    for cluster, owed in _owed(ids).items():
        try:
            settled.kept |= _clear(capacity.engine_of(cluster), owed)
        except EngineUnavailable as no:
            settled.silent[cluster.pk] = no
        except EngineRefused as no:  # only an order can be refused for good
            settled.silent[cluster.pk] = EngineUnavailable(str(no))
    with tenancy.as_system():
        _close(ids)
    return settled


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


def _clear(engine: JobEngine, owed: list[Attempt]) -> dict[str, Exception]:
    """Let the engine drop attempts whose end is written down; why not, by name."""
    looked_at = timezone.now()
    found, kept = _looked_at(engine, owed)
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
    kept |= release(engine, found)
    return kept | _forget(engine, [(one, seen) for one, seen in found if seen.name not in kept])


def _looked_at(engine: JobEngine, owed: list[Attempt]) -> tuple[Found, dict[str, Exception]]:
    """What is seen of these, once those that still go on were stopped: their orders arrived
    after their ends were written down. And those that could not be."""
    by_name = {attempt.engine_name: attempt for attempt in owed}
    seen = {one.name: _of(by_name[one.name], one) for one in engine.look_all(by_name)}
    late = [one.name for one in seen.values() if not (one.ended or one.phase is JobPhase.ABSENT)]
    kept = refusals(engine.stop, late)
    seen |= {one.name: one for one in engine.look_all(set(late) - kept.keys())}
    return [(by_name[name], one) for name, one in seen.items() if name not in kept], kept


def _of(attempt: Attempt, seen: JobSighting) -> JobSighting:
    """What is seen; nothing where it is another's, which is not ours to touch."""
    mine = seen.uid in ("", str(attempt.pk))
    return seen if mine else JobSighting(seen.name, JobPhase.ABSENT)


def release(engine: JobEngine, found: Found) -> dict[str, Exception]:
    """Tell the engine which of the ended pods in sight are written down, billed and read; by
    name, to which it could not be told."""
    ended = {pod.uid for _, seen in found for pod in seen.pods if pod.ended_at}
    if not ended:
        return {}
    with tenancy.as_system():
        known = Run.objects.filter(attempt__in=[attempt.pk for attempt, _ in found])
        runs = {run.pod: run for run in known if run.pod in ended}

    def done(pod) -> bool:
        idle = pod.started_at is None
        return bool(pod.ended_at) and (idle or pod.uid in runs and _written(runs[pod.uid]))

    free = {seen.name: sorted(pod.uid for pod in seen.pods if done(pod)) for _, seen in found}
    names = [name for name in free if free[name]]
    return refusals(lambda name: engine.release(name, free[name]), names)


def _written(run: Run) -> bool:
    if run.billed_at is None or run.ended_at is None:
        return False
    return not logs.unread(run)


def _forget(engine: JobEngine, found: Found) -> dict[str, Exception]:
    with tenancy.as_system():
        rows = Run.objects.filter(attempt__in=[attempt.pk for attempt, _ in found])
        owing = {run.attempt_id for run in rows if not _written(run)}
    due = [(a, seen) for a, seen in found if a.pk not in owing and _is_over(a, seen)]
    there = [seen.name for _, seen in due if seen.phase is not JobPhase.ABSENT]
    kept = refusals(engine.forget, there)
    with tenancy.as_system():
        gone = [attempt.pk for attempt, seen in due if seen.name not in kept]
        Attempt.objects.filter(pk__in=gone).update(forgotten_at=timezone.now())
    return kept


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
