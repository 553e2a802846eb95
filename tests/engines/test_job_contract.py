"""One contract for every job engine: the fake, a real job host, and what else has a bench."""

import threading
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from compute.engines.fleet import FlavourOrder, FleetOrder, QueueOrder, QuotaOrder
from compute.engines.jobs import (
    PRIORITIES,
    EndCause,
    EngineRefused,
    JobPhase,
    LogMark,
    WaitCause,
)
from portal.local.cluster.inventory import FakeNode, Group, read_inventory
from portal.local.cluster.nodes import OURS, manifest, wait_until_ready
from tests.engines.job_benches import BENCHES, FakeBench, KueueBench, LocalBench, new_order, until

pytestmark = pytest.mark.xdist_group("jobs")


START = LogMark()


def never() -> bool:
    return False


@pytest.fixture(params=BENCHES)
def bench(request):
    """An engine and a way to make things happen on it."""
    if request.param == "fake":
        return FakeBench()
    if request.param == "kueue":
        return request.getfixturevalue("kueue_bench")
    folder = request.getfixturevalue("steering")
    return LocalBench(request.getfixturevalue("job_host"), folder)


@pytest.fixture(scope="module")
def cores(control_plane):
    """One machine without GPUs on the control plane."""
    group = Group("cores", 1, 16000, 2**14)
    node = manifest(FakeNode("cores-0", group, "b", "r"), read_inventory("small").cards)
    del node["metadata"]["labels"][OURS]
    control_plane.api.create(node)
    wait_until_ready(control_plane.api, {"cores-0"})
    yield control_plane
    KueueBench(control_plane).engine.apply(FleetOrder((), ()))
    control_plane.api.request("DELETE", "/api/v1/nodes/cores-0")


@pytest.fixture
def kueue_bench(cores):
    """A tenant with two cores."""
    return KueueBench(cores)


@pytest.fixture
def started(bench):
    """Starts orders, and clears them away when the test is over."""
    names = []

    def start(**changes):
        wanted = bench.order(**changes)
        names.append(wanted.name)
        bench.engine.start(wanted)
        return wanted

    yield start
    for name in names:
        clear(bench, name)


def clear(bench, name: str) -> None:
    bench.engine.stop(name)
    if bench.engine.look(name).phase is not JobPhase.ABSENT:
        bench.ended(name)
        bench.engine.forget(name)


def lines_of(engine, name: str, pod: str, after: LogMark = START):
    return [piece for some in engine.follow(name, pod, after, never) for piece in some]


def test_what_nobody_ordered_is_absent_and_may_be_stopped_and_forgotten(bench):
    seen = bench.engine.look("nobody-knows-me")
    assert (seen.phase, seen.pods, seen.end) == (JobPhase.ABSENT, (), None)
    bench.engine.stop("nobody-knows-me")
    bench.engine.release("nobody-knows-me", ["pod"])
    bench.engine.prioritise("nobody-knows-me", "high")
    bench.engine.forget("nobody-knows-me")


def test_ordering_twice_is_ordering_once(bench, started):
    wanted = started()
    again = bench.engine.start(wanted)
    assert (again.name, again.uid) == (wanted.name, wanted.uid)
    seen = bench.running(wanted.name)
    assert seen.phase is JobPhase.RUNNING
    assert bench.engine.start(wanted).pods == seen.pods
    assert bench.engine.present()[wanted.name] == wanted.uid
    ended = bench.finish(wanted.name)
    assert bench.engine.start(wanted) == ended


def test_looking_at_several_is_looking_at_each(bench, started):
    runs, ends = started(), started()
    bench.running(runs.name)
    bench.running(ends.name)
    bench.finish(ends.name)
    names = [ends.name, "nobody-knows-me", runs.name]
    seen = {one.name: one for one in bench.engine.look_all(names)}
    assert seen == {name: bench.engine.look(name) for name in names}
    assert bench.engine.look_all([]) == ()


def test_a_name_of_another_order_is_refused_and_nothing_changes(bench, started):
    wanted = started()
    with pytest.raises(EngineRefused):
        bench.engine.start(replace(wanted, uid="another"))
    assert bench.engine.look(wanted.name).uid == wanted.uid


def test_a_job_succeeds_and_its_times_are_in_order(bench, started):
    wanted = started()
    running = bench.running(wanted.name)
    assert running.flavour == "cpu"
    seen = bench.finish(wanted.name)
    assert (seen.phase, seen.end, seen.exit_code) == (JobPhase.SUCCEEDED, EndCause.COMPLETED, 0)
    (pod,) = seen.pods
    assert (pod.uid, pod.end, pod.flavour) == (running.pods[0].uid, EndCause.COMPLETED, "cpu")
    assert pod.node
    assert seen.admitted_at <= pod.started_at < pod.ended_at <= seen.ended_at
    assert pod.started_at == running.pods[0].started_at


