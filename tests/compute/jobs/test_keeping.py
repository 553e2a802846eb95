"""The keeper at work: real rows, real threads, an engine in memory."""

import contextlib
import threading
import time
from types import SimpleNamespace

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, connections

from compute.capacity import services as capacity
from compute.engines.jobs import EngineUnavailable
from compute.jobs import leasing, logs, services
from compute.jobs.keeping import Keeper, following, sampling, turning, watching
from compute.jobs.keeping.turning import Turning
from compute.jobs.keeping.watching import job_of
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job, Lease, LogLine, Measure, Run
from portal.core import tenancy
from portal.core.ids import new_id
from tests.compute.jobs import stage

PATIENCE = 20.0


@contextlib.contextmanager
def keeping(**more):
    """A keeper in this process, until the story is over."""
    stop, facts = threading.Event(), {"length": 3.0, "renew_every": 0.5}
    facts |= {
        "converge": services.converge,
        "together": lambda some: services.visit_together(some, heard=True),
        "settle": services.settle_together,
    }
    keeper = Keeper(engine_of=capacity.engine_of, **facts | more)
    thread = threading.Thread(target=keeper.run, args=(stop.is_set,))
    thread.start()
    try:
        yield keeper
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
        connections.close_all()


def soon(happened):
    """Wait until `happened()` is true, and give it back."""
    give_up = time.monotonic() + PATIENCE
    while not (found := look(happened)):
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.02)
    return found


def look(at):
    """What is there now; None while it is missing."""
    with contextlib.suppress(ObjectDoesNotExist), tenancy.as_system():
        return at()


def ask(company, **asks) -> Job:
    with tenancy.as_system():
        return stage.ask(company.claims, company.consumer, **asks)


def texts(job) -> list[str]:
    return [line.text for line in LogLine.objects.filter(job_id=job.pk).order_by("n")]


def started(company, **asks) -> tuple[Job, str]:
    """A job that runs, and the name of its attempt."""
    job, engine = ask(company, **asks), company.engine
    services.converge(job.pk)
    name = look(lambda: stage.attempt_name(job))
    engine.run(name)
    return job, name


def test_what_moves_in_a_cluster_reaches_our_rows_and_what_is_printed_our_log(company):
    engine = company.engine
    with keeping():
        job, name = started(company)
        soon(lambda: Job.objects.get(pk=job.pk).status == JobStatus.RUNNING)
        engine.say(name, "one", "two")
        soon(lambda: texts(job) == ["one", "two"])
        engine.say(name, "last words")
        engine.finish(name)
        soon(lambda: Job.objects.get(pk=job.pk).status == JobStatus.SUCCEEDED)
        soon(lambda: Run.objects.get(job=job).log_read_at)
    assert look(lambda: texts(job)) == ["one", "two", "last words"]


def test_the_tail_is_read_before_the_pod_goes(company):
    engine = company.engine
    job, name = started(company)
    services.converge(job.pk)
    engine.say(name, *map(str, range(2000)))
    engine.finish(name)
    services.converge(job.pk)
    services.converge(job.pk)
    assert engine.look(name).pods, "nobody has read its log yet"
    with keeping():
        soon(lambda: Run.objects.get(job=job).log_read_at)
        soon(lambda: not engine.look(name).pods)
    assert look(lambda: texts(job)) == [str(n) for n in range(2000)]


def test_lines_of_all_pods_come_in_the_order_of_each(company):
    engine = company.engine
    with keeping():
        job, name = started(company, nodes=3)
        for n in range(100):
            engine.say(name, f"{n}", index=n % 3)
        engine.finish(name)
        soon(lambda: Run.objects.filter(job=job, log_read_at__isnull=False).count() == 3)
    with tenancy.as_system():
        lines = list(LogLine.objects.filter(job_id=job.pk).order_by("n"))
        assert [line.n for line in lines] == list(range(1, 101))
        for run in Run.objects.filter(job=job):
            mine = [int(line.text) for line in lines if line.run_id == run.pk]
            assert mine == sorted(mine) and {n % 3 for n in mine} == {run.index}


