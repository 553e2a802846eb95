"""Writing down what was seen of a job, under the lock of its row."""

from dataclasses import replace
from datetime import datetime

from django.utils import timezone

from compute.engines.jobs import EndCause, EngineRefused, JobPhase, JobSighting, WaitCause
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Job, Run
from compute.jobs.services import attempts, receipts, told, words
from compute.jobs.services.attempts import Place
from compute.jobs.services.crowds import Crowd
from portal.core.background import after_commit
from portal.core.errors import Refused

STATUS = {
    JobPhase.WAITING: JobStatus.QUEUED,
    JobPhase.STARTING: JobStatus.STARTING,
    JobPhase.RUNNING: JobStatus.RUNNING,
}


def place_of(job_id) -> Place | None:
    """The job and the attempt to look at; the next one is written down where it is due."""
    job = attempts.held(job_id)
    if job is None:
        return None
    if job.ended:
        return Place(job, None)
    attempt = attempts.open_attempt(job)
    if attempt is None and job.cancel_asked_at:
        _end(job, JobStatus.CANCELLED, EndCause.STOPPED, job.cancel_reason)
    elif attempt is None:
        attempt = _begin(job)
    return Place(job, attempt)


def _begin(job: Job) -> Attempt | None:
    try:
        return attempts.begin(job)
    except Refused as refused:  # its quota or hardware went away; it may come back
        _waits(job, WaitCause.NO_HARDWARE, refused.detail, JobStatus.QUEUED)
    except EngineRefused as refused:
        _end(job, JobStatus.FAILED, EndCause.REFUSED, str(refused))
    return None


def _end(job: Job, status: str, cause: str, reason: str) -> None:
    crowd = Crowd()
    crowd.finish(job, status, cause, reason, crowd.now)
    crowd.write()


def _waits(job: Job, cause: str, reason: str, status: str = "") -> None:
    crowd = Crowd()
    crowd.add(job, status, cause=cause, reason=reason)
    crowd.write()
    _looked_at([job])


def still_open(found: list[Attempt]) -> set:
    """The ids of those that are still to be ordered; read afresh."""
    rows = Attempt.objects.filter(pk__in=[attempt.pk for attempt in found], ended_at=None)
    return set(rows.filter(job__cancel_asked_at=None).values_list("pk", flat=True))


def silent(place: Place) -> None:
    """Say that the cluster does not answer; the rest stays as it was last seen."""
    job = attempts.held(place.job.pk)
    if job and not job.ended:
        reason = words.STOPPING_SILENT if job.cancel_asked_at else words.SILENT
        _waits(job, WaitCause.SILENT, reason)


def note(
    found: list[tuple[Place, JobSighting]], *, looked_at: datetime, replies: bool = False
) -> set:
    """Write down sightings of open attempts; the ids of jobs with more to do at once.

    `replies` to orders are old where another hand has confirmed the order meanwhile.
    """
    jobs = attempts.held_all([place.job.pk for place, _ in found])
    rows = attempts.with_runs([place.attempt.pk for place, _ in found])
    more, unmoved, crowd = set(), [], Crowd(looked_at)
    for place, seen in found:
        job = jobs[place.job.pk]
        before = job.seen_at
        attempt = rows[place.attempt.pk]
        if replies and attempt.ordered_at:
            continue
        if _note(job, attempt, place, seen, crowd):
            more.add(job.pk)
        elif job.seen_at == before:
            unmoved.append(job)
    crowd.write()
    _looked_at(unmoved)
    return more


def _note(job: Job, attempt: Attempt, place: Place, seen: JobSighting, crowd: Crowd) -> bool:
    if job.ended or attempt.ended_at:
        return True  # another hand saw the end: look at what is next
    if job.cancel_asked_at != place.job.cancel_asked_at or job.priority != place.job.priority:
        after_commit("jobs.converge", job_id=str(job.pk))
    if attempt.ordered_at is None and seen.uid:
        crowd.ordered(attempt)
    if attempt.order["priority"] != place.attempt.order["priority"]:
        attempt.order["priority"] = place.attempt.order["priority"]
        attempt.save(update_fields=["order"])
    if seen.phase is JobPhase.ABSENT:
        return _absent(job, attempt, place, crowd)
    runs = crowd.runs.add(job, attempt, seen)
    receipts.note_evictions(job, attempt, seen)
    if seen.ended:
        _ran_unseen(job, attempt, seen, runs, crowd)
        return _ended(job, attempt, seen, crowd)
    _seen(job, attempt, seen, crowd, before=place.attempt)
    return False


