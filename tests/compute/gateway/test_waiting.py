"""Calls to a model that is being started: they wait for it, within bounds."""

import socket
import threading
import time

import pytest

from tests.compute.gateway.stage import wait_for


def nobody_there() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def begin(stage) -> tuple[threading.Thread, list]:
    """A caller, once its call is written down."""
    heard: list = []
    caller = threading.Thread(target=lambda: heard.append(stage.predict()))
    caller.start()
    wait_for(stage.calls)
    return caller, heard


@pytest.mark.parametrize("missing", ["not ready", "not there"])
def test_a_call_waits_for_a_model_that_is_being_started(stage, missing):
    there = {"status": "ready", "address": stage.worker.address}
    gone = {"not ready": {"status": "starting"}, "not there": {"address": nobody_there()}}
    stage.change(stage.endpoint, **gone[missing])
    caller, heard = begin(stage)
    assert stage.worker.seen == []
    stage.change(stage.endpoint, **there)
    caller.join()
    assert heard[0].status == 200 and len(stage.worker.seen) == 1
    assert stage.call(heard[0]).ended_as == "settled"


@pytest.mark.parametrize("status", ["starting", "unhealthy"])
def test_a_model_that_does_not_come_in_time_is_a_failure_that_is_written_down(stage, status):
    stage.change(stage.endpoint, status=status)
    began = time.monotonic()
    heard = stage.predict()
    assert heard.status == 503 and int(heard.headers["retry-after"]) > 0
    assert 2 < time.monotonic() - began < 6
    call = stage.call(heard)
    assert (call.ended_as, call.http_status, call.amount_nano) == ("voided", 503, 0)


def test_nobody_waits_for_what_was_stopped(stage):
    stage.change(stage.endpoint, wanted=False, status="stopped")
    began = time.monotonic()
    heard = stage.predict()
    assert heard.status == 503 and time.monotonic() - began < 1.5
    assert stage.call(heard).http_status == 503


def test_a_key_that_is_revoked_while_its_call_waits_calls_nothing(stage):
    stage.change(stage.endpoint, status="starting")
    caller, heard = begin(stage)
    stage.change(stage.key, status="revoked")
    stage.change(stage.endpoint, status="ready")
    caller.join()
    assert heard[0].status == 503 and stage.worker.seen == []