def test_broken_lines_are_made_anew_and_lose_nothing(company):
    engine, lines, broke = company.engine, 0, threading.Event()

    def faults(moment, verb):
        nonlocal lines
        if moment == "after" and verb in {"follow", "watch"}:
            lines += 1
            if lines % 7 == 0:
                broke.set()
                raise EngineUnavailable("the line broke")

    with keeping():
        job, name = started(company)
        engine.faults = faults
        for n in range(60):
            engine.say(name, str(n))
            time.sleep(0.01)
        engine.finish(name)
        soon(lambda: Run.objects.filter(job=job, log_read_at__isnull=False).exists())
        soon(lambda: Job.objects.get(pk=job.pk).status == JobStatus.SUCCEEDED)
    assert broke.is_set() and look(lambda: texts(job)) == [str(n) for n in range(60)]


def test_a_cluster_that_was_away_is_looked_at_when_it_is_back(company):
    engine = company.engine
    job, name = started(company)
    services.converge(job.pk)
    with keeping():
        soon(lambda: Lease.objects.filter(token__gt=0).exists())
        engine.down = True
        engine.finish(name)
        time.sleep(1.0)
        engine.down = False
        soon(lambda: Job.objects.get(pk=job.pk).status == JobStatus.SUCCEEDED)


def test_a_second_keeper_stands_by_and_takes_over(company):
    engine = company.engine
    with keeping(name="second") as second:
        soon(lambda: Lease.objects.get().holder == "second")
        with keeping(name="third") as third:
            job, name = started(company)
            engine.say(name, "one")
            soon(lambda: texts(job) == ["one"])
            assert second.leading and not third.leading
            take_away()
            soon(lambda: Lease.objects.get().token > 2)
            engine.say(name, "two")
            soon(lambda: texts(job) == ["one", "two"])
            assert bool(second.leading) != bool(third.leading)


