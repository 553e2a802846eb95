"""Several jobs in one visit: as if each had been converged by itself, and cheaper."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compute.engines.jobs import EngineRefused, EngineUnavailable
from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Happening, Job, Run
from compute.jobs.services import attempts, noting, saying, together
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Posting
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh


@pytest.fixture
def jobs(a100, claims, consumer) -> list[Job]:
    return [stage.ask(claims, consumer, name=f"Train {n}") for n in range(4)]


def ids(jobs) -> list:
    return [job.pk for job in jobs]


def visit(jobs) -> list:
    """See to these, and then to what is owed of them; those that are left for visits alone."""
    visited = services.visit_together(ids(jobs))
    return visited.alone + services.settle_together(visited.over).alone


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


def test_who_was_asked_for_first_is_ordered_first(jobs, engine, monkeypatch):
    monkeypatch.setattr(saying, "AT_ONCE", 1)
    services.converge_all(reversed(ids(jobs)))
    assert [order.name for order in engine.orders] == [attempt_name(job) for job in jobs]


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
    waits, wished, moved, failed = jobs
    services.cancel(wished, by=wished.person)
    Job.objects.filter(pk=moved.pk).update(priority="low")
    Job.objects.filter(pk=failed.pk).update(retries=1)
    engine.run(attempt_name(failed))
    engine.finish(attempt_name(failed), 1)
    assert visit(jobs) == [moved.pk, failed.pk]
    assert statuses(jobs)[1] == JobStatus.CANCELLED


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


def fails_once(engine, moment: str, verb: str, problem: Exception) -> None:
    """The next such call raises this; those after it do not."""
    left = [problem]

    def faults(*at):
        if at == (moment, verb) and left:
            raise left.pop()

    engine.faults = faults


def end(jobs, engine) -> int:
    """Let all run and succeed; with how many statements the ends were written down."""
    for job in jobs:
        engine.run(attempt_name(job))
    services.converge_all(ids(jobs))
    engine.pass_time(100)
    for job in jobs:
        engine.finish(attempt_name(job))
    with CaptureQueriesContext(connection) as asked:
        assert visit(jobs) == []
    assert set(statuses(jobs)) == {JobStatus.SUCCEEDED}
    return len(asked)


def test_ends_and_what_is_owed_after_them_cost_the_same_for_nine_as_for_three(
    a100, claims, consumer, engine
):
    second = timezone.now().timestamp() // 1
    engine.clock = lambda: second  # like the clock of a cluster it has no part of a second
    few, many = ([stage.ask(claims, consumer, notify=False) for _ in range(n)] for n in (3, 9))
    begun([*few, *many])
    assert end(many, engine) <= end(few, engine)  # nobody is told of each
    Attempt.objects.update(noted_at=timezone.now() - timedelta(minutes=2))
    Run.objects.update(log_read_at=timezone.now())
    counts = []
    for some in (few, many):
        with CaptureQueriesContext(connection) as asked:
            visited = services.visit_together(ids(some))
            assert (visited.alone, visited.over) == ([], ids(some))
            assert services.settle_together(visited.over).alone == []
        counts.append(len(asked))
        assert not Job.objects.filter(pk__in=ids(some), settled_at=None)
    assert counts[1] <= counts[0] and engine.present() == {}
    assert Posting.objects.filter(cause="job", account="usage").count() == 12
    assert chargeback.verify_ledger() == []


def test_one_that_cannot_be_billed_stops_no_other(jobs, engine):
    begun(jobs)
    for job in jobs:
        engine.run(attempt_name(job))
    services.converge_all(ids(jobs))
    twice, *others = Run.objects.order_by("job")
    price = chargeback.price_in_force(twice.flavour_id)
    meter, now = services.meter_of(twice.flavour), timezone.now()
    chargeback.charge(
        [chargeback.Use(twice.pk, twice.tenant, twice.job_id, price, meter, Decimal(1), now)]
    )
    for job in jobs:
        engine.finish(attempt_name(job))
    assert len(visit(jobs)) == 4  # nothing of one transaction is kept
    for job_id in ids(jobs):
        with suppress(DatabaseError), transaction.atomic():
            services.visit(job_id)
    assert set(Run.objects.exclude(billed_at=None)) == set(others)


@pytest.mark.parametrize("word", ["release", "forget"])
def test_one_that_the_cluster_keeps_for_now_keeps_no_other(jobs, engine, word):
    begun(jobs)
    end(jobs, engine)
    Attempt.objects.update(noted_at=timezone.now() - timedelta(minutes=2))
    Run.objects.update(log_read_at=timezone.now())
    fails_once(engine, "before", word, EngineRefused("Not now."))
    assert services.settle_together(ids(jobs)).alone == []
    assert Job.objects.filter(settled_at=None).count() == len(engine.present()) == 1
    services.settle_together(ids(jobs))
    assert not Job.objects.filter(settled_at=None) and engine.present() == {}


def test_cancelled_ones_leave_together(jobs, engine):
    begun(jobs)
    never, waits, runs, stays = jobs
    fresh_one = stage.ask(never.tenant, never.person)
    engine.run(attempt_name(runs))
    for job in (waits, runs, fresh_one):
        services.cancel(job, by=job.person)
    stops = []
    engine.faults = lambda moment, verb: stops.append(verb) if moment == "after" else None
    assert visit([*jobs, fresh_one]) == []
    assert statuses([waits, runs, fresh_one]) == ["cancelled"] * 3 and stops.count("stop") == 2
    assert statuses([never, stays]) == [JobStatus.QUEUED] * 2
    assert "start" not in stops and Run.objects.get(job=runs).billed_at


def test_one_that_cannot_be_stopped_now_is_asked_again_alone(jobs, engine):
    begun(jobs)
    for job in jobs:
        services.cancel(job, by=job.person)
    fails_once(engine, "before", "stop", EngineUnavailable("No queue has taken it yet."))
    left = visit(jobs)
    assert len(left) == 1 and statuses(jobs).count("cancelled") == 3
    services.visit(left[0])
    assert statuses(jobs) == [JobStatus.CANCELLED] * 4


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
    fails_once(engine, "after", "start", EngineUnavailable("The reply was lost."))
    services.converge_all(ids(jobs))
    assert statuses(jobs) == [JobStatus.QUEUED] * 4 and len(engine.orders) == 4


def test_what_a_cluster_speaks_of_is_looked_at_and_not_ordered_again(jobs, engine):
    first, *others = jobs
    engine.start(attempts.order_of(first.attempts.get()))
    calls = []
    engine.faults = lambda moment, verb: calls.append(verb) if moment == "before" else None
    assert services.visit_together(ids(jobs), heard=True).alone == []
    assert "start" not in calls  # they are just being ordered by whoever was asked to
    assert statuses(jobs) == ["queued", *["submitted"] * len(others)]
    Attempt.objects.update(created_at=timezone.now() - timedelta(minutes=1))
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
    assert statuses(jobs) == ["running", "submitted", "submitted", "submitted"]


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
