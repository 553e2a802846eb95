"""Nodes for stories of pipelines and estimates, and what their jobs go through."""

from datetime import timedelta

from django.utils import timezone

from compute.capacity.models import GpuFlavour, Node
from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job, Pipeline
from tests.compute.jobs import stage

COMMAND = ["python", "step.py"]
LINE = [
    {"slug": "prepare", "command": COMMAND, "outputs": ["rows.csv"]},
    {"slug": "train", "command": COMMAND, "after": ["prepare"], "inputs": ["rows.csv"]},
    {"slug": "register", "command": COMMAND, "after": ["train"]},
]
DIAMOND = [
    {"slug": "prepare", "command": COMMAND},
    {"slug": "left", "command": COMMAND, "after": ["prepare"]},
    {"slug": "right", "command": COMMAND, "after": ["prepare"]},
    {"slug": "join", "command": COMMAND, "after": ["left", "right"]},
]


def nodes(flavour: GpuFlavour, count: int = 2, *, gpus: int = 8, first: int = 1) -> list[Node]:
    """Machines of this kind, all of them empty."""
    made = [
        Node(
            cluster=flavour.cluster, flavour=flavour, name=f"{flavour.slug}-more-{number}",
            gpus=gpus if flavour.has_gpus else 0, cpu=64, memory_mb=524_288,
            seen_at=timezone.now(),
        )
        for number in range(first, first + count)
    ]  # fmt: skip
    return Node.objects.bulk_create(made)


def hold(job: Job, node: Node, gpus: int) -> None:
    """Let `job` be seen on `node`."""
    node.holdings = [
        *node.holdings,
        {"job": f"j-{job.pk.hex}-1", "tenant": job.tenant.slug, "gpus": str(gpus)},
    ]
    node.held += gpus
    node.save()


def steps_of(pipeline: Pipeline) -> dict:
    """Step by slug, as it stands now."""
    return {step.slug: step for step in pipeline.steps.select_related("job")}


def finish(job: Job, status: str = JobStatus.SUCCEEDED, **facts) -> Job:
    """End a job through the engine of its cluster."""
    services.converge(job.pk)
    attempt = job.attempts.order_by("-number").first()
    engine = stage.engine(attempt.cluster)
    engine.run(attempt.engine_name)
    services.converge(job.pk)
    engine.finish(attempt.engine_name, exit_code=0 if status == JobStatus.SUCCEEDED else 3)
    return services.converge(job.pk)


def run_for(job: Job, flavour: GpuFlavour, elapsed_s: float = 0) -> Job:
    """Write down that a job runs since a while."""
    began = timezone.now() - timedelta(seconds=elapsed_s)
    Job.objects.filter(pk=job.pk).update(
        status=JobStatus.RUNNING, flavour=flavour, started_at=began
    )
    return stage.fresh(job)
