"""Several jobs in one visit: as if each had been converged by itself, and cheaper."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compute.engines.jobs import EngineRefused, EngineUnavailable
from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Happening, Job, Run
from compute.jobs.services import attempts, noting, together
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh


@pytest.fixture
def jobs(a100, claims, consumer) -> list[Job]:
    return [stage.ask(claims, consumer, name=f"Train {n}") for n in range(4)]


def ids(jobs) -> list:
    return [job.pk for job in jobs]


def visit(jobs) -> list:
    return services.visit_together(ids(jobs)).alone


def begun(jobs) -> None:
    """Attempts are written down, and nothing is ordered."""
    services.converge_all(ids(jobs))


def statuses(jobs) -> list[str]:
    return [fresh(job).status for job in jobs]


def test_all_are_ordered_once_and_said_to_wait(jobs, engine):
    for _ in range(3):
        services.converge_all(ids(jobs))
    assert sorted(order.name for order in engine.orders) == sorted(map(attempt_name, jobs))
    assert statuses(jobs) == [JobStatus.QUEUED] * 4
    assert not Attempt.objects.filter(ordered_at=None)
    assert Happening.objects.filter(kind="queued").count() == 4


def test_each_becomes_what_it_would_have_become_by_itself(jobs, engine, a100):
    begun(jobs)
    waits, runs, ends, goes = jobs
    for job in (runs, ends):
        engine.run(attempt_name(job))
    services.converge_all(ids(jobs))
    engine.pass_time(100)
    engine.finish(attempt_name(ends))
    services.cancel(goes, by=goes.person)
    services.converge_all(ids(jobs))
    assert statuses(jobs) == ["queued", "running", "succeeded", "cancelled"]
    assert Run.objects.get(job=ends).billed_at and Run.objects.get(job=runs).ended_at is None
    assert fresh(runs).flavour == a100 and fresh(waits).position in (1, 2)


def test_what_needs_more_than_a_look_is_left_to_a_visit_of_its_own(jobs, engine):
    begun(jobs)
    waits, wished, moved, ended = jobs
    services.cancel(wished, by=wished.person)
    Job.objects.filter(pk=moved.pk).update(priority="low")
    engine.run(attempt_name(ended))
    engine.finish(attempt_name(ended))
    assert visit(jobs) == [wished.pk, moved.pk, ended.pk]
    assert statuses(jobs)[3] == JobStatus.SUCCEEDED


def test_a_visit_of_twelve_asks_no_more_than_one_of_three(jobs, engine, claims, consumer):
    begun(jobs)
    few = jobs[:3]
    with CaptureQueriesContext(connection) as asked:
        visit(few)
    more = jobs + [stage.ask(claims, consumer) for _ in range(8)]
    begun(more)
    begun(more)
    with CaptureQueriesContext(connection) as of_many:
        visit(more)
    assert len(of_many) <= len(asked)


def test_a_silent_cluster_is_asked_once_and_said_of_all(jobs, engine):
    begun(jobs)
    engine.down = True
    found = services.visit_together(ids(jobs))
    assert found.alone == [] and list(found.silent) == [fresh(jobs[0]).cluster_id]
    assert {fresh(job).cause for job in jobs} == {"silent"}
    with pytest.raises(EngineUnavailable):
        services.converge_all(ids(jobs))
    engine.down = False
    services.converge_all(ids(jobs))
    assert "silent" not in {fresh(job).cause for job in jobs}


def test_an_order_that_is_refused_stops_no_other(jobs, engine):
    unlucky = jobs[1]

    def faults(moment, verb):
        if verb == "start" and moment == "before" and len(engine.orders) >= 3:
            raise EngineRefused("There is no such image.")

    engine.faults = faults
    services.converge_all(ids(jobs))
    found = statuses(jobs)
    assert sorted(found) == ["failed", "queued", "queued", "queued"]
    assert unlucky.pk in ids(jobs)


def test_a_lost_reply_is_no_second_order(jobs, engine):
    lost = []

    def faults(moment, verb):
        if verb == "start" and moment == "after" and not lost:
            lost.append(verb)
            raise EngineUnavailable("The reply was lost.")

    engine.faults = faults
    services.converge_all(ids(jobs))
    assert statuses(jobs) == [JobStatus.QUEUED] * 4 and len(engine.orders) == 4


def test_what_a_cluster_speaks_of_is_looked_at_and_not_ordered_again(jobs, engine):
    first, *others = jobs
    engine.start(attempts.order_of(first.attempts.get()))
    calls = []
    engine.faults = lambda moment, verb: calls.append(verb) if moment == "before" else None
    services.visit_together(ids(jobs), heard=True)
    assert calls.count("start") == len(others)
    assert statuses(jobs) == [JobStatus.QUEUED] * 4


def test_the_reply_to_an_order_is_older_than_what_another_hand_has_seen(jobs, engine):
    first, attempt = jobs[0], jobs[0].attempts.get()
    place, began = attempts.Place(first, attempt), timezone.now()
    reply = engine.start(attempts.order_of(attempt))
    engine.run(attempt_name(first))
    services.visit_together(ids(jobs), heard=True)
    noting.note([(place, reply)], looked_at=began, replies=True)
    assert statuses(jobs) == ["running", "queued", "queued", "queued"]


def test_one_that_is_cancelled_before_its_order_is_never_ordered(jobs, engine):
    for job in jobs:
        services.converge(job.pk)
    late = [stage.ask(job.tenant, job.person) for job in jobs[:2]]
    services.cancel(late[0], by=late[0].person)
    services.converge_all(ids(late))
    assert statuses(late) == ["cancelled", "queued"]
    assert attempt_name(late[1]) in [order.name for order in engine.orders]


def test_one_broken_job_stops_no_other(jobs, engine):
    begun(jobs)
    Attempt.objects.filter(job=jobs[0]).update(order={"nonsense": True}, ordered_at=None)
    left = visit(jobs)
    assert jobs[0].pk in left
    assert statuses(jobs)[1:] == [JobStatus.QUEUED] * 3


def test_an_order_that_waited_for_too_long_is_not_given(jobs, engine, monkeypatch):
    monkeypatch.setattr(together, "ORDERED_WITHIN_S", -1.0)
    found = services.visit_together(ids(jobs))
    assert found.silent and not found.alone and not engine.orders
    monkeypatch.undo()
    services.converge_all(ids(jobs))
    assert len(engine.orders) == len(jobs)
