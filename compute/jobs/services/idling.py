"""GPUs that a job holds and does not use: warn, then stop it, unless somebody keeps it.

Only where use is measured: `idle_since` is set by measures alone, and empty while a GPU works.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job
from compute.jobs.services import told, wishing
from portal.audit.services import denied, record
from portal.core import tenancy
from portal.core.errors import Conflict
from tenants.directory.roles import TenantRole

MOST = 500


def warn_at(job: Job):
    """When the submitter is warned, if its GPUs stay idle."""
    return job.idle_since + _after() - timedelta(minutes=settings.IDLE_WARNING)


def stop_at(job: Job):
    """When it is stopped: idle for long enough, and never before the warning has had its time."""
    earliest = job.idle_since + _after()
    if job.idle_told_at is None:
        return earliest
    return max(earliest, job.idle_told_at + timedelta(minutes=settings.IDLE_WARNING))


@transaction.atomic
def keep(job: Job, *, by) -> Job:
    """Let a job run on though its GPUs are idle, until they have worked again. Anybody of its
    tenant, and operators. Raises `Conflict` where there is nothing to keep, 403."""
    if not (by.is_operator or by.may(TenantRole.CONSUMER, job.tenant)):
        why = f"Only people of {job.tenant} and operators can do this."
        raise denied("keep", job, by=by, why=why)
    rows = Job.objects.select_for_update(of=("self",)).select_related("tenant", "person")
    job = rows.get(pk=job.pk)
    if job.ended or job.idle_since is None or job.cancel_asked_at:
        raise Conflict("Its GPUs are not idle now: there is nothing to keep.")
    if kept(job):
        raise Conflict("It is kept already.")
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(kept_at=now)
    job.kept_at = now
    record("kept idle", job, by=by, idle_since=job.idle_since.isoformat())
    key = f"kept {job.idle_since.isoformat()}"
    told.happened(job, key, "kept", f"Kept by {by.username} though its GPUs are idle.", at=now)
    told.moved(job)
    return job


def kept(job: Job) -> bool:
    """Whether somebody wished to keep it since its GPUs fell idle."""
    return bool(job.kept_at and job.idle_since and job.kept_at >= job.idle_since)


def reclaim() -> int:
    """Warn and stop what is due; safe to repeat, by several at once. Says how many it moved."""
    now = timezone.now()
    with tenancy.as_system():
        running = Job.objects.filter(
            status=JobStatus.RUNNING, gpus__gt=0, cancel_asked_at=None,
            idle_since__lte=now - _after() + timedelta(minutes=settings.IDLE_WARNING),
        )  # fmt: skip
        open_ones = running.filter(Q(kept_at=None) | Q(kept_at__lt=F("idle_since")))
        due = list(open_ones.order_by("idle_since").values_list("pk", flat=True)[:MOST])
    return sum(_look(job_id) for job_id in due)


def _look(job_id) -> bool:
    with tenancy.as_system():
        rows = Job.objects.select_for_update(of=("self",)).select_related("tenant", "person")
        job = rows.get(pk=job_id)
        if job.status != JobStatus.RUNNING or job.idle_since is None or kept(job):
            return False
        now = timezone.now()
        if job.idle_told_at is None or job.idle_told_at < job.idle_since:
            _warn(job, now)
            return True
        if now < stop_at(job):
            return False
        minutes = round((now - job.idle_since).total_seconds() / 60)
        wishing.cancel(job, by=None, note=f"Its GPUs were idle for {minutes} minutes.")
        record("reclaimed", job, by=None, idle_since=job.idle_since.isoformat())
        return True


def _warn(job: Job, now) -> None:
    Job.objects.filter(pk=job.pk).update(idle_told_at=now)
    job.idle_told_at = now
    minutes = round((now - job.idle_since).total_seconds() / 60)
    left = round((stop_at(job) - now).total_seconds() / 60)
    said = f"Its GPUs are idle for {minutes} minutes. It is stopped in {left} minutes."
    key = f"idle {job.idle_since.isoformat()}"
    told.happened(job, key, "idle", said, tone="warn", at=now)
    body = f"{said} Press Keep it on its page if it should run on."
    told.to_submitter(job, f"{job.name} holds GPUs that it does not use", body=body, tone="warn")
    record("warned of idle", job, by=None, idle_since=job.idle_since.isoformat())
    told.moved(job)


def _after() -> timedelta:
    return timedelta(minutes=settings.IDLE_MINUTES)
