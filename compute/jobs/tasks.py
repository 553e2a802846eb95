"""Converging jobs in the background, and the sweep that finds what was missed."""

from uuid import UUID

from celery import shared_task

from compute.engines.jobs import EngineUnavailable
from compute.jobs import services

TRIES = 5  # then the sweep goes on


@shared_task(name="jobs.converge", bind=True, max_retries=TRIES)
def converge(self, job_id: str) -> None:
    """Bring one job to what is wished."""
    _try(self, services.visit, job_id)


@shared_task(name="jobs.order", bind=True, max_retries=TRIES)
def order(self, job_id: str) -> None:
    """Order one job that was submitted, and others with it."""
    _try(self, services.order, UUID(job_id))


@shared_task(name="jobs.converge_all", bind=True, max_retries=TRIES)
def converge_all(self, job_ids: list[str]) -> None:
    """Several at once, as those of a series."""
    _try(self, services.converge_all, [UUID(job_id) for job_id in job_ids])


def _try(task, act, subject) -> None:
    """Ask again where the cluster is silent."""
    try:
        act(subject)
    except EngineUnavailable as silent:
        if task.request.retries >= TRIES:
            return
        raise task.retry(exc=silent, countdown=min(10, 2**task.request.retries)) from silent


@shared_task(name="jobs.sweep")
def sweep() -> None:
    """Everything that is owed."""
    services.sweep()
