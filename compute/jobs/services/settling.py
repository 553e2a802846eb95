"""What is owed after an end: billed, told to the engine, and then forgotten there."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from compute.capacity import services as capacity
from compute.engines.jobs import EngineRefused, EngineUnavailable, JobPhase, JobSighting
from compute.jobs import logs
from compute.jobs.lifecycle import ENDED
from compute.jobs.models import Attempt, Job, Receipt, Run
from compute.jobs.services import attempts, metering, receipts
from portal.core import tenancy

# Longer than any call to an engine lasts: an order that is still under way arrives before.
FORGET_AFTER = timedelta(seconds=60)


def settle(job_id) -> None:
    """Bill, release and forget what ended; safe to repeat. Raises `EngineUnavailable`."""
    with tenancy.as_system():
        ended = Attempt.objects.filter(job=job_id, forgotten_at=None, ended_at__isnull=False)
        owed = list(ended.select_related("cluster", "job"))
        unpaid = Run.objects.filter(job=job_id, billed_at=None, ended_at__isnull=False).exists()
        lost = Receipt.objects.filter(job=job_id, settled_at=None).exists()
    if unpaid or lost:
        _pay(job_id)
    for attempt in owed:
        try:
            clear(attempt)
        except EngineRefused as refused:
            raise EngineUnavailable(str(refused)) from refused
    with tenancy.as_system():
        _close(job_id)


def _pay(job_id) -> None:
    metering.bill(job_id)
    receipts.settle(job_id)


def owing(job_ids) -> set:
    """The ids of those of which anything is owed."""
    return set(Job.objects.filter(_owed(), pk__in=job_ids).values_list("pk", flat=True))


def _owed() -> Q:
    mine = {"job": OuterRef("pk")}
    return (
        Q(Exists(Run.objects.filter(**mine, billed_at=None, ended_at__isnull=False)))
        | Exists(Receipt.objects.filter(**mine, settled_at=None))
        | Exists(Attempt.objects.filter(**mine, forgotten_at=None, ended_at__isnull=False))
        | Q(status__in=ENDED, settled_at=None)
    )


def clear(attempt: Attempt) -> None:
    """Let the engine drop an attempt whose end is written down."""
    engine, name = capacity.engine_of(attempt.cluster), attempt.engine_name
    looked_at = timezone.now()
    seen = engine.look(name)
    if seen.uid and seen.uid != str(attempt.pk):
        seen = JobSighting(name, JobPhase.ABSENT)  # another's: not ours to touch
    elif not seen.ended and seen.phase is not JobPhase.ABSENT:
        engine.stop(name)  # its order arrived after its end was written down
        seen = engine.look(name)
    with tenancy.as_system():
        job = attempts.held(attempt.job_id)
        over = seen.phase is JobPhase.ABSENT
        late = metering.note_runs(job, attempt, seen, looked_at=looked_at, over=over)
        Job.objects.filter(pk=job.pk).update(seen_at=looked_at)
    if late:
        _pay(attempt.job_id)
    release(attempt, seen)
    if _due(attempt, seen):
        if seen.phase is not JobPhase.ABSENT:
            engine.forget(name)
        with tenancy.as_system():
            Attempt.objects.filter(pk=attempt.pk).update(forgotten_at=timezone.now())


def release(attempt: Attempt, seen: JobSighting) -> None:
    """Tell the engine which of the ended pods in sight are written down, billed and read."""
    ended = {pod.uid for pod in seen.pods if pod.ended_at}
    if not ended:
        return
    with tenancy.as_system():
        runs = {run.pod: run for run in Run.objects.filter(attempt=attempt, pod__in=ended)}
    idle = {pod.uid for pod in seen.pods if pod.ended_at and not pod.started_at}
    done = [uid for uid in ended if uid in idle or (uid in runs and _written(runs[uid]))]
    if done:
        capacity.engine_of(attempt.cluster).release(attempt.engine_name, sorted(done))


def _written(run: Run) -> bool:
    if run.billed_at is None or run.ended_at is None:
        return False
    return not logs.unread(run)


def _due(attempt: Attempt, seen: JobSighting) -> bool:
    """Whether nothing of the attempt is owed any more, and no order can be under way."""
    if not (seen.ended or seen.phase is JobPhase.ABSENT):
        return False
    if any(pod.ended_at is None for pod in seen.pods):
        return False
    if attempt.noted_at and attempt.noted_at > timezone.now() - FORGET_AFTER:
        return False
    with tenancy.as_system():
        return all(_written(run) for run in Run.objects.filter(attempt=attempt))


def _close(job_id) -> None:
    if Attempt.objects.filter(job=job_id, forgotten_at=None).exists():
        return
    job = attempts.held(job_id)
    if job is None or not job.ended or job.settled_at:
        return
    owed = job.attempts.filter(forgotten_at=None).exists()
    owed = owed or job.runs.filter(billed_at=None).exists()
    owed = owed or job.receipts.filter(settled_at=None).exists()
    if not owed:
        Job.objects.filter(pk=job.pk).update(settled_at=timezone.now())
