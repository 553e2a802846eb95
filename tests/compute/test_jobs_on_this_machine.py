"""From asking to the bill: a job through the portal, on a real job host of this machine."""

import time
from decimal import Decimal

import pytest
from django.utils import timezone

from compute.capacity import services as capacity
from compute.engines.jobs import LogMark
from compute.jobs import leasing, logs, services
from compute.jobs.models import Job, LogLine, Run
from portal.core.ids import new_id
from tenants.chargeback.models import Meter, Posting, Price
from tests.engines.job_hosts import host_in

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("jobs")]
PATIENCE = 60


@pytest.fixture
def host(tmp_path, settings, vision, claims):
    """A cluster `local` of vision's, whose cores cost 3.60 EUR an hour and are open to claims."""
    with host_in(tmp_path).up() as running:
        settings.JOB_ENGINES = {"local": "compute.engines.local_jobs.LocalJobs"}
        settings.JOB_HOST_URL, settings.JOB_HOST_TOKEN = running.url, running.token
        settings.CAPACITY_PROVIDER = vision.slug
        capacity.forget_engines()
        (cluster,) = capacity.discover()
        capacity.welcome(cluster)
        put_price(cluster.flavours.get())
        capacity.apply(cluster)
        yield running
        capacity.forget_engines()


def put_price(flavour) -> None:
    Price.objects.create(
        id=new_id(), model_id=flavour.pk, model_slug=flavour.slug, version=1,
        tenant=flavour.cluster.provider, meter=Meter.CPU_SECONDS, per=3600,
        amount=Decimal("3.60"), valid_from=timezone.now() - timezone.timedelta(days=1),
    )  # fmt: skip


def asked(claims, consumer, script: str, **asks) -> Job:
    facts = {"name": "Count rows", "command": ["sh", "-c", script], "cpu": 1, "memory_gb": 1}
    return services.submit(claims, by=consumer, **facts | {"gpus": 0} | asks)


def until(job: Job, *statuses: str) -> Job:
    """What the background does over and over: converge, until the job is there."""
    give_up = time.monotonic() + PATIENCE
    while job.status not in statuses:
        assert time.monotonic() < give_up, (job.status, job.reason)
        services.converge(job.pk)
        job = Job.objects.get(pk=job.pk)
        time.sleep(0.05)
    return job


def read_logs(job: Job) -> list[str]:
    """What the keeper does: follow every run to its end and store what it said."""
    token = leasing.take("a test").token
    for run in job.runs.select_related("attempt__cluster", "job"):
        engine = capacity.engine_of(run.attempt.cluster)
        following = engine.follow(
            run.attempt.engine_name, run.pod, LogMark(run.log_mark), lambda: False
        )
        for pieces in following:
            logs.store(run, pieces, token=token)
        logs.finish(run.pk, run.log_mark, token=token)
    return list(LogLine.objects.filter(job=job).order_by("n").values_list("text", flat=True))


def test_a_job_runs_is_billed_to_the_microsecond_and_its_log_is_kept(host, claims, consumer):
    job = until(asked(claims, consumer, "echo one; sleep 1; echo two >&2"), "succeeded")
    assert read_logs(job) == ["one", "two"]
    (run,) = Run.objects.filter(job=job)
    assert (run.end, run.exit_code, run.units) == ("completed", 0, 1)
    took = Decimal((run.ended_at - run.started_at).total_seconds()).quantize(Decimal("0.000001"))
    assert run.seconds == took and 1 <= took < 10
    assert run.nano == pytest.approx(int(took * 1_000_000), abs=1)  # a tenth of a cent a second
    posted = Posting.objects.filter(transaction=run.pk)
    assert sum(line.nano for line in posted) == 0
    assert {abs(line.nano) for line in posted.filter(tenant=claims)} == {run.nano}


def test_a_failing_job_is_tried_again_with_its_checkpoint(host, claims, consumer):
    count = 'cd "$MILLWRIGHT_CHECKPOINT"; echo x >> tries; wc -l < tries'
    script = f"{count}; [ $(wc -l < tries) = 3 ]"
    job = until(asked(claims, consumer, script, retries=2), "succeeded", "failed")
    assert (job.status, job.attempts.count()) == ("succeeded", 3)
    assert read_logs(job) == ["1", "2", "3"]
    assert [run.exit_code for run in job.runs.order_by("started_at")] == [1, 1, 0]


def test_a_cancelled_job_is_billed_for_what_it_held(host, claims, consumer):
    job = until(asked(claims, consumer, "sleep 60"), "running")
    services.cancel(job, by=consumer)
    job = until(Job.objects.get(pk=job.pk), "cancelled")
    (run,) = job.runs.all()
    assert run.end == "stopped" and run.nano > 0


def test_a_job_outlives_the_host_that_began_it(host, claims, consumer):
    job = until(asked(claims, consumer, "echo before; sleep 3; echo after"), "running")
    host.process.kill()
    host.process.wait()
    host.start()
    job = until(job, "succeeded", "failed")
    assert (job.status, job.attempts.count()) == ("succeeded", 1)
    assert read_logs(job) == ["before", "after"]


def test_what_this_machine_could_never_hold_is_refused_before_it_is_asked_for(
    host, claims, consumer
):
    with pytest.raises(Exception, match="cores"):
        asked(claims, consumer, "true", cpu=64)