def _absent(job: Job, attempt: Attempt, place: Place, crowd: Crowd) -> bool:
    """Nothing is there: never ordered, or removed behind our back."""
    gone = JobSighting(attempt.engine_name, JobPhase.FAILED, end=EndCause.GONE)
    if place.attempt.ordered_at:  # as it stood before we looked
        crowd.runs.add(job, attempt, gone, over=True)
        return _ended(job, attempt, replace(gone, ended_at=job.seen_at), crowd)
    if job.cancel_asked_at:
        never = replace(gone, phase=JobPhase.STOPPED, end=EndCause.STOPPED)
        return _ended(job, attempt, never, crowd)
    return True


def _seen(job: Job, attempt: Attempt, seen: JobSighting, crowd: Crowd, *, before: Attempt) -> None:
    """`before` is the attempt as it was when it was looked at: lines are told once anyway, and
    asking the database to tell them again at each look costs."""
    status, now = STATUS[seen.phase], crowd.now
    flavour = attempt.flavour(seen.flavour)
    facts = {
        "cause": seen.wait or "",
        "reason": words.of_wait(job, seen),
        "detail": seen.detail,
        "position": seen.position,
        "flavour_id": flavour.pk if flavour else job.flavour_id,
        "queued_at": job.queued_at or now,
    }
    if job.cancel_asked_at:
        facts |= {"cause": EndCause.STOPPED, "reason": words.STOPPING}
    if status == JobStatus.RUNNING:
        facts["started_at"] = job.started_at or seen.started_at or now
        if job.status != status or attempt.evictions != before.evictions:
            _running(job, attempt, seen, flavour, facts["started_at"], crowd)
    else:
        facts["idle_since"] = None
    if status == JobStatus.QUEUED and before.ordered_at is None:
        crowd.tell(job, f"queued {attempt.number}", "queued", "Waits for hardware.")
    if seen.wait and seen.wait.wrong and job.cause != seen.wait:
        key = f"wrong {attempt.number} {seen.wait}"
        crowd.tell(job, key, "wrong", facts["reason"], tone="warn", detail=seen.detail)
    crowd.add(job, status, **facts)


def _running(
    job: Job, attempt: Attempt, seen: JobSighting, flavour, first: datetime, crowd: Crowd
) -> None:
    at = seen.started_at or timezone.now()
    key = f"running {attempt.number}.{attempt.evictions}"
    where = f" on {flavour.name}" if flavour else ""
    again = attempt.number > 1 or attempt.evictions
    said = f"Runs again{where}." if again else f"Runs{where}."
    crowd.tell(job, key, "running", said, tone="ok", at=at)
    if job.started_at is None:
        told.of_start(job, first)


def _ran_unseen(
    job: Job, attempt: Attempt, seen: JobSighting, runs: list[Run], crowd: Crowd
) -> None:
    """Tell that it ran, where it began and ended between two looks."""
    run = max(runs, key=lambda run: run.started_at, default=None)
    if run is None:
        return
    first = job.started_at or seen.started_at or run.started_at
    flavour = next(one for one in attempt.cluster.flavours.all() if one.pk == run.flavour_id)
    _running(job, attempt, replace(seen, started_at=run.started_at), flavour, first, crowd)
    facts = {"started_at": first, "flavour_id": run.flavour_id}
    crowd.add(job, **facts, queued_at=job.queued_at or first)


def _ended(job: Job, attempt: Attempt, seen: JobSighting, crowd: Crowd) -> bool:
    """Close the attempt; end the job, or let another attempt follow."""
    end = seen.end or EndCause.STOPPED
    at = seen.ended_at or crowd.now
    reason = words.of_end(job, seen, end)
    crowd.closed(attempt, end=end, exit_code=seen.exit_code, reason=reason, at=at)
    if job.started_at is None and seen.started_at:  # it ran and ended between two looks
        crowd.add(job, started_at=seen.started_at)
    if end == EndCause.COMPLETED:
        crowd.finish(job, JobStatus.SUCCEEDED, end, "", at)
    elif job.cancel_asked_at:
        crowd.finish(job, JobStatus.CANCELLED, EndCause.STOPPED, job.cancel_reason, at)
    elif attempts.another_follows(job, attempt, end):
        key, line = f"failed {attempt.number}", f"{reason} Attempt {attempt.number + 1} follows."
        crowd.tell(job, key, "retry", line, tone="warn", at=at, detail=seen.detail)
        crowd.add(job, JobStatus.QUEUED, cause=end, reason=line, detail=seen.detail, position=None)
        return True
    else:
        crowd.finish(job, JobStatus.FAILED, end, reason, at, detail=seen.detail)
    return False


def _looked_at(jobs: list[Job]) -> None:
    """Nothing about these has changed since they were last looked at."""
    if jobs:
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update(seen_at=timezone.now())
