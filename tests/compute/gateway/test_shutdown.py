"""The process as it is run: started by uvicorn, told to end, without its database."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from psycopg.conninfo import make_conninfo

from compute.gateway.asgi import Application
from compute.gateway.config import read_config
from tests.compute.gateway.server import Served
from tests.compute.gateway.stage import Stage, wait_for


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def process():
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "compute.gateway.asgi:application"]
    command += ["--port", str(port), "--no-proxy-headers", "--timeout-graceful-shutdown", "5"]
    child = subprocess.Popen(command, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    wait_for(lambda: listens(port) or child.poll() is not None, 60)
    yield child, port
    if child.poll() is None:
        child.kill()
    child.wait(10)


def test_a_process_that_is_told_to_end_finishes_its_calls(committed, worker, process):
    child, port = process
    stage = Stage(port, worker)
    worker.mode, heard = "held", []
    caller = threading.Thread(target=lambda: heard.append(stage.predict()))
    caller.start()
    wait_for(lambda: worker.seen)
    child.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    worker.released.set()
    caller.join(20)
    assert heard[0].status == 200
    child.wait(20)
    (call,) = stage.calls()
    assert call.ended_as == "settled" and len(stage.postings(call)) == 2


def test_without_its_database_the_gateway_refuses_fast_and_forwards_nothing(committed, worker):
    config = read_config()
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(8)
    for port in (free_port(), silent.getsockname()[1]):
        nowhere = make_conninfo(config.conninfo, host="127.0.0.1", port=port)
        served = Served(Application(replace(config, conninfo=nowhere))).start()
        stage = Stage(served.port, worker)
        began = time.monotonic()
        heard = stage.predict()
        assert heard.status == 503 and heard.headers["retry-after"]
        assert time.monotonic() - began < 2
        assert stage.send("GET", "/readyz", key="").status == 503
        assert stage.send("GET", "/healthz", key="").status == 200
        assert worker.seen == []
        served.stop()
    silent.close()
