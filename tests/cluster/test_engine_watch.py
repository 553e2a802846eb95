"""Watching: names as they move, signs of life, and what happens when the line breaks."""

import threading
import time

import pytest

from compute.engines.jobs import EngineUnavailable, JobPhase
from compute.engines.kueue import Kueue
from tests.cluster.job_stand import queue


class Watcher:
    """Watches in a thread, again and again as a keeper does."""

    def __init__(self, engine):
        self.engine = engine
        self.heard, self.broken = [], 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.over.is_set():
            try:
                for name in self.engine.watch(self.over.is_set):
                    self.heard.append((time.monotonic(), name))
            except EngineUnavailable:
                self.broken += 1
                time.sleep(0.5)

    def names(self):
        return {name for _, name in list(self.heard)} - {""}

    def stop(self):
        self.over.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def watcher(stand):
    stand.share(queue("vision", h100_80g=(16,)))
    watcher = Watcher(stand.engine)
    while not watcher.heard:
        time.sleep(0.05)
    time.sleep(0.5)
    yield watcher
    watcher.stop()


def test_names_are_said_as_attempts_move(stand, watcher, eventually):
    name = stand.runs("moving", variables={"SIM_RUN_FOR": "1s"}).name
    eventually(lambda: name in watcher.names(), within=5)
    stand.until(name, lambda seen: seen.ended)
    seen_at = time.monotonic()
    eventually(lambda: watcher.heard[-1][0] > seen_at - 2 and name in watcher.names(), within=5)


def test_signs_of_life_come_at_least_every_five_seconds(stand, watcher):
    time.sleep(7)
    times = [at for at, _ in watcher.heard]
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert max(gaps, default=9) < 5


def test_a_watch_survives_a_restart_of_the_api_server(stand, watcher, own_plane, eventually):
    stand.runs("before")
    own_plane.kill("apiserver")
    assert not stand.engine.ready()
    with pytest.raises(EngineUnavailable):
        stand.engine.look(stand.ordered[0])
    own_plane.restart("apiserver")
    eventually(stand.engine.ready)
    eventually(lambda: own_plane.api.get("/version"))
    name = stand.start("after")
    eventually(lambda: name in watcher.names(), within=30)
    stand.until(name, JobPhase.RUNNING, within=60)


def test_nobody_there_is_told_and_never_raised_by_ready(tmp_path):
    nobody = tmp_path / "kubeconfig"
    nobody.write_text(
        "{apiVersion: v1, kind: Config, current-context: x, users: [{name: x, user: {}}],"
        " contexts: [{name: x, context: {cluster: x, user: x}}],"
        " clusters: [{name: x, cluster: {server: 'http://127.0.0.1:9'}}]}"
    )
    for source in (str(nobody), str(tmp_path / "missing")):
        engine = Kueue(source)
        assert not engine.ready()
        with pytest.raises(EngineUnavailable):
            engine.present()
