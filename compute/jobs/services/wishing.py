"""What people wish of a job that was submitted: cancel it, move it in the queue."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from compute.jobs.lifecycle import Priority
from compute.jobs.models import Job
from compute.jobs.services import asking, told
from portal.audit.services import denied, record, record_all
from portal.core.background import after_commit
from portal.core.errors import Conflict, Refused

CONVERGED = 50  # jobs in one message
REASON = Job._meta.get_field("cancel_reason").max_length


@transaction.atomic
def cancel(job: Job, *, by, note: str = "") -> Job:
    """Ask a job to end, whatever it does; a second time changes nothing. `by=None`: the platform.

    What it used until then is billed. Raises `Conflict` if it has ended, 403.
    """
    job = _cancelled(job, by, note)
    after_commit("jobs.converge", job_id=str(job.pk))
    return job


def cancel_all(jobs: Iterable[Job], *, by, note: str = "") -> tuple[list[Job], dict[Job, str]]:
    """`cancel` of each by itself, with one visit for all; these, and why not of the others."""
    done, refused = [], {}
    for job in sorted(jobs, key=lambda job: job.pk):  # as all who lock several of them
        try:
            done.append(_cancelled(job, by, note))
        except (Refused, PermissionDenied) as why:
            refused[job] = str(why)
    _converge_soon(done)
    return done, refused


@transaction.atomic
def cancel_series(job: Job, *, by, note: str = "") -> list[Job]:
    """`cancel` of all jobs of this one's series that go on, in a constant number of statements;
    these, without those that were asked to end before.

    Raises `Refused` if it is not one of a series, `Conflict` if all have ended, 403.
    """
    _require_hand(by, "cancel", job)
    if not job.series:
        raise Refused(f"{job} is not one of a series.")
    held = Job.objects.select_for_update(of=("self",)).select_related("tenant", "person")
    going = held.filter(series=job.series, tenant=job.tenant_id).unfinished().order_by("pk")
    if not going:
        raise Conflict("All jobs of this series have ended.")
    jobs = [one for one in going if not one.cancel_asked_at]
    if jobs:
        _ask_to_end(jobs, by, note)
        _converge_soon(jobs)
    return jobs


@transaction.atomic
def _cancelled(job: Job, by, note: str) -> Job:
    _require_hand(by, "cancel", job)
    job = _locked(job)
    if not job.cancel_asked_at:
        _ask_to_end([job], by, note)
    return job


def _ask_to_end(jobs: list[Job], by, note: str) -> None:
    """Note it of these, which are locked and go on."""
    who = f"Cancelled by {by.username if by else 'the platform'}."
    reason = f"{who} {note.strip()}".strip()[:REASON]
    _wish(*jobs, cancel_asked_at=timezone.now(), cancel_reason=reason)
    record_all("asked to cancel", jobs, by=by, note=note)
    told.tell(told.line(job, "cancel", "cancel", reason, tone="warn") for job in jobs)
    told.moved(*jobs)


@transaction.atomic
def prioritise(job: Job, *, by, to: str) -> Job:
    """Change the priority of a job that has not ended. Raises `Refused`, `Conflict`, 403."""
    _require_hand(by, "change the priority of", job)
    if to not in Priority.values:
        raise Refused(f"Choose one of {', '.join(Priority.values)}.", field="priority")
    asking.require_rank(by, job.tenant, to)
    job = _locked(job)
    if job.priority == to:
        raise Conflict("It has this priority already.", field="priority")
    before = job.priority
    _wish(job, priority=to)
    record("changed the priority of", job, by=by, before=before, after=to)
    now = timezone.now()
    words = f"Priority changed from {before} to {to} by {by.username}."
    told.happened(job, f"priority {now.isoformat()}", "priority", words, at=now)
    told.moved(job)
    after_commit("jobs.converge", job_id=str(job.pk))
    return job


def _converge_soon(jobs: list[Job]) -> None:
    """After commit: many in a message, and not all in one."""
    ids = [str(job.pk) for job in jobs]
    for start in range(0, len(ids), CONVERGED):
        after_commit("jobs.converge_all", job_ids=ids[start : start + CONVERGED])


def _locked(job: Job) -> Job:
    held = Job.objects.select_for_update(of=("self",)).select_related("tenant", "person")
    job = held.get(pk=job.pk)
    if job.ended:
        raise Conflict(f"{job} has ended: {job.get_status_display().lower()}.")
    return job


def _require_hand(by, verb: str, job: Job) -> None:
    if by is None or Job.objects.changeable_by(by).filter(pk=job.pk).exists():
        return
    why = f"Only who submitted it, owners of {job.tenant} and operators can do this."
    raise denied(verb, job, by=by, why=why)


def _wish(*jobs: Job, **columns) -> None:
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(**columns)
    for job in jobs:
        for name, value in columns.items():
            setattr(job, name, value)
