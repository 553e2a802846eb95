"""Who hears that a job moved, besides its own pages: its pipeline, and its estimates."""

from compute.jobs import broadcast_plans as broadcast
from compute.jobs.models import Estimate, Job, Step
from portal.core.background import after_commit


def job_moved(job: Job) -> None:
    """In the transaction that moved it: its pipeline goes on, its estimates learn."""
    if job.step_id:
        _tell_pipeline(job)
    if job.waits:
        after_commit("jobs.estimate", job_id=str(job.pk))
    elif job.started_at:
        kept = Estimate.objects.filter(job_id=job.pk, started_at=None)
        kept.update(started_at=job.started_at)


def _tell_pipeline(job: Job) -> None:
    pipeline_id = Step.objects.values_list("pipeline_id", flat=True).get(pk=job.step_id)
    broadcast.pipeline_moved(pipeline_id)
    if job.ended:
        after_commit("jobs.converge_pipeline", pipeline_id=str(pipeline_id))
