"""Samples of how busy jobs are, written down by the leader, and since when a job is idle."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from compute.engines.measures import Use
from compute.jobs.leasing import HELD, KEEPING
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Run
from portal.core import tenancy

IDLE_BELOW = 0.05  # of what its GPUs can do
STALE = timedelta(minutes=2)
WRITE = f"""
INSERT INTO compute_measure (job_id, at, tenant_id, gpu, gpu_memory_gb, cpu, memory_gb)
SELECT job.id, %(at)s, job.tenant_id, use.gpu, use.gpu_memory_gb, use.cpu, use.memory_gb
FROM unnest(%(jobs)s::uuid[], %(gpu)s::float8[], %(gpu_memory_gb)s::float8[], %(cpu)s::float8[],
    %(memory_gb)s::float8[]) use(id, gpu, gpu_memory_gb, cpu, memory_gb)
JOIN compute_job job ON job.id = use.id
WHERE {HELD}
ON CONFLICT DO NOTHING
"""  # noqa: S608 - the condition is a constant of ours
IDLE = f"""
UPDATE compute_job job SET idle_since = CASE
    WHEN use.gpu < %(below)s THEN coalesce(job.idle_since, %(at)s) END
FROM unnest(%(jobs)s::uuid[], %(gpu)s::float8[]) use(id, gpu)
WHERE job.id = use.id AND use.gpu IS NOT NULL
    AND (use.gpu < %(below)s) IS DISTINCT FROM (job.idle_since IS NOT NULL) AND {HELD}
"""  # noqa: S608
FORGET = f"""
UPDATE compute_job job SET idle_since = NULL
WHERE job.idle_since IS NOT NULL AND job.status IN ('starting', 'running') AND {HELD}
    AND NOT EXISTS (SELECT 1 FROM compute_measure
        WHERE job_id = job.id AND at > %(since)s AND gpu IS NOT NULL)
"""  # noqa: S608


@dataclass(frozen=True)
class Pod:
    """A pod that runs: its name, its job, and how many cores the job asked for in all."""

    name: str
    job_id: UUID
    cores: float


def pods() -> list[Pod]:
    """Every pod that holds hardware now."""
    with tenancy.as_system():
        rows = Run.objects.filter(
            started_at__isnull=False, ended_at=None, job__status=JobStatus.RUNNING
        ).values_list("pod_name", "job_id", "job__cpu", "job__nodes")
        return [Pod(name, job, float(cpu) * nodes) for name, job, cpu, nodes in rows]


def of_jobs(running: Iterable[Pod], used: dict[str, Use]) -> dict[UUID, Use]:
    """What each job uses: the mean of how busy its GPUs are, a share of its cores, the rest added
    up. A job that nobody measures is left out."""
    by_job: dict[UUID, list[Use]] = defaultdict(list)
    cores: dict[UUID, float] = {}
    for pod in running:
        cores[pod.job_id] = pod.cores
        if pod.name in used:
            by_job[pod.job_id].append(used[pod.name])
    return {job: _together(uses, cores[job]) for job, uses in by_job.items()}


def write(found: dict[UUID, Use], *, token: int, duty: str = KEEPING,
          now: datetime | None = None) -> int:  # fmt: skip
    """Write one sample for each job, and whether it is idle; how many were written.

    Of a job without a sample of its GPUs for `STALE` nobody can say that it is idle.
    """
    at = now or timezone.now()
    figures = ("gpu", "gpu_memory_gb", "cpu", "memory_gb")
    columns = {name: [getattr(use, name) for use in found.values()] for name in figures}
    columns |= {"jobs": list(found), "at": at, "below": IDLE_BELOW, "since": at - STALE}
    columns |= {"duty": duty, "token": token}
    with tenancy.as_system(), connection.cursor() as cursor:
        cursor.execute(WRITE, columns)
        written = cursor.rowcount
        cursor.execute(IDLE, columns)
        cursor.execute(FORGET, columns)
    return written


def _together(uses: list[Use], cores: float) -> Use:
    cpu = _sum(use.cpu for use in uses)
    busy = [use.gpu for use in uses if use.gpu is not None]
    return Use(
        gpu=sum(busy) / len(busy) if busy else None,
        gpu_memory_gb=_sum(use.gpu_memory_gb for use in uses),
        cpu=cpu / cores if cpu is not None and cores else None,
        memory_gb=_sum(use.memory_gb for use in uses),
    )


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