@pytest.mark.parametrize("code", [1, 3, 77])
def test_a_program_that_fails_says_how(bench, started, code):
    wanted = started()
    bench.running(wanted.name)
    seen = bench.finish(wanted.name, code)
    assert (seen.phase, seen.end, seen.exit_code) == (JobPhase.FAILED, EndCause.EXIT, code)
    assert (seen.pods[0].end, seen.pods[0].exit_code) == (EndCause.EXIT, code)


def test_a_running_job_is_stopped_and_its_pod_stays_in_sight(bench, started):
    wanted = started()
    bench.running(wanted.name)
    bench.engine.stop(wanted.name)
    bench.engine.stop(wanted.name)
    seen = bench.ended(wanted.name)
    assert (seen.phase, seen.end) == (JobPhase.STOPPED, EndCause.STOPPED)
    assert seen.pods[0].end is EndCause.STOPPED
    assert seen.pods[0].ended_at


def test_a_waiting_job_is_stopped_without_ever_holding_hardware(bench, started):
    blocker = bench.fill()
    try:
        wanted = started()
        assert bench.engine.look(wanted.name).phase is JobPhase.WAITING
        bench.engine.stop(wanted.name)
        seen = bench.ended(wanted.name)
        assert (seen.phase, seen.pods, seen.started_at) == (JobPhase.STOPPED, (), None)
    finally:
        clear(bench, blocker.name)


def test_release_drops_ended_pods_alone_and_forget_drops_all(bench, started):
    wanted = started()
    pod = bench.running(wanted.name).pods[0].uid
    bench.engine.release(wanted.name, [pod, "unknown"])
    assert [one.uid for one in bench.engine.look(wanted.name).pods] == [pod]
    ended = bench.finish(wanted.name)
    bench.engine.release(wanted.name, [pod])
    bench.engine.release(wanted.name, [pod])
    until(lambda: bench.engine.look(wanted.name).pods == (), "the pod to be dropped")
    seen = bench.engine.look(wanted.name)
    assert (seen.phase, seen.end, seen.exit_code) == (ended.phase, ended.end, ended.exit_code)
    bench.engine.forget(wanted.name)
    bench.engine.forget(wanted.name)
    assert bench.engine.look(wanted.name).phase is JobPhase.ABSENT
    assert wanted.name not in bench.engine.present()


def test_all_that_was_ordered_is_present_waiting_running_or_ended(bench, started):
    orders = {wanted.name: wanted.uid for wanted in (started() for _ in range(3))}
    running, ended, _ = orders
    bench.running(running)
    bench.running(ended)
    bench.finish(ended)
    assert orders.items() <= bench.engine.present().items()


def test_a_log_comes_whole_in_order_and_goes_on_behind_any_mark(bench, started):
    wanted = started()
    pod = bench.running(wanted.name).pods[0].uid
    bench.say(wanted.name, "one\ntwo\nthree\n")
    bench.say(wanted.name, "four\nfive\n")
    until(lambda: len(first_lines(bench.engine, wanted.name, pod, 5)) == 5, "five lines")
    bench.finish(wanted.name)
    pieces = lines_of(bench.engine, wanted.name, pod)
    assert [piece.text for piece in pieces] == ["one", "two", "three", "four", "five"]
    assert [piece.at for piece in pieces] == sorted(piece.at for piece in pieces)
    assert {piece.stream for piece in pieces} == {"stdout"}
    for number, piece in enumerate(pieces):
        rest = lines_of(bench.engine, wanted.name, pod, piece.mark)
        assert rest == pieces[number + 1 :]


def first_lines(engine, name: str, pod: str, count: int) -> list:
    """The first lines of a log that goes on."""
    found = []
    give_up = time.monotonic() + 10
    for pieces in engine.follow(name, pod, START, lambda: time.monotonic() > give_up):
        found += pieces
        if len(found) >= count:
            break
    return found


def test_a_line_is_followed_soon_after_it_was_printed(bench, started):
    wanted = started()
    pod = bench.running(wanted.name).pods[0].uid
    heard, over = [], threading.Event()

    def listen():
        for pieces in bench.engine.follow(wanted.name, pod, START, over.is_set):
            heard.extend((piece.text, time.time() - piece.at.timestamp()) for piece in pieces)

    listener = threading.Thread(target=listen)
    listener.start()
    for number in range(5):
        bench.say(wanted.name, f"line {number}\n")
        until(lambda n=number: len(heard) > n, f"line {number}")
    bench.finish(wanted.name)
    listener.join(10)
    assert not listener.is_alive()
    assert [text for text, _ in heard] == [f"line {number}" for number in range(5)]
    over.set()


def test_a_log_that_nobody_wrote_is_refused(bench, started):
    wanted = started()
    bench.running(wanted.name)
    with pytest.raises(EngineRefused):
        lines_of(bench.engine, wanted.name, "no-such-pod")