def take_away() -> None:
    """As if the holder had been paused for longer than its lease, and another came by."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE compute_lease SET token = token + 1, until = '2026-01-01'")


def test_more_pods_than_followers_take_turns(company, monkeypatch):
    monkeypatch.setattr(following, "TURN_S", 0.3)
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(following.Following.__init__, "__defaults__", (2,))
    engine = company.engine
    with keeping() as keeper:
        jobs = [started(company, gpus=1) for _ in range(5)]
        for n in range(3):
            for _, name in jobs:
                engine.say(name, str(n))
            time.sleep(0.3)
            assert not keeper.leading or len(keeper.leading.following.followers) <= 2
        for job, _ in jobs:
            soon(lambda job=job: texts(job) == ["0", "1", "2"])


def test_a_log_that_is_not_given_is_left_alone_for_a_while_whoever_has_its_turn(
    company, monkeypatch
):
    monkeypatch.setattr(following, "TURN_S", 0.2)
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(following, "FIRST_PAUSE_S", 20.0)
    monkeypatch.setattr(following.Following.__init__, "__defaults__", (2,))
    engine, asked = company.engine, []

    def none_given(moment, verb):
        if (moment, verb) == ("before", "follow"):
            asked.append(verb)
            raise EngineUnavailable("There is no log of this machine.")

    engine.faults = none_given
    with keeping():
        jobs = [started(company, gpus=1) for _ in range(5)]
        soon(lambda: len(asked) == 5)
        time.sleep(1.5)
        assert len(asked) == 5
        engine.finish(jobs[0][1])  # what has ended may be given now
        soon(lambda: len(asked) == 6)


def test_a_cluster_that_gives_no_logs_at_all_is_tried_now_and_then(company, monkeypatch):
    monkeypatch.setattr(following, "MOST_REFUSALS", 3)
    monkeypatch.setattr(following, "TRY_EVERY_S", 0.5)
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(following, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(following, "LONGEST_PAUSE_S", 0.01)
    engine, asked = company.engine, []

    def none_given(moment, verb):
        if (moment, verb) == ("before", "follow"):
            asked.append(verb)
            raise EngineUnavailable("There are no logs here.")

    engine.faults = none_given
    with keeping():
        jobs = [started(company, gpus=1) for _ in range(4)]
        soon(lambda: len(asked) >= 4)
        time.sleep(0.5)
        del asked[:]
        time.sleep(2.0)
        assert 2 <= len(asked) <= 6  # four pods that each ask every fifth of a second: forty
        engine.faults = None
        for job, name in jobs:
            engine.say(name, "one")
            soon(lambda job=job: texts(job) == ["one"])


def test_a_log_that_the_cluster_lost_says_so(company):
    engine = company.engine
    job, name = started(company)
    services.converge(job.pk)
    engine.say(name, "one")
    engine.finish(name)
    services.converge(job.pk)
    pod = look(lambda: Run.objects.get(job=job).pod)
    engine.release(name, [pod])
    with keeping():
        soon(lambda: Run.objects.get(job=job).log_read_at)
    assert look(lambda: texts(job)) == [following.NO_MORE]


def test_use_is_sampled_while_jobs_run(company, monkeypatch):
    class Source:
        def now(self):
            return {f"{name}-0": sampling.measuring.Use(gpu=0.01, cpu=0.5)}

    monkeypatch.setattr(sampling, "EVERY_S", 0.2)
    job, name = started(company)
    services.converge(job.pk)
    with keeping(measures=Source()):
        soon(lambda: Measure.objects.filter(job_id=job.pk).count() >= 1)
        soon(lambda: Job.objects.get(pk=job.pk).idle_since)


def test_a_watch_that_hangs_is_given_up(company, monkeypatch):
    monkeypatch.setattr(watching, "SILENT_S", 0.2)
    engine, hangs = company.engine, threading.Event()
    monkeypatch.setattr(engine, "watch", lambda stopped: iter(lambda: hangs.wait(60), None))
    with keeping() as keeper:
        soon(lambda: keeper.leading and keeper.leading.watches)
        (first,) = keeper.leading.watches.values()
        soon(lambda: first not in keeper.leading.watches.values())
        hangs.set()


def test_names_that_are_not_ours_are_nobodys():
    job = new_id()
    assert job_of(f"j-{job.hex}-12") == job
    assert [job_of(name) for name in ("", "j-1-1", f"x-{job.hex}-1", "train")] == [None] * 4


def test_a_busy_job_is_converged_once_more_and_never_by_two_hands():
    seen, inside, go = [], [], threading.Event()

    def converge(job_id):
        assert job_id not in inside
        inside.append(job_id)
        go.wait(5)
        inside.remove(job_id)
        seen.append(job_id)
        return True

    def together(jobs):
        return SimpleNamespace(alone=[one for one in jobs if not converge(one)], over=[])

    hands, job, other = Turning(converge, together, together, hands=3).start(), new_id(), new_id()
    for _ in range(50):
        hands.moved(job)
    hands.moved(other, later=True)
    go.set()
    give_up = time.monotonic() + 5
    while (hands.length or inside) and time.monotonic() < give_up:
        time.sleep(0.01)
    hands.stop()
    assert seen.count(job) in (1, 2) and seen.count(other) == 1


def test_hands_that_hang_are_waited_for_together_and_not_one_after_the_other(monkeypatch):
    clock = [0.0]

    def wait_in_vain(strand, seconds):
        clock[0] += seconds

    monkeypatch.setattr(turning.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(turning.Strand, "join", wait_in_vain)
    Turning(*[lambda _: None] * 3, hands=8).stop()
    assert clock[0] == turning.STOP_WITHIN_S


def test_logs_and_leases_agree_on_who_writes(company):
    job, _ = started(company)
    services.converge(job.pk)
    with tenancy.as_system():
        lease, run = leasing.take("somebody"), Run.objects.get(job=job)
    with pytest.raises(leasing.NotLeading):
        logs.finish(run.pk, "nonsense", token=lease.token)
