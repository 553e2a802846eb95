"""Who hears that a job moved, besides its own pages: its pipeline, and its estimates."""

from math import ceil

from django.core.cache import cache
from django.db import transaction

from compute.jobs import broadcast_plans as broadcast
from compute.jobs.models import Estimate, Job, Step
from portal.core.background import after_commit

ASKED = "jobs.estimate.asked"
PAUSE_S, SELDOM = 2, 20  # at most one part in so many of a processor


def jobs_moved(jobs: list[Job]) -> None:
    """In the transaction that moved them: their pipelines go on, their estimates learn. Of those
    that wait one is told when it starts: the sweep tells the others."""
    for job in jobs:
        if job.step_id:
            _tell_pipeline(job)
    if started := [job for job in jobs if job.started_at and not job.waits]:
        _learn(started)
    waiting = next((job for job in jobs if job.waits), None)
    if waiting:  # outside of the transaction: what is moved does not hang on the cache
        transaction.on_commit(lambda: _ask(waiting.pk), robust=True)


def _ask(job_id) -> None:
    if cache.add(ASKED, 1, PAUSE_S):
        after_commit("jobs.estimate", job_id=str(job_id))


def _learn(jobs: list[Job]) -> None:
    began = {job.pk: job.started_at for job in jobs}
    kept = list(Estimate.objects.filter(job_id__in=began, started_at=None))
    for estimate in kept:
        estimate.started_at = began[estimate.job_id]
    Estimate.objects.bulk_update(kept, ["started_at"])


def pause_estimates(took_s: float) -> None:
    """After an answer that took so long the next is not asked for at once: each plays the whole
    queue, and where many come at once the sweep tells them all."""
    cache.set(ASKED, 1, max(PAUSE_S, ceil(took_s * SELDOM)))


def _tell_pipeline(job: Job) -> None:
    pipeline_id = Step.objects.values_list("pipeline_id", flat=True).get(pk=job.step_id)
    broadcast.pipeline_moved(pipeline_id)
    if job.ended:
        after_commit("jobs.converge_pipeline", pipeline_id=str(pipeline_id))
