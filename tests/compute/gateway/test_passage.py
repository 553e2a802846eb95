"""The way through the portal's port: both directions flow, and nothing else changes."""

import asyncio
import http.client
import socket
import threading

import pytest

from portal.web.passage import Passage
from tests.compute.gateway.server import Served, send
from tests.compute.gateway.stage import MLFLOW_BODY, V2_BODY, wait_for


class Slow:
    """An ASGI application that writes a line, waits for a word, writes another; notes hang-ups."""

    def __init__(self):
        self.go, self.left, self.heard = threading.Event(), threading.Event(), []

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        self.heard = scope["headers"]
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
        start = {"type": "http.response.start", "status": 200, "headers": [(b"x-y", b"z")]}
        await send(start)
        await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
        watch = asyncio.create_task(receive())
        while not self.go.is_set() and not watch.done():
            await asyncio.sleep(0.01)
        if watch.done():
            self.left.set()
        watch.cancel()
        await send({"type": "http.response.body", "body": b"second\n"})


async def portal(scope, receive, send):
    """What stands behind the passage."""
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"the portal"})


@pytest.fixture
def slow():
    app = Slow()
    inner = Served(app).start()
    outer = Served(Passage(portal, inner.url)).start()
    yield app, outer.port
    app.go.set()
    outer.stop()
    inner.stop()


@pytest.fixture
def through(stage, gateway):
    served = Served(Passage(portal, gateway.url)).start()
    stage.port = served.port
    yield stage
    served.stop()


def test_predictions_go_through_the_port_of_the_portal(through):
    for heard in (through.predict(V2_BODY), through.score(MLFLOW_BODY)):
        assert heard.status == 200
        assert through.call(heard).ended_as == "settled"
    assert through.predict(key="").status == 401
    assert through.send("GET", "/v1/models").status == 404


@pytest.mark.parametrize("path", ["/", "/v2x", "/models/v2/", "/healthz", "/served/"])
def test_everything_else_is_the_portals(slow, path):
    assert send(slow[1], "GET", path).body == b"the portal"


def test_an_answer_flows_while_it_is_written(slow):
    app, port = slow
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    line.request("POST", "/v2/x", b"data", {"Cookie": "sessionid=secret", "X-Forwarded-For": "9"})
    answer = line.getresponse()
    assert answer.readline() == b"first\n"
    app.go.set()
    assert answer.readline() == b"second\n"
    assert answer.getheader("x-y") == "z"
    told = dict(app.heard)
    assert b"cookie" not in told and told[b"x-forwarded-for"] == b"127.0.0.1"


def test_a_hang_up_travels_on(slow):
    app, port = slow
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"GET /serve/x/ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" in line.recv(100)
    wait_for(app.left.is_set)


def test_a_gateway_that_is_away_is_named():
    served = Served(Passage(portal, "http://127.0.0.1:1")).start()
    heard = send(served.port, "POST", "/v2/models/x/infer", V2_BODY)
    served.stop()
    assert heard.status == 503 and "gateway" in heard.json["error"]
