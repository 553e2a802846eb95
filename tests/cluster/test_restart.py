"""What is kept when programs of the plane die, and what is left when it stops."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portal.local.cluster import cache
from portal.local.cluster.api import Api
from portal.local.cluster.nodes import listed
from portal.local.plan import CHECKOUT
from tests.cluster import things

COMMAND = [sys.executable, "-m", "portal.local.cluster", "--inventory", "small"]


def note(namespace, text):
    meta = {"name": "note", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"said": text}}


@pytest.mark.parametrize("name", ["etcd", "apiserver"])
def test_state_outlives_a_killed_part(own_plane, namespace, eventually, name):
    api, path = own_plane.api, f"/api/v1/namespaces/{namespace}/configmaps/note"
    api.create(note(namespace, name))
    own_plane.kill(name)
    own_plane.restart(name)
    assert eventually(lambda: api.get(path))["data"] == {"said": name}
    api.request("DELETE", path)


@pytest.mark.parametrize("name", ["controller-manager", "scheduler", "kwok", "kueue"])
def test_work_goes_on_after_a_part_was_killed(own_plane, namespace, phase, eventually, name):
    own_plane.kill(name)
    own_plane.restart(name)
    own_plane.api.create(things.pod("later", namespace, run_for="0s"))
    eventually(lambda: phase("later") == "Succeeded", within=60)


@pytest.fixture
def make_cluster(tmp_path, control_plane):
    """Start `make cluster` in a folder of its own; ends what a test left of it."""
    if cache.built() is None:
        pytest.skip("KUBECONFIG names a cluster, and none is built here")
    started = []

    def start() -> subprocess.Popen:
        environment = os.environ | {"MILLWRIGHT_VAR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            COMMAND, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        for line in process.stdout:
            if "Stop with Ctrl-C" in line:
                return process
        raise AssertionError(f"it ended with status {process.wait()}")

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait()


def programs_in(folder: Path) -> list[str]:
    """Command lines of all processes that name the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and int(entry.parent.name) != os.getpid():
            found.append(line)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_stop_keeps_the_state_and_nothing_runs_on(make_cluster, tmp_path, eventually):
    first = make_cluster()
    assert len(programs_in(tmp_path)) >= 6
    api = Api(tmp_path / "cluster" / "kubeconfig")
    api.create(note("default", "kept"))
    first.send_signal(signal.SIGINT)
    assert first.wait(60) == 0
    assert not programs_in(tmp_path)
    second = make_cluster()
    api = Api(tmp_path / "cluster" / "kubeconfig")
    assert api.get("/api/v1/namespaces/default/configmaps/note")["data"] == {"said": "kept"}
    assert len(listed(api)) == 10
    second.kill()
    eventually(lambda: not programs_in(tmp_path), within=20)
