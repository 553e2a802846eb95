"""One contract for every serving engine: the fake and a real model host."""

import secrets

import pytest

from compute.engines.base import EngineRefused, EngineUnavailable, ServingOrder, ServingPhase
from compute.engines.fake import FakeServing
from compute.engines.local_serving import LocalServing
from tests.engines.conftest import free_port

pytestmark = pytest.mark.xdist_group("engines")

SETTLED = (ServingPhase.READY, ServingPhase.FAILED)


class FakeBench:
    """The fake, whose time passes when asked."""

    def __init__(self) -> None:
        self.engine = FakeServing()
        self.engine.unknown.add(("digits", 77))

    def settled(self, name: str):
        self.engine.settle()
        return self.engine.look(name)


class LocalBench:
    """The real one, whose time passes by itself."""

    def __init__(self, host) -> None:
        self.engine, self.host = host.engine, host

    def settled(self, name: str):
        return self.host.until(name, *SETTLED)


@pytest.fixture(params=["fake", "local"])
def bench(request):
    """An engine and a way to wait for it."""
    if request.param == "fake":
        return FakeBench()
    return LocalBench(request.getfixturevalue("host"))


@pytest.fixture
def order(bench):
    """An order for digits, stopped when the test is over."""
    wanted = ServingOrder(f"digits-{secrets.token_hex(3)}", "digits", 1, "production")
    yield wanted
    bench.engine.stop(wanted.name)


def changed(order: ServingOrder, **fields) -> ServingOrder:
    return ServingOrder(**{**order.as_dict(), **fields})


def test_what_nobody_ordered_is_stopped(bench):
    seen = bench.engine.look("nobody-knows-me")
    assert seen.phase is ServingPhase.STOPPED
    assert (seen.address, seen.secret, seen.order) == (None, None, None)
    bench.engine.stop("nobody-knows-me")


def test_an_order_becomes_ready_and_ordering_twice_is_ordering_once(bench, order):
    first = bench.engine.start(order)
    assert first.phase is ServingPhase.STARTING
    seen = bench.settled(order.name)
    assert (seen.phase, seen.reason, seen.restarts) == (ServingPhase.READY, "", 0)
    assert (seen.ready_replicas, seen.order) == (1, order)
    assert seen.address.startswith("http://127.0.0.1:")
    again = bench.engine.start(order)
    assert again == seen
    assert (again.secret, again.started_at) == (first.secret, first.started_at)
    assert [one for one in bench.engine.list() if one.name == order.name] == [seen]
    assert seen.secret not in repr(seen)


def test_a_changed_order_replaces_and_a_stop_ends_it(bench, order):
    before = bench.engine.start(order)
    after = bench.engine.start(changed(order, replicas=2))
    assert after.secret != before.secret
    assert bench.settled(order.name).order.replicas == 2
    assert [one.name for one in bench.engine.list()].count(order.name) == 1
    bench.engine.stop(order.name)
    assert bench.engine.look(order.name).phase is ServingPhase.STOPPED
    assert order.name not in [one.name for one in bench.engine.list()]
    bench.engine.stop(order.name)


def test_a_version_nobody_registered_fails_in_plain_words_until_it_is_tried_again(bench, order):
    wanted = changed(order, version=77)
    first = bench.engine.start(wanted)
    seen = bench.settled(order.name)
    assert seen.phase is ServingPhase.FAILED
    assert seen.reason == "Version 77 of digits was not found in the registry."
    assert seen.address is None
    again = bench.engine.start(wanted)
    assert again.phase is ServingPhase.STARTING
    assert again.secret != first.secret


def test_no_replicas_is_stopped_but_ordered(bench, order):
    seen = bench.engine.start(changed(order, replicas=0))
    assert (seen.phase, seen.address) == (ServingPhase.STOPPED, None)
    assert order.name in [one.name for one in bench.engine.list()]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "No Spaces"},
        {"name": "../../etc"},
        {"name": "a" * 64},
        {"model": ""},
        {"version": 0},
        {"replicas": -1},
        {"replicas": 9},
        {"memory_mb": 1},
        {"cpu": 0},
    ],
)
def test_an_order_that_nothing_could_run_is_refused(fields):
    with pytest.raises(EngineRefused):
        changed(ServingOrder("digits", "digits", 1, "production"), **fields)


def _down(kind: str):
    if kind == "local":
        return LocalServing(f"http://127.0.0.1:{free_port()}", "no matter", timeout=2.0)
    engine = FakeServing()
    engine.down = True
    return engine


@pytest.mark.parametrize("kind", ["fake", "local"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda engine: engine.look("digits"),
        lambda engine: engine.start(ServingOrder("digits", "digits", 1, "production")),
        lambda engine: engine.stop("digits"),
        lambda engine: engine.list(),
    ],
)
def test_an_engine_that_is_down_says_ask_again(kind, ask):
    engine = _down(kind)
    assert not engine.ready()
    with pytest.raises(EngineUnavailable):
        ask(engine)


def test_the_runtime_names_what_is_installed(bench):
    found = bench.engine.runtime()
    assert found.python.startswith("3.11")
    assert found.packages["mlflow"] and found.packages["scikit-learn"]
    assert all(name == name.lower() and "_" not in name for name in found.packages)
