"""One function for all: submit, run, end, cancel, pre-emption, loss, silence."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compute.engines.jobs import EndCause, EngineUnavailable, WaitCause
from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Happening, Job, Run
from portal.notices.models import Notice
from tests.compute.jobs import stage
from tests.compute.jobs.stage import attempt_name, fresh


@pytest.fixture
def running(job, engine):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    return services.converge(job.pk)


def titles(person) -> list[str]:
    return list(
        Notice.objects.filter(person=person).order_by("id").values_list("title", flat=True)
    )


def minute_passes(job) -> None:
    """What waits for a minute or for the logs has waited for it."""
    Attempt.objects.filter(job=job).update(noted_at=timezone.now() - timedelta(minutes=2))
    Run.objects.filter(job=job).update(log_read_at=timezone.now())


def test_a_job_is_ordered_once_with_the_name_of_its_attempt(job, engine):
    for _ in range(3):
        services.converge(job.pk)
    assert [order.name for order in engine.orders] == [f"j-{job.pk.hex}-1"]
    assert engine.orders[0].uid == str(job.attempts.get().pk)
    assert fresh(job).status == JobStatus.QUEUED


def test_a_job_runs_and_succeeds(running, engine, a100, consumer):
    engine.pass_time(100)
    engine.finish(attempt_name(running))
    done = services.converge(running.pk)
    assert (done.status, done.flavour, done.cause) == (JobStatus.SUCCEEDED, a100, "completed")
    assert titles(consumer) == ["Train digits succeeded"]
    kinds = Happening.objects.filter(job=done).values_list("kind", flat=True)
    assert list(kinds) == ["submitted", "queued", "running", "succeeded"]


def test_what_began_and_ended_between_two_looks_was_seen_all_the_same(job, engine, a100):
    services.converge(job.pk)
    engine.run(attempt_name(job))
    engine.finish(attempt_name(job))
    done = services.converge(job.pk)
    assert (done.started_at, done.flavour) == (Run.objects.get().started_at, a100)
    kinds = Happening.objects.filter(job=done).values_list("kind", flat=True)
    assert list(kinds) == ["submitted", "queued", "running", "succeeded"]


def test_what_ended_is_forgotten_after_a_minute_and_then_settled(running, engine):
    engine.finish(attempt_name(running))
    services.converge(running.pk)
    assert len(engine.present()) == 1 and fresh(running).settled_at is None
    minute_passes(running)
    services.converge(running.pk)
    assert engine.present() == {} and fresh(running).settled_at
    assert running not in Job.objects.unsettled()


def test_pods_are_released_only_once_their_log_is_read(running, engine):
    engine.finish(attempt_name(running))
    services.converge(running.pk)
    assert engine.look(attempt_name(running)).pods
    Run.objects.update(log_read_at=timezone.now())
    services.converge(running.pk)
    assert engine.look(attempt_name(running)).pods == ()


def test_a_silent_cluster_says_so_and_loses_nothing(job, engine):
    engine.down = True
    with pytest.raises(EngineUnavailable):
        services.converge(job.pk)
    assert fresh(job).cause == "silent"
    engine.down = False
    assert services.converge(job.pk).status == JobStatus.QUEUED
    assert stage.attempt_name(job) in [order.name for order in engine.orders]


def test_a_lost_reply_does_not_order_twice(job, engine):
    def lose(moment, verb):
        if (moment, verb) == ("after", "start"):
            raise EngineUnavailable("the line broke")

    engine.faults = lose
    with pytest.raises(EngineUnavailable):
        services.converge(job.pk)
    engine.faults = None
    services.converge(job.pk)
    assert len(engine.orders) == 1 and job.attempts.get().ordered_at


def test_what_the_engine_refuses_fails_with_its_words(job, engine, monkeypatch):
    monkeypatch.setattr(engine, "_priorities", dict)
    done = services.converge(job.pk)
    assert (done.status, done.cause) == (JobStatus.FAILED, "refused")
    assert "no priority" in done.reason


@pytest.mark.parametrize("cause", [WaitCause.QUOTA, WaitCause.TOO_LARGE])
def test_why_it_waits_is_said_and_what_is_wrong_stands_on_the_timeline(job, engine, cause):
    services.converge(job.pk)
    engine.wait_because(attempt_name(job), cause, "Plain words.", "its own text")
    seen = services.converge(job.pk)
    assert (seen.cause, seen.reason, seen.detail) == (cause, "Plain words.", "its own text")
    assert Happening.objects.filter(job=job, kind="wrong").exists() == cause.wrong


@pytest.mark.parametrize("state", ["submitted", "queued", "starting", "running"])
def test_a_job_is_cancelled_from_every_state(job, engine, consumer, state):
    if state != "submitted":
        services.converge(job.pk)
    if state in ("starting", "running"):
        (engine.admit if state == "starting" else engine.run)(attempt_name(job))
        services.converge(job.pk)
    services.cancel(fresh(job), by=consumer)
    done = services.converge(job.pk)
    assert (done.status, done.reason) == (JobStatus.CANCELLED, "Cancelled by consumer.")
    assert all(seen.ended for seen in engine.look_all(engine.present()))
    assert titles(consumer) == []


def test_others_cancelling_is_told_to_the_submitter(running, consumer, operator):
    services.cancel(running, by=operator, note="The node is needed.")
    services.converge(running.pk)
    assert titles(consumer) == ["Train digits was cancelled"]


def test_a_slow_stop_is_said_and_then_seen(running, engine, consumer):
    engine.lingers = True
    services.cancel(running, by=consumer)
    assert services.converge(running.pk).reason == "It is being stopped."
    engine.finish(attempt_name(running), end=EndCause.STOPPED)
    assert services.converge(running.pk).status == JobStatus.CANCELLED


def test_what_finished_before_it_could_be_stopped_succeeded(running, engine, consumer):
    services.cancel(running, by=consumer)
    engine.finish(attempt_name(running))
    assert services.converge(running.pk).status == JobStatus.SUCCEEDED


def test_a_cancel_waits_for_a_silent_cluster(running, engine, consumer):
    engine.down = True
    services.cancel(running, by=consumer)
    with pytest.raises(EngineUnavailable):
        services.converge(running.pk)
    assert "as soon as the cluster answers" in fresh(running).reason
    engine.down = False
    assert services.converge(running.pk).status == JobStatus.CANCELLED


def test_a_preempted_job_waits_and_runs_again_as_the_same_attempt(running, engine, consumer):
    engine.pass_time(60)
    engine.evict(attempt_name(running), rule="InCohortReclamation", words="It was borrowed.")
    seen = services.converge(running.pk)
    assert (seen.status, seen.started_at) == (JobStatus.QUEUED, running.started_at)
    assert titles(consumer) == ["Train digits lost its hardware and waits again"]
    engine.run(attempt_name(running))
    assert services.converge(running.pk).status == JobStatus.RUNNING
    assert Attempt.objects.get().evictions == 1 and Run.objects.count() == 2
    assert Happening.objects.filter(kind="running").count() == 2


def test_what_is_preempted_again_and_again_alarms_owners_and_operators(running, engine, operator):
    for _ in range(7):
        engine.pass_time(5)
        engine.evict(attempt_name(running))
        services.converge(running.pk)
        engine.run(attempt_name(running))
    services.converge(running.pk)
    assert titles(operator) == ["Train digits lost its hardware 6 times"]


def test_a_job_removed_behind_our_back_is_run_again(running, engine):
    engine.vanish(attempt_name(running))
    assert services.converge(running.pk).status == JobStatus.QUEUED
    assert attempt_name(running, 2) == engine.orders[-1].name
    run = Run.objects.get()
    assert run.end == "gone" and run.ended_at >= run.started_at


def test_a_long_wait_ends_with_a_notice(job, engine, consumer):
    services.converge(job.pk)
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=20))
    engine.run(attempt_name(job))
    services.converge(job.pk)
    assert titles(consumer) == ["Train digits is running"]


def test_who_wants_no_notices_gets_none(a100, claims, consumer, engine):
    job = stage.ask(claims, consumer, notify=False)
    services.converge(job.pk)
    engine.finish(attempt_name(job), 1)
    services.converge(job.pk)
    assert fresh(job).status == JobStatus.FAILED and titles(consumer) == []


def test_there_is_no_such_job(job, engine):
    assert services.converge("01890000-0000-7000-8000-000000000000") is None


@pytest.mark.parametrize("moment, verb", [("after", "look"), ("before", "start")])
def test_a_slow_hand_neither_orders_again_nor_takes_its_old_look_for_truth(
    job, engine, moment, verb
):
    def meanwhile(*call):
        if call != (moment, verb):
            return
        engine.faults = None
        services.converge(job.pk)
        engine.run(attempt_name(job))
        engine.finish(attempt_name(job))
        assert services.converge(job.pk).status == JobStatus.SUCCEEDED

    if verb == "look":
        services.converge(job.pk)  # an order is given without a look
    engine.faults = meanwhile
    assert services.converge(job.pk).status == JobStatus.SUCCEEDED
    assert len(engine.orders) == 1 and Attempt.objects.get().end == "completed"
