"""How a log is read from a cluster that has none to give, or says nothing for long."""

import pytest

from compute.engines import kueue_logs
from compute.engines.jobs import EngineUnavailable, LogMark
from compute.engines.kueue_client import Answered


class Running:
    """A cluster whose pod runs."""

    def __init__(self) -> None:
        self.looked = 0

    def find(self, path):
        self.looked += 1
        return {"metadata": {}, "status": {"phase": "Running"}, "spec": {}}


class Logless(Running):
    """Its kubelet has no log of it."""

    def lines(self, path, **query):
        raise Answered(400, "BadRequest", "container is waiting to start")


class Silent(Running):
    """Its program prints nothing, and the line to it stays open."""

    def lines(self, path, **query):
        return self

    def close(self):
        """Nothing is open."""

    def __iter__(self):
        return self

    def __next__(self):
        kueue_logs.time.sleep(0.05)
        return b""


@pytest.fixture
def clock(monkeypatch):
    """Time that passes by sleeping alone, a hundred times as fast."""
    now = [0.0]
    real = kueue_logs.time

    class Clock:
        monotonic = staticmethod(lambda: now[0])

        @staticmethod
        def sleep(seconds):
            now[0] += seconds
            real.sleep(seconds / 100)

    monkeypatch.setattr(kueue_logs, "time", Clock)
    return now


def test_a_log_that_is_not_given_is_said_to_be_so():
    log = kueue_logs.Log(Logless(), "space", "pod", LogMark(""))
    with pytest.raises(EngineUnavailable, match="waiting to start"):
        list(log.pieces(lambda: False))


def test_a_silent_pod_is_looked_at_ever_more_seldom(clock):
    cluster = Silent()
    log = kueue_logs.Log(cluster, "space", "pod", LogMark(""))
    for pieces in log.pieces(lambda: clock[0] >= 120):
        assert pieces == []
    assert 8 <= cluster.looked <= 20  # once a second it would be a hundred
