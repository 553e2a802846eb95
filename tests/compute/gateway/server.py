"""ASGI applications on real ports, each in a thread of its own, and a plain client."""

import http.client
import json
import socket
import threading
import time
from dataclasses import dataclass, field

import uvicorn


class Served:
    """An ASGI application behind uvicorn on a free loopback port."""

    def __init__(self, application):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        quiet = {"log_config": None, "access_log": False, "proxy_headers": False}
        config = uvicorn.Config(application, **quiet)
        self.server = uvicorn.Server(config)
        sockets = {"sockets": [self.socket]}
        self._thread = threading.Thread(target=self.server.run, kwargs=sockets, daemon=True)

    def start(self) -> "Served":
        self._thread.start()
        until = time.monotonic() + 20
        while not self.server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert self.server.started
        return self

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(20)
        self.socket.close()


@dataclass
class Heard:
    """What came back."""

    status: int
    headers: dict
    body: bytes = field(repr=False)

    @property
    def json(self) -> dict:
        return json.loads(self.body)


def send(port: int, method: str, path: str, body=None, headers=None, patience=20) -> Heard:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    content = json.dumps(body) if isinstance(body, dict | list) else body
    given = {"Content-Type": "application/json"} if content is not None else {}
    connection.request(method, path, content, given | (headers or {}))
    answer = connection.getresponse()
    heard = {name.lower(): value for name, value in answer.getheaders()}
    found = Heard(answer.status, heard, answer.read())
    connection.close()
    return found
