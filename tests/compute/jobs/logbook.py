"""Jobs that print: rows of a running job, and pieces as an engine gives them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from compute.capacity.models import Cluster, EngineKind, GpuFlavour
from compute.engines.jobs import LogMark, LogPiece
from compute.jobs import leasing
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Job, Run
from portal.core.ids import new_id

START = datetime(2026, 11, 25, 13, 41, 2, tzinfo=UTC)


def hardware(provider):
    """A cluster with one flavour that has GPUs."""
    cluster, _ = Cluster.objects.get_or_create(
        slug="local",
        defaults={"name": "Local", "engine": EngineKind.LOCAL, "provider": provider},
    )
    flavour, _ = GpuFlavour.objects.get_or_create(
        cluster=cluster,
        slug="h100-80g",
        defaults={"name": "H100 80 GB", "product": "H100", "memory_gb": 80},
    )
    return cluster, flavour


def running(person, tenant, *, nodes: int = 1, **more) -> Job:
    """A job of one attempt that runs on as many nodes, with a run for each."""
    cluster, flavour = hardware(tenant)
    facts = {"status": JobStatus.RUNNING, "started_at": START, "gpus": 2, "cpu": 4}
    job = Job.objects.create(
        tenant=tenant, person=person, name="fine-tune", command=["train"], nodes=nodes,
        cluster=cluster, flavour=flavour, **facts | more,
    )  # fmt: skip
    attempt = Attempt.objects.create(tenant=tenant, job=job, number=1, order={}, ordered_at=START)
    for index in range(nodes):
        run_of(attempt, index, flavour)
    return job


def run_of(attempt: Attempt, index: int, flavour, **more) -> Run:
    facts = {"pod": f"pod-{new_id()}", "pod_name": f"{attempt.engine_name}-{index}"}
    return Run.objects.create(
        tenant_id=attempt.tenant_id, job_id=attempt.job_id, attempt=attempt, index=index,
        node="gpu-01", flavour=flavour, units=Decimal(2), started_at=START, **facts | more,
    )  # fmt: skip


def pieces(*texts: str, first: int = 1, redraw: bool = False, stream: str = "stdout") -> list:
    """One piece for each text, a second apart; their marks count from `first`."""
    return [
        LogPiece(START + timedelta(seconds=n), text, LogMark(str(n)), stream, redraw)
        for n, text in enumerate(texts, first)
    ]


def leading() -> int:
    """The token of a fresh lease."""
    return leasing.take("a test").token
