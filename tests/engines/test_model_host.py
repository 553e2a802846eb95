"""The model host under bad orders, killed workers, its own death and a registry that is away."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from compute.engines.base import EngineRefused, ServingOrder, ServingPhase
from compute.engines.local_serving import LocalServing
from marketplace.engines.http_client import HttpClient
from tests.engines.calls import call
from tests.engines.conftest import ROOT, free_port, until

pytestmark = pytest.mark.xdist_group("engines")

DIGITS = ServingOrder("digits-alone", "digits", 1, "production")
BODY = {"instances": [[0] * 64]}


def pid_of(seen) -> int:
    return call(seen.address, "/healthz").json["pid"]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def ready(new_host, training):
    """A host of our own with one model that answers."""
    new_host.engine.start(DIGITS)
    return new_host, new_host.until(DIGITS.name, ServingPhase.READY)


def test_a_killed_worker_comes_back_and_a_waiting_caller_is_answered(ready):
    host, seen = ready
    pid = pid_of(seen)
    os.kill(pid, signal.SIGKILL)
    until(lambda: gone(pid), "the worker to die")
    reply = call(seen.address, "/invocations", BODY, token=seen.secret)
    assert reply.status == 200
    after = host.until(DIGITS.name, ServingPhase.READY)
    assert (after.address, after.secret, after.restarts) == (seen.address, seen.secret, 1)
    assert pid_of(after) != pid


def test_a_killed_host_leaves_no_worker_and_the_next_one_takes_up_its_orders(ready):
    host, seen = ready
    pid = pid_of(seen)
    host.stop(signal.SIGKILL)
    until(lambda: gone(pid), "the worker to follow its host", within=6)
    host.start()
    after = host.until(DIGITS.name, ServingPhase.READY)
    assert (after.secret, after.order) == (seen.secret, DIGITS)
    assert call(after.address, "/invocations", BODY, token=seen.secret).status == 200
    pid = pid_of(after)
    assert host.stop(signal.SIGTERM) == 0
    assert gone(pid)


def test_a_worker_that_hangs_is_noticed_and_replaced(ready):
    host, seen = ready
    pid = pid_of(seen)
    os.kill(pid, signal.SIGSTOP)
    assert host.until(DIGITS.name, ServingPhase.UNHEALTHY).address == seen.address
    until(lambda: gone(pid), "the hanging worker to be killed")
    assert host.until(DIGITS.name, ServingPhase.READY).restarts == 1


def test_what_is_written_down_holds_no_secret_and_is_private(ready):
    host, seen = ready
    file = host.folder / "run" / "model-host.json"
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert seen.secret not in text
    assert host.token not in text
    assert json.loads(text)["servings"][0]["order"] == DIGITS.as_dict()


def test_an_unreadable_file_of_orders_is_moved_aside(new_host):
    new_host.stop()
    file = new_host.folder / "run" / "model-host.json"
    file.write_text("{half")
    new_host.start()
    assert new_host.engine.list() == ()
    assert file.with_suffix(".broken").read_text() == "{half"


def test_a_registry_that_is_away_is_waited_for(new_host):
    new_host.stop()
    new_host.mlflow_url = f"http://127.0.0.1:{free_port()}"
    new_host.start()
    new_host.engine.start(DIGITS)
    waiting = "The registry does not answer yet; trying again."
    until(lambda: new_host.engine.look(DIGITS.name).reason == waiting, "the worker to wait")
    assert new_host.engine.look(DIGITS.name).phase is ServingPhase.STARTING


def test_the_control_interface_wants_its_token(host):
    for token in ("", "wrong"):
        with pytest.raises(EngineRefused, match="bearer token"):
            LocalServing(host.url, token).list()
        assert LocalServing(host.url, token).ready()


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"model": "digits"},
        {"model": "digits", "version": "1", "environment": "production"},
        {"model": "digits", "version": True, "environment": "production"},
        {"model": "digits", "version": 1, "environment": "production", "command": "id"},
        {"model": "digits", "version": 1, "environment": "production", "memory_mb": 1},
        {"model": "digits", "version": 1, "environment": "production", "name": "other"},
        {"model": 5, "version": 1, "environment": "production"},
        {"model": "digits", "version": 1, "environment": "production", "cpu": float("nan")},
    ],
)
def test_a_bad_order_gets_a_readable_400(host, body):
    http = HttpClient(host.url, token=host.token)
    answer = http.send("PUT", "/servings/wanted", json_body=body)
    assert answer.status == 400
    assert answer.json()["error"].endswith(".")
    assert host.engine.look("wanted").phase is ServingPhase.STOPPED


def test_a_huge_order_and_an_odd_name_are_refused(host):
    http = HttpClient(host.url, token=host.token)
    assert http.send("PUT", "/servings/x", json_body={"model": "a" * 70_000}).status == 413
    body = {"model": "digits", "version": 1, "environment": "production"}
    assert http.send("PUT", "/servings/..%2Fx", json_body=body).status == 400


def test_two_orders_at_once_end_in_one_serving(host, training):
    orders = [ServingOrder("raced", "digits", 77, "production", cpu=n + 1) for n in range(4)]
    threads = [threading.Thread(target=host.engine.start, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.name for one in host.engine.list()].count("raced") == 1
    host.engine.stop("raced")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"MODEL_HOST_URL": "http://0.0.0.0:18500"}, "MODEL_HOST_URL"),
        ({"MODEL_HOST_URL": ""}, "MODEL_HOST_URL"),
        ({"MODEL_HOST_TOKEN": "short"}, "MODEL_HOST_TOKEN"),
        ({"MLFLOW_TRACKING_URI": "sqlite:///x"}, "MLFLOW_TRACKING_URI"),
        ({"MILLWRIGHT_VAR": "the host's own"}, "Another model host"),
    ],
)
def test_wrong_settings_stop_the_start_with_one_line(host, changes, words):
    if "MILLWRIGHT_VAR" in changes:
        changes = {"MILLWRIGHT_VAR": str(host.folder)}
    environment = {
        **os.environ,
        "MODEL_HOST_URL": f"http://127.0.0.1:{free_port()}",
        "MODEL_HOST_TOKEN": "x" * 32,
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        **changes,
    }
    command = [sys.executable, "-m", "compute.engines.model_host"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