def test_following_and_watching_end_when_told_to(bench, started):
    wanted = started()
    pod = bench.running(wanted.name).pods[0].uid
    end = time.monotonic() + 0.3
    assert lines_of_until(bench.engine, wanted.name, pod, end) == []
    end = time.monotonic() + 0.3
    list(bench.engine.watch(lambda: time.monotonic() > end))
    assert time.monotonic() < end + 6


def lines_of_until(engine, name: str, pod: str, end: float) -> list:
    following = engine.follow(name, pod, START, lambda: time.monotonic() > end)
    return [piece for some in following for piece in some]


def test_a_watcher_hears_names_and_signs_of_life(bench, started):
    heard, over = [], threading.Event()

    def listen():
        for name in bench.engine.watch(over.is_set):
            heard.append(name)

    listener = threading.Thread(target=listen)
    listener.start()
    until(lambda: "" in heard, "a sign of life", within=6)
    wanted = started()
    until(lambda: wanted.name in heard, "the order to be heard of")
    heard.clear()
    bench.running(wanted.name)
    until(lambda: wanted.name in heard, "the start to be heard of")
    heard.clear()
    bench.finish(wanted.name)
    until(lambda: wanted.name in heard, "the end to be heard of")
    over.set()
    listener.join(10)
    assert not listener.is_alive()


def test_a_time_limit_ends_a_job_and_says_so(bench, started):
    wanted = started(time_limit_s=1)
    bench.running(wanted.name)
    seen = bench.time_out(wanted.name)
    assert (seen.phase, seen.end) == (JobPhase.FAILED, EndCause.TIME_LIMIT)
    assert seen.pods[0].end is EndCause.TIME_LIMIT
    assert "limit" in seen.words


def test_priority_orders_a_queue_and_can_be_changed(bench, started):
    blocker = bench.fill()
    try:
        low, normal, high = (
            started(priority=priority).name for priority in ("low", "normal", "high")
        )
        until(lambda: positions(bench, low, normal, high) == [3, 2, 1], "their order")
        seen = bench.engine.look(low)
        assert (seen.phase, seen.wait) == (JobPhase.WAITING, WaitCause.BEHIND)
        assert "2 jobs of your team come first" in seen.words
        bench.engine.prioritise(low, "urgent")
        until(lambda: positions(bench, low, normal, high) == [1, 3, 2], "the new order")
        with pytest.raises(EngineRefused):
            bench.engine.prioritise(low, "whatever")
    finally:
        clear(bench, blocker.name)


def positions(bench, *names: str) -> list[int | None]:
    return [bench.engine.look(name).position for name in names]


def test_a_job_of_several_nodes_has_a_pod_for_each(bench, started):
    wanted = started(nodes=3)
    seen = bench.running(wanted.name)
    assert sorted(pod.index for pod in seen.pods) == [0, 1, 2]
    assert len({pod.uid for pod in seen.pods}) == 3
    ended = bench.finish(wanted.name)
    assert ended.phase is JobPhase.SUCCEEDED
    assert {pod.end for pod in ended.pods} == {EndCause.COMPLETED}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "No Spaces"},
        {"name": "../../etc"},
        {"name": "a" * 64},
        {"name": ""},
        {"command": ()},
        {"command": ("sh", "-c", "a\0b")},
        {"flavours": ()},
        {"nodes": 0},
        {"nodes": 257},
        {"gpus": Decimal(-1)},
        {"gpus": Decimal("NaN")},
        {"cpu": Decimal(0)},
        {"cpu": Decimal("Infinity")},
        {"memory_mb": 63},
        {"time_limit_s": 0},
        {"time_limit_s": 31 * 24 * 3600},
        {"variables": {"A B": "1"}},
        {"variables": {"A=B": "1"}},
        {"variables": {"A": "\0"}},
    ],
)
def test_an_order_that_nothing_could_run_is_refused(changes):
    with pytest.raises(EngineRefused):
        new_order(**changes)


def test_a_priority_that_nobody_knows_is_refused(bench):
    with pytest.raises(EngineRefused):
        bench.engine.start(bench.order(priority="whatever"))


FLEET = FleetOrder(
    (FlavourOrder("cpu"),),
    (QueueOrder("lab", (QuotaOrder("cpu", Decimal(2)),), Decimal(2)),),
    PRIORITIES,
)


def test_shares_are_applied_once_and_drift_is_seen(bench):
    assert bench.engine.ready()
    bench.engine.apply(FLEET)
    bench.engine.apply(FLEET)
    assert bench.engine.drift(FLEET) == ()
    heavier = replace(FLEET, queues=(replace(FLEET.queues[0], weight=Decimal(3)),))
    assert len(bench.engine.drift(heavier)) == 1
    bench.engine.apply(heavier)
    assert bench.engine.drift(heavier) == ()
