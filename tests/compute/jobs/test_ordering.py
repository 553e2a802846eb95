"""Orders of jobs that are submitted one by one, faster than one by one can be ordered."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compute.engines.jobs import EngineUnavailable
from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Job
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh


@pytest.fixture
def jobs(a100, claims, consumer) -> list[Job]:
    return [stage.ask(claims, consumer, name=f"Train {n}") for n in range(4)]


def ordered(engine) -> list[str]:
    return sorted(order.name for order in engine.orders)


def test_who_orders_one_takes_the_others_along(jobs, engine):
    services.order(jobs[2].pk)
    assert ordered(engine) == sorted(map(attempt_name, jobs))
    assert {fresh(job).status for job in jobs} == {JobStatus.QUEUED}


def test_what_is_ordered_is_not_asked_for_again(jobs, engine):
    services.order(jobs[0].pk)
    engine.down = True
    for job in jobs:
        services.order(job.pk)


def test_a_message_that_comes_when_its_job_has_ended_asks_the_cluster_nothing(jobs, engine):
    services.order(jobs[0].pk)
    engine.run(attempt_name(jobs[0]))
    engine.finish(attempt_name(jobs[0]), 0)
    services.converge_all([job.pk for job in jobs])
    assert fresh(jobs[0]).status == JobStatus.SUCCEEDED
    engine.down = True
    services.order(jobs[0].pk)


def test_one_that_is_broken_stops_no_other(jobs, engine):
    Attempt.objects.filter(job=jobs[0]).update(order={"nonsense": True})
    services.order(jobs[3].pk)
    assert ordered(engine) == sorted(map(attempt_name, jobs[1:]))


def test_what_is_old_is_left_to_the_sweep(jobs, engine):
    Attempt.objects.filter(job=jobs[0]).update(created_at=timezone.now() - timedelta(hours=1))
    services.order(jobs[1].pk)
    assert ordered(engine) == sorted(map(attempt_name, jobs[1:]))
    services.sweep()
    assert len(engine.orders) == 4


def test_a_silent_cluster_is_told_of_and_nothing_is_lost(jobs, engine):
    engine.down = True
    with pytest.raises(EngineUnavailable):
        services.order(jobs[0].pk)
    engine.down = False
    services.order(jobs[1].pk)
    assert len(engine.orders) == 4


def test_a_job_without_an_attempt_is_visited(jobs, engine):
    Attempt.objects.filter(job=jobs[0]).delete()
    services.order(jobs[0].pk)
    assert ordered(engine) == [attempt_name(jobs[0])]
