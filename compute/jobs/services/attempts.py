"""Attempts of a job: the intent before the order, the order itself, and whether another follows.

Everything here runs inside a transaction that holds the row of the job.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from compute.capacity.models import GpuFlavour
from compute.engines.jobs import EndCause, EngineRefused, JobOrder
from compute.jobs.models import Attempt, Job
from compute.jobs.models.running import engine_name
from compute.jobs.services import folders
from compute.jobs.services.hardware import hardware_for

OWN_FAULT = frozenset({EndCause.EXIT, EndCause.MEMORY})
NO_FAULT = frozenset({EndCause.NODE_LOST, EndCause.GONE, EndCause.STOPPED, EndCause.EVICTED})
MOST_NO_FAULT = 3  # times that a job is run again although it did nothing wrong


@dataclass(frozen=True)
class Place:
    """A job and its open attempt, if any, as they stood before the engine was asked."""

    job: Job
    attempt: Attempt | None


def held(job_id) -> Job | None:
    """The row of the job, held until the transaction ends."""
    rows = Job.objects.select_for_update(of=("self",))
    return rows.select_related("tenant", "person", "cluster", "flavour").filter(pk=job_id).first()


def held_all(job_ids) -> dict:
    """Those rows by id, held in the order of their ids, so that two hands never wait in a ring."""
    rows = Job.objects.select_for_update(of=("self",)).filter(pk__in=job_ids).order_by("pk")
    return {job.pk: job for job in rows.select_related("tenant", "person", "cluster", "flavour")}


def with_runs(attempt_ids) -> dict:
    """Attempts by id, with their runs and what their cluster has."""
    rows = Attempt.objects.filter(pk__in=attempt_ids).select_related("cluster")
    return {one.pk: one for one in rows.prefetch_related("runs", "cluster__flavours")}


def open_attempt(job: Job) -> Attempt | None:
    """The attempt that is ordered or about to be."""
    return job.attempts.filter(ended_at=None).select_related("cluster").first()


def begin(job: Job) -> Attempt:
    """Write down that the next attempt will be ordered. Raises `Refused` without hardware."""
    flavours = hardware_for(job)
    last = job.attempts.order_by("-number").first()
    number = last.number + 1 if last else 1
    cluster = flavours[0].cluster
    attempt = Attempt(tenant_id=job.tenant_id, job=job, number=number, cluster=cluster)
    names = tuple(one.slug for one in flavours)
    attempt.order = _order(job, attempt, names).as_dict()
    attempt.save(force_insert=True)
    if job.cluster_id != cluster.pk:
        Job.objects.filter(pk=job.pk).update(cluster=cluster)
        job.cluster = cluster
    return attempt


def begin_first(jobs: list[Job], flavours: list[GpuFlavour]) -> None:
    """The same for jobs that were just made and differ in names and variables alone.

    None is written where no engine would take the order: the first visit finds that, and says so.
    """
    try:
        drafts = _firsts(jobs, flavours)
    except EngineRefused:
        return
    Attempt.objects.bulk_create(drafts)


def _firsts(jobs: list[Job], flavours: list[GpuFlavour]) -> list[Attempt]:
    cluster, names = flavours[0].cluster, tuple(one.slug for one in flavours)
    drafts = [Attempt(tenant_id=job.tenant_id, job=job, number=1, cluster=cluster) for job in jobs]
    order = _order(jobs[0], drafts[0], names)
    for job, draft in zip(jobs, drafts, strict=True):
        draft.order = replace(order, **_own(job, draft)).as_dict()
    return drafts


def _own(job: Job, attempt: Attempt) -> dict:
    """What no other order has."""
    return {
        "name": engine_name(job.pk, attempt.number),
        "uid": str(attempt.pk),
        "variables": job.variables | _told_to_process(job, attempt.number),
    }


def _order(job: Job, attempt: Attempt, flavours: tuple[str, ...]) -> JobOrder:
    return JobOrder(
        **_own(job, attempt),
        tenant=job.tenant.slug,
        image=job.image,
        command=tuple(job.command),
        flavours=flavours,
        gpus=Decimal(job.gpus),  # a default is an int until it is read back
        cpu=Decimal(job.cpu),
        memory_mb=int(job.memory_gb * 1024),
        nodes=job.nodes,
        time_limit_s=job.time_limit_s,
        priority=str(job.priority),
        region=job.region,
        together=job.together,
        checkpoint=job.checkpoint,
    )


def _told_to_process(job: Job, number: int) -> dict[str, str]:
    told = {"MILLWRIGHT_JOB": str(job.pk), "MILLWRIGHT_ATTEMPT": str(number)}
    if job.checkpoint:
        told["MILLWRIGHT_CHECKPOINT"] = job.checkpoint
    if number > 1:
        told["MILLWRIGHT_RESUME"] = "1"
    return told | folders.variables_of(job)


def order_of(attempt: Attempt) -> JobOrder:
    """The order as it was written down."""
    text = attempt.order
    exact = {"gpus": Decimal(text["gpus"]), "cpu": Decimal(text["cpu"])}
    several = {"command": tuple(text["command"]), "flavours": tuple(text["flavours"])}
    return JobOrder(**text | exact | several)


def another_follows(job: Job, attempt: Attempt, end: str) -> bool:
    """Whether the platform runs the job again after this attempt, which ended so.

    Failures of the program and too much memory count against `retries`; what is not the job's
    fault is tried again three times in any case; who ran out of time would do so again.
    """
    before = job.attempts.exclude(pk=attempt.pk).exclude(end="")
    ends = [*before.values_list("end", flat=True), end]
    if end in OWN_FAULT:
        return sum(one in OWN_FAULT for one in ends) <= job.retries
    return end in NO_FAULT and sum(one in NO_FAULT for one in ends) <= MOST_NO_FAULT
