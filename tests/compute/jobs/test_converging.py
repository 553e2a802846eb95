"""One function for all: submit, run, end, cancel, pre-emption, loss, silence."""

import pytest

from compute.engines.jobs import EngineUnavailable
from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Run
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh


def test_a_job_is_ordered_once_with_the_name_of_its_attempt(job, engine):
    for _ in range(3):
        services.converge(job.pk)
    assert [order.name for order in engine.orders] == [f"j-{job.pk.hex}-1"]
    assert engine.orders[0].uid == str(job.attempts.get().pk)
    assert fresh(job).status == JobStatus.QUEUED


def test_a_job_runs_and_succeeds(job, engine, a100):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    assert services.converge(job.pk).status == JobStatus.RUNNING
    engine.pass_time(100)
    engine.finish(attempt_name(job))
    done = services.converge(job.pk)
    run = Run.objects.get(job=job)
    assert (done.status, done.flavour) == (JobStatus.SUCCEEDED, a100)
    assert run.billed_at and run.nano == pytest.approx(100 * 10**6, rel=0.01)


def test_a_silent_cluster_says_so_and_loses_nothing(job, engine):
    engine.down = True
    with pytest.raises(EngineUnavailable):
        services.converge(job.pk)
    assert fresh(job).cause == "silent"
    engine.down = False
    assert services.converge(job.pk).status == JobStatus.QUEUED
    assert stage.attempt_name(job) in [order.name for order in engine.orders]
