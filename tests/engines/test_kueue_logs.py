"""A log that a cluster does not give is asked for ever more seldom, and never given up."""

import pytest

from compute.engines import kueue_logs
from compute.engines.jobs import LogMark
from compute.engines.kueue_client import Answered


class Logless:
    """A cluster whose pod runs, and whose kubelet has no log of it."""

    def __init__(self) -> None:
        self.asked = 0

    def find(self, path):
        return {"metadata": {}, "status": {"phase": "Running"}, "spec": {}}

    def lines(self, path, **query):
        self.asked += 1
        raise Answered(400, "BadRequest", "container is waiting to start")


@pytest.fixture
def clock(monkeypatch):
    """Time that passes by sleeping alone."""
    now = [0.0]
    real = kueue_logs.time

    class Clock:
        monotonic = staticmethod(lambda: now[0])

        @staticmethod
        def sleep(seconds):
            now[0] += seconds
            real.sleep(0)

    monkeypatch.setattr(kueue_logs, "time", Clock)
    return now


def test_a_log_that_is_not_given_is_asked_for_ever_more_seldom(clock):
    cluster = Logless()
    log = kueue_logs.Log(cluster, "space", "pod", LogMark(""))
    for pieces in log.pieces(lambda: clock[0] >= 300 or cluster.asked > 50):
        assert pieces == []
    assert 8 <= cluster.asked <= 20  # once a second it would be three hundred
