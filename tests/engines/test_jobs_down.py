"""A job engine that does not answer: every question of the port says ask again."""

import json
from decimal import Decimal

import pytest

from compute.engines.fake_jobs import FakeJobs
from compute.engines.fleet import FlavourOrder, FleetOrder, QueueOrder, QuotaOrder
from compute.engines.jobs import PRIORITIES, EngineUnavailable, LogMark
from compute.engines.kueue import Kueue
from compute.engines.local_jobs import LocalJobs
from tests.engines.conftest import free_port
from tests.engines.job_benches import BENCHES, new_order

START = LogMark()


def never() -> bool:
    return False


FLEET = FleetOrder(
    (FlavourOrder("cpu"),),
    (QueueOrder("lab", (QuotaOrder("cpu", Decimal(2)),), Decimal(2)),),
    PRIORITIES,
)


def nobody_there(folder) -> Kueue:
    """The engine of a cluster that is not there."""
    server = f"http://127.0.0.1:{free_port()}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "c", "user": {}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(config))
    return Kueue(str(folder / "kubeconfig"))


def _down(kind: str, folder):
    if kind == "local":
        return LocalJobs(f"http://127.0.0.1:{free_port()}", "no matter", timeout=2.0)
    if kind == "kueue":
        return nobody_there(folder)
    engine = FakeJobs()
    engine.down = True
    return engine


@pytest.mark.parametrize("kind", BENCHES)
@pytest.mark.parametrize(
    "ask",
    [
        lambda engine: engine.look("digits"),
        lambda engine: engine.start(new_order()),
        lambda engine: engine.stop("digits"),
        lambda engine: engine.release("digits", ["pod"]),
        lambda engine: engine.forget("digits"),
        lambda engine: engine.prioritise("digits", "high"),
        lambda engine: engine.present(),
        lambda engine: next(engine.watch(never)),
        lambda engine: next(engine.follow("digits", "pod", START, never)),
        lambda engine: engine.nodes(),
        lambda engine: engine.version(),
        lambda engine: engine.drift(FLEET),
        lambda engine: engine.apply(FLEET),
    ],
)
def test_an_engine_that_is_down_says_ask_again(kind, ask, tmp_path):
    engine = _down(kind, tmp_path)
    assert not engine.ready()
    with pytest.raises(EngineUnavailable):
        ask(engine)
