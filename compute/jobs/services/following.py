"""Who hears that a job moved, besides its own pages: its pipeline, and its estimates."""

from datetime import timedelta

from django.utils import timezone

from compute.jobs import broadcast_plans as broadcast
from compute.jobs.models import Estimate, Job, Step
from portal.core.background import after_commit

PAUSE = timedelta(seconds=2)


def job_moved(job: Job) -> None:
    """In the transaction that moved it: its pipeline goes on, its estimates learn."""
    if job.step_id:
        _tell_pipeline(job)
    if job.waits and not _told_just_now():
        after_commit("jobs.estimate", job_id=str(job.pk))
    elif job.started_at:
        kept = Estimate.objects.filter(job_id=job.pk, started_at=None)
        kept.update(started_at=job.started_at)


def _told_just_now() -> bool:
    """Whether some job was just told when it starts. Where many come at once the sweep tells them
    all, for each answer plays the whole queue."""
    newest = Estimate.objects.filter(first=True).order_by("-id").values_list("created_at").first()
    return newest is not None and timezone.now() - newest[0] < PAUSE


def _tell_pipeline(job: Job) -> None:
    pipeline_id = Step.objects.values_list("pipeline_id", flat=True).get(pk=job.step_id)
    broadcast.pipeline_moved(pipeline_id)
    if job.ended:
        after_commit("jobs.converge_pipeline", pipeline_id=str(pipeline_id))
