"""Pipelines, estimates and idle GPUs in the background, and the sweeps behind them."""

import time

from celery import shared_task

from compute.jobs import services
from compute.jobs.models import Job
from portal.core import tenancy


@shared_task(name="jobs.converge_pipeline")
def converge_pipeline(pipeline_id: str) -> None:
    """Bring one pipeline to its next steps."""
    services.converge_pipeline(pipeline_id)


@shared_task(name="jobs.sweep_pipelines")
def sweep_pipelines() -> None:
    """Every pipeline that runs."""
    services.sweep_pipelines()


@shared_task(name="jobs.estimate")
def estimate(job_id: str) -> None:
    """Say when one waiting job should start."""
    with tenancy.as_system():
        job = Job.objects.to_show().filter(pk=job_id).first()
        began = time.monotonic()
        if job and job.waits:
            services.estimate(job)
    services.pause_estimates(time.monotonic() - began)


@shared_task(name="jobs.refresh_estimates")
def refresh_estimates() -> None:
    """Estimates of waiting jobs that are a minute old."""
    services.refresh_estimates()


@shared_task(name="jobs.reclaim_idle")
def reclaim_idle() -> None:
    """Jobs that hold GPUs and do not use them."""
    services.reclaim_idle()
