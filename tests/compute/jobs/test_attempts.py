"""What is ordered, and whether another attempt follows an end."""

import pytest

from compute.engines.jobs import EndCause
from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.services.attempts import order_of
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh


def end_all(job, engine, end: EndCause, most: int = 9) -> int:
    """Let every attempt end so until there is none; says how many there were."""
    for number in range(1, most):
        services.converge(job.pk)
        if fresh(job).ended:
            return number - 1
        engine.run(attempt_name(job, number))
        engine.finish(attempt_name(job, number), exit_code=3, end=end)
        services.converge(job.pk)
    raise AssertionError("it never ended")


@pytest.mark.parametrize(
    "end, retries, attempts",
    [
        (EndCause.EXIT, 0, 1),
        (EndCause.EXIT, 2, 3),
        (EndCause.MEMORY, 1, 2),
        (EndCause.TIME_LIMIT, 5, 1),
        (EndCause.NODE_LOST, 0, 4),
        (EndCause.GONE, 0, 4),
    ],
)
def test_what_follows_an_end(a100, claims, consumer, engine, end, retries, attempts):
    job = stage.ask(claims, consumer, retries=retries)
    assert end_all(job, engine, end) == attempts
    assert (fresh(job).status, fresh(job).cause) == (JobStatus.FAILED, end)
    assert len(engine.orders) == attempts


def test_a_lost_node_does_not_use_up_a_retry(a100, claims, consumer, engine):
    job = stage.ask(claims, consumer, retries=1)
    for number, end in enumerate([EndCause.NODE_LOST, EndCause.EXIT, EndCause.NODE_LOST], 1):
        services.converge(job.pk)
        engine.run(attempt_name(job, number))
        engine.finish(attempt_name(job, number), 1, end=end)
        services.converge(job.pk)
    assert fresh(job).status == JobStatus.QUEUED
    assert attempt_name(job, 4) == engine.orders[-1].name


def test_the_process_is_told_who_it_is_and_to_resume(a100, claims, consumer, engine):
    asks = {"retries": 1, "checkpoint": "runs/digits", "variables": {"EPOCHS": "3"}}
    job = stage.ask(claims, consumer, **asks)
    services.converge(job.pk)
    engine.run(attempt_name(job))
    engine.finish(attempt_name(job), 1)
    services.converge(job.pk)
    first, second = (order.variables for order in engine.orders)
    told = {"EPOCHS": "3", "MILLWRIGHT_JOB": str(job.pk), "MILLWRIGHT_ATTEMPT": "1",
            "MILLWRIGHT_CHECKPOINT": "runs/digits"}  # fmt: skip
    assert first == told
    assert second == told | {"MILLWRIGHT_ATTEMPT": "2", "MILLWRIGHT_RESUME": "1"}


def test_the_order_is_kept_as_it_was_given(a100, claims, consumer, engine):
    job = stage.ask(claims, consumer, gpus=2, cpu="1.5", memory_gb=3, nodes=2, together=True)
    services.converge(job.pk)
    assert order_of(job.attempts.get()) == engine.orders[0]
    assert engine.orders[0].memory_mb == 3072 and engine.orders[0].flavours == ("a100",)


def test_hardware_of_one_cluster_is_offered_the_smallest_that_fits_first(
    a100, claims, consumer, engine, cluster
):
    stage.quota(claims, stage.flavour(cluster, "h100", memory_gb=80, generation=9))
    stage.quota(claims, stage.flavour(cluster, "t4", memory_gb=16, generation=7))
    job = stage.ask(claims, consumer, gpu_memory_gb=24)
    services.converge(job.pk)
    assert engine.orders[0].flavours == ("a100", "h100")


def test_a_job_is_there_with_its_first_attempt(job, engine, cluster):
    attempt = job.attempts.get()
    assert (attempt.number, attempt.cluster, fresh(job).cluster) == (1, cluster, cluster)
    assert attempt.ordered_at is None and not engine.orders
    services.converge(job.pk)
    assert engine.orders == [order_of(attempt)] and job.attempts.get() == attempt


def test_a_job_waits_for_its_next_attempt_while_nothing_is_open_to_it(
    a100, claims, consumer, cluster, engine
):
    job = stage.ask(claims, consumer, retries=1)
    services.converge(job.pk)
    engine.finish(attempt_name(job), 1)
    type(cluster).objects.update(open=False)
    assert services.converge(job.pk).status == JobStatus.QUEUED
    assert fresh(job).cause == "no_hardware" and fresh(job).reason
    type(cluster).objects.update(open=True)
    services.converge(job.pk)
    assert len(engine.orders) == 2
