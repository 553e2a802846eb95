"""Estimates: what is told of a start and of costs, and how good it is."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.queues import Replay, coverage, made_up
from compute.jobs import calibration, services, waiting
from compute.jobs.calibration import Past
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Estimate, Job
from compute.jobs.services import following, queueing
from compute.jobs.services.estimating import Record
from compute.jobs.waiting import Holder, Scene, Share, Waiter
from portal.core.errors import Refused
from tests.compute.jobs import plans, stage
from tests.compute.jobs.stage import fresh

HOUR = 3600.0
ASKS = {"command": ["python"], "gpus": 4, "time_limit_s": 3600}


@pytest.fixture
def busy(a100, claims, consumer):
    """Everything that claims may have is in use, by one job that has run for half an hour."""
    job = stage.ask(claims, consumer, gpus=8, time_limit_s=3600)
    queue = a100.quotas.get(tenant=claims)
    queue.borrow = 0
    queue.save()
    return plans.run_for(job, a100, 1800)


def test_what_fits_starts_at_once_and_says_what_it_costs(a100, claims, consumer):
    told = services.forecast(claims, by=consumer, **ASKS)
    assert told.fits and told.start.at_once
    assert told.flavour == a100 and told.binding == "There is room now."
    assert told.hour_nano == 4 * 3_600_000_000 == told.limit_nano
    assert (told.usual_nano, told.currency) == (None, "EUR")
    assert timedelta(0) < told.high - timezone.now() <= timedelta(seconds=61)


def test_what_can_never_run_says_why(a100, claims, consumer):
    told = services.forecast(claims, by=consumer, command=["x"], gpus=8, gpu_memory_gb=200)
    assert not told.fits and told.start is None
    assert told.field == "gpu_memory_gb" and "40 GB or less" in told.why
    with pytest.raises(Refused):
        services.forecast(claims, by=consumer, command=["x"], gpus=-1)


def test_what_waits_is_told_as_a_range_with_the_reason(busy, a100, claims, consumer):
    told = services.forecast(claims, by=consumer, **ASKS)
    assert told.fits and not told.start.at_once
    assert told.low < told.start.middle < told.high
    assert told.high <= timezone.now() + timedelta(hours=1)
    assert told.binding == "claims has 8 of the 8 GPUs of A100 that it may have in use."


def test_free_gpus_that_are_not_in_one_place_are_the_reason(a100, claims, consumer):
    a100.quotas.update(borrow=None)
    for node in a100.nodes.all():
        job = plans.run_for(stage.ask(claims, consumer, gpus=1, time_limit_s=7200), a100, 60)
        plans.hold(job, node, 1)
    told = services.forecast(claims, by=consumer, command=["x"], gpus=8)
    assert not told.start.at_once
    assert told.binding == "It needs 8 GPUs in one node, and the largest free block is 7."
    assert told.start.method == "large"


def test_earlier_runs_of_the_name_say_what_it_will_cost(a100, claims, consumer):
    began = timezone.now() - timedelta(days=1)
    for minutes in (10, 20, 30):
        job = stage.ask(claims, consumer, name="Nightly", gpus=4)
        Job.objects.filter(pk=job.pk).update(
            status=JobStatus.SUCCEEDED, started_at=began,
            ended_at=began + timedelta(minutes=minutes),
        )  # fmt: skip
    told = services.forecast(claims, by=consumer, name="Nightly", **ASKS)
    assert told.known_by == "3 earlier runs of this name"
    assert told.usual_nano == (2_400_000_000, 7_200_000_000)


def test_two_estimates_of_a_job_are_kept_and_learn_when_it_began(busy, a100, claims, consumer):
    job = stage.ask(claims, consumer, gpus=4)
    for _ in range(3):
        services.estimate(fresh(job))
    assert Estimate.objects.filter(job_id=job.pk).count() == 2
    assert services.told_estimate(fresh(job)).first is False
    plans.finish(busy)
    services.converge(job.pk)
    engine = stage.engine(a100.cluster)
    engine.run(stage.attempt_name(job))
    services.converge(job.pk)
    assert {row.started_at for row in Estimate.objects.filter(job_id=job.pk)} == {
        fresh(job).started_at
    }
    assert services.record_of("queue").of == 1
    first = Estimate.objects.filter(job_id=job.pk, first=True)
    for low, high, held in ((0, 0, 1), (-9, -1, 0), (1, 9, 0), (-9, 9, 1)):
        at = fresh(job).started_at
        first.update(low=at + timedelta(seconds=low), high=at + timedelta(seconds=high))
        assert services.record_of("queue", a100) == Record(of=1, held=held)
    other = stage.flavour(a100.cluster, "h100")
    assert services.record_of("queue", other) == Record(of=1, held=1)  # where it has none itself


def test_the_sweep_estimates_what_waits_and_was_told_long_ago(busy, claims, consumer):
    job = stage.ask(claims, consumer, gpus=4)
    assert services.refresh_estimates() == 1
    assert services.refresh_estimates() == 0
    Estimate.objects.update(told_at=timezone.now() - timedelta(minutes=2))
    assert services.refresh_estimates() == 1
    assert services.told_estimate(fresh(job)).told_at > timezone.now() - timedelta(seconds=30)


def test_ranges_grow_where_past_ones_were_too_narrow():
    narrow = [Past(off_s=off, early_s=10, late_s=10) for off in range(0, 200, 2)]
    wide = calibration.stretch(narrow)
    assert wide.late > 10 and wide.early < 1
    assert calibration.stretch([]) == calibration.Stretch()
    few = calibration.stretch(narrow[-3:])
    assert 1 < few.late < wide.late


jobs = st.builds(
    Waiter,
    st.integers(0, 2**60), st.sampled_from("abc"), st.sampled_from((1.0, 2.0, 4.0)),
    st.sampled_from((HOUR, 4 * HOUR)),
)  # fmt: skip
holders = st.builds(
    Holder,
    st.integers(0, 2**60), st.sampled_from("abc"), st.sampled_from((1.0, 2.0, 4.0)),
    st.sampled_from((HOUR, 4 * HOUR)), st.floats(0, HOUR),
    st.sampled_from(((), (("n1", 1.0),), (("n2", 2.0),))),
)  # fmt: skip
shares = st.fixed_dictionaries(
    {
        name: st.builds(
            Share, st.sampled_from((0.0, 2.0, 4.0)), st.sampled_from((4.0, 8.0, 16.0)),
            st.sampled_from((1.0, 2.0)),
        )
        for name in "abc"
    }
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(jobs, max_size=8), st.lists(holders, max_size=8), shares,
    st.one_of(jobs, holders), st.booleans(), st.booleans(), st.floats(0, 4),
)  # fmt: skip
def test_more_load_never_gives_an_earlier_start(line, held, parts, more, reclaims, passes, block):
    # Not so by fair parts: they shrink when one more tenant waits, and then a large job of ours
    # that no longer fits its part lets a smaller one pass.
    def starts(line, held):
        scene = Scene(
            {"n1": 4.0, "n2": 4.0}, held, line, parts, {"a": [0.1, 0.5, 0.9]},
            reclaims=reclaims, passes=passes, fair=False,
        )  # fmt: skip
        job = Waiter(7, "a", max(1.0, block), HOUR, block)
        game = waiting._Game(scene, job)
        return [game.play(number) for number in range(5)]

    loaded = ([more, *line], held) if isinstance(more, Waiter) else (line, [*held, more])
    pairs = zip(starts(line, held), starts(*loaded), strict=True)
    assert all(after >= before for before, after in pairs)


@pytest.mark.parametrize("seed", [2, 3])
def test_nine_in_ten_starts_of_a_history_are_within_their_range(seed):
    history = made_up(1200, seed=seed, units=64, load=0.85)
    judged = Replay(8, judge_every=2, patience_s=1800, steps=3000).run(history)[200:]
    waits = [each for each in judged if not each.seen.at_once]
    assert len(waits) > 150
    assert 0.85 <= coverage(waits) <= 0.95


def test_of_a_line_that_is_too_long_those_are_read_that_come_first(
    busy, a100, claims, consumer, monkeypatch
):
    first, second, third = (stage.ask(claims, consumer, gpus=4) for _ in range(3))
    monkeypatch.setattr(queueing, "MOST_LINE", 2)
    queue = queueing.read(a100, claims.pk)
    assert [turn.rank for turn in queue.turns] == [
        queueing.rank_of(first),
        queueing.rank_of(second),
    ]
    assert len(queue.scene(queueing.rank_of(third)).line) == 2


def test_a_forecast_behind_a_thousand_jobs_asks_a_few_questions(
    busy, a100, claims, consumer, django_assert_max_num_queries
):
    waits = [
        Job(
            tenant=claims, person=consumer, name=f"Job {number}", command=["x"], gpus=2,
            status=JobStatus.QUEUED, cluster=a100.cluster, time_limit_s=3600,
        )
        for number in range(1000)
    ]  # fmt: skip
    Job.objects.bulk_create(waits)
    order = {"flavours": ["a100"]}
    Attempt.objects.bulk_create(
        Attempt(tenant=claims, job=job, number=1, order=order, cluster=a100.cluster)
        for job in waits
    )
    began = time.process_time()
    with django_assert_max_num_queries(36):
        told = services.forecast(claims, by=consumer, **ASKS)
    print(f"{(time.process_time() - began) * 1000:.0f} ms of CPU")
    assert told.ahead == 1000
    assert told.low > timezone.now() + timedelta(hours=10)


def test_a_crowd_asks_for_one_estimate_and_then_rests(a100, engine, claims, consumer, monkeypatch):
    asked = []
    monkeypatch.setattr(following, "after_commit", lambda task, **_: asked.append(task))
    jobs = [stage.ask(claims, consumer) for _ in range(4)]
    for job in jobs:
        following._ask(job.pk)
    assert asked == ["jobs.estimate"]
    following.cache.clear()
    services.pause_estimates(0.001)
    following._ask(jobs[0].pk)
    assert asked == ["jobs.estimate"]
    following.cache.clear()
    following._ask(jobs[0].pk)
    assert asked == ["jobs.estimate"] * 2


def test_a_cache_that_is_away_stops_no_job(a100, engine, claims, consumer, monkeypatch):
    def away(*args):
        raise ConnectionError("nobody is there")

    monkeypatch.setattr(following.cache, "add", away)
    job = stage.ask(claims, consumer)
    assert services.converge(job.pk).status == JobStatus.QUEUED


def test_the_longer_an_answer_took_the_longer_is_the_rest(monkeypatch):
    kept = []
    monkeypatch.setattr(following.cache, "set", lambda key, value, seconds: kept.append(seconds))
    services.pause_estimates(0.01)
    services.pause_estimates(1.5)
    assert kept == [following.PAUSE_S, 1.5 * following.SELDOM]
