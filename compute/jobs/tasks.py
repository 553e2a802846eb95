"""Converging jobs in the background, and the sweep that finds what was missed."""

from celery import shared_task

from compute.engines.jobs import EngineUnavailable
from compute.jobs import services

TRIES = 5  # then the sweep goes on


@shared_task(name="jobs.converge", bind=True, max_retries=TRIES)
def converge(self, job_id: str) -> None:
    """Bring one job to what is wished; ask again where the cluster is silent."""
    try:
        services.converge(job_id)
    except EngineUnavailable as silent:
        if self.request.retries >= TRIES:
            return
        raise self.retry(exc=silent, countdown=min(10, 2**self.request.retries)) from silent


@shared_task(name="jobs.converge_all")
def converge_all(job_ids: list[str]) -> None:
    """The same for each of several; the sweep goes on where the cluster is silent."""
    for job_id in job_ids:
        try:
            services.converge(job_id)
        except EngineUnavailable:
            return


@shared_task(name="jobs.sweep")
def sweep() -> None:
    """Everything that is owed."""
    services.sweep()
