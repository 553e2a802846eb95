"""Jobs on a real control plane as their page tells of them, from our rows and in our words."""

import time
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group

from compute.capacity import services as capacity
from compute.capacity.models import EngineKind, Queue
from compute.engines.fleet import FleetOrder
from compute.engines.jobs import LogMark
from compute.engines.kueue import Kueue
from compute.jobs import leasing, logs, services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job, Receipt
from tenants.directory.roles import PlatformRole, TenantRole
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh
from tests.conftest import person

PRODUCT = "NVIDIA-H100-80GB-HBM3"
CHECKPOINT = "runs/digits"


@pytest.fixture
def hall(db, world, settings, control_plane, own_plane, pretended_nodes, portal_account):
    """Two machines of eight GPUs: one belongs to vision, one to claims, and both lend."""
    settings.JOB_ENGINES = {"kueue": "compute.engines.kueue.Kueue"}
    settings.KUBECONFIG, settings.CAPACITY_PROVIDER = str(portal_account), "bank"
    capacity.forget_engines()
    (cluster,) = capacity.discover()
    assert cluster.engine == EngineKind.KUEUE and cluster.reachable
    kind = until(lambda: capacity.look(cluster).flavours.filter(product=PRODUCT).first())
    stage.price(kind)
    Group.objects.get_or_create(name=PlatformRole.OPERATOR.group_name)
    operator = person("operator", platform=PlatformRole.OPERATOR)
    for slug in ("vision", "claims"):
        queue = Queue.objects.create(tenant=world[slug], cluster=cluster)
        capacity.set_quota(queue, kind, by=operator, guaranteed=8)
    assert capacity.apply(cluster)
    token = leasing.take("a test").token
    yield SimpleNamespace(cluster=cluster, plane=control_plane, tenants=world, token=token)
    engine = capacity.engine_of(cluster)
    for name in map(attempt_name, Job.objects.all()):
        engine.stop(name)
        until(lambda name=name: engine.look(name).ended or not engine.look(name).pods)
        engine.forget(name)
    Kueue(str(portal_account)).apply(FleetOrder((), ()))
    capacity.forget_engines()


def until(check, within: float = 60.0):
    """What the check gave once it was true."""
    give_up = time.monotonic() + within
    while not (found := check()):
        assert time.monotonic() < give_up, f"not within {within:.0f} s"
        time.sleep(0.1)
    return found


def ask(hall, slug: str, by, name: str, **asks) -> Job:
    facts = {"name": name, "gpus": 8, "gpu_memory_gb": 80, "image": "registry.invalid/train:1"}
    return stage.ask(hall.tenants[slug], by, **facts | asks)


def becomes(job: Job, status: str, *others: Job) -> Job:
    """The job once it has this status; `others` are seen to as well."""

    def there() -> bool:
        for one in (job, *others):
            services.converge(one.pk)
        return fresh(job).status == status

    until(there)
    return fresh(job)


def pod_of(hall, job: Job) -> dict:
    """The pod that runs it now."""
    run = job.runs.get(ended_at=None)
    space = f"millwright-{job.tenant.slug}"
    return hall.plane.api.get(f"/api/v1/namespaces/{space}/pods/{run.pod_name}")


def prints(hall, job: Job, *lines: str) -> None:
    """Its program prints, and the portal reads it as the keeper does."""
    run = job.runs.get(ended_at=None)
    hall.plane.pod_log(f"millwright-{job.tenant.slug}", run.pod_name).write(*lines)
    engine = capacity.engine_of(hall.cluster)
    give_up = time.monotonic() + 20
    for pieces in engine.follow(
        attempt_name(job), run.pod, LogMark(), lambda: time.monotonic() > give_up
    ):
        if pieces:
            logs.store(run, pieces, token=hall.token)
        if fresh(job).last_line >= len(lines):
            return
    pytest.fail("its lines were not read")


def variables_of(pod: dict) -> dict[str, str]:
    return {one["name"]: one.get("value") for one in pod["spec"]["containers"][0]["env"]}


def page(client, user, job: Job) -> str:
    client.force_login(user)
    return client.get(job.get_absolute_url()).content.decode()


def test_a_borrower_loses_its_hardware_and_goes_on_from_its_checkpoint(hall, client):
    trainer = person("trainer", hall.tenants["vision"], TenantRole.CONSUMER)
    banker = person("banker", hall.tenants["claims"], TenantRole.CONSUMER)
    own = becomes(ask(hall, "vision", trainer, "Own"), JobStatus.RUNNING)
    lent = ask(hall, "vision", trainer, "Lent", checkpoint=CHECKPOINT, priority="low")
    lent = becomes(lent, JobStatus.RUNNING)
    first = pod_of(hall, lent)
    assert variables_of(first)["MILLWRIGHT_CHECKPOINT"] == CHECKPOINT
    prints(hall, lent, "epoch 1", "millwright: checkpoint step-100", "epoch 2")
    assert fresh(lent).checkpointed_at
    time.sleep(2)  # a cluster stamps whole seconds: something is to be lost after it

    taker = becomes(ask(hall, "claims", banker, "Taker"), JobStatus.RUNNING, lent)
    lent = becomes(lent, JobStatus.QUEUED)
    told = page(client, trainer, lent)
    assert "Its hardware was borrowed, and the team it belongs to needed it." in told
    assert "Its hardware was needed elsewhere. It waits to run again." in told
    assert "pre-empted 1 time" in told and fresh(own).status == JobStatus.RUNNING
    assert "Taker" not in told  # whose job it was is no business of theirs

    services.cancel(taker, by=banker)
    becomes(taker, JobStatus.CANCELLED)
    lent = becomes(lent, JobStatus.RUNNING)
    second = pod_of(hall, lent)
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert variables_of(second)["MILLWRIGHT_CHECKPOINT"] == CHECKPOINT
    assert lent.attempts.count() == 1 and lent.runs.count() == 2
    run = lent.runs.get(ended_at__isnull=False)
    logs.finish(run.pk, run.log_mark, token=hall.token)
    services.converge(lent.pk)
    receipt = Receipt.objects.get(job=lent)
    assert receipt.lost_since == lent.checkpointed_at and receipt.refunded_nano
    assert "Running" in page(client, trainer, lent)
