"""A proxy before the API server that breaks what it is told to break, and counts it."""

import http.client
import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from portal.local.cluster.api import Api

BEFORE = ("reset", "half-open", "429", "500", "503")
AFTER = ("lost reply", "half a reply", "500 after effect", "504 after effect")
WATCHES = ("reset", "half-open", "gone", "410", "429", "500", "half a line")


class Faults:
    """Which request breaks how: by chance with a seed, until enough have."""

    def __init__(self, most: int, *, seed: int = 20, often: float = 0.5) -> None:
        self.most, self.often = most, often
        self.random = random.Random(seed)
        self.made: Counter = Counter()
        self.lock = threading.Lock()

    @property
    def count(self) -> int:
        return sum(self.made.values())

    def next(self, method: str, path: str) -> str:
        """The name of a fault, empty for none."""
        with self.lock:
            if self.count >= self.most or self.random.random() > self.often:
                return ""
            fault = self.random.choice(self._fitting(method, path))
            self.made[fault] += 1
            return fault

    def _fitting(self, method: str, path: str) -> tuple[str, ...]:
        if "watch=true" in path:
            return WATCHES
        if method == "POST":
            return (*BEFORE, *AFTER, *AFTER, "409", "409 after effect")
        if method in ("PATCH", "DELETE"):
            return (*BEFORE, *AFTER, "409")
        return (*BEFORE, "half a reply", "410") if "limit=" in path else (*BEFORE, "half a reply")


class Proxy:
    """Plain HTTP on loopback before an API server over TLS, with the rights of `api`."""

    def __init__(self, api: Api, faults: Faults) -> None:
        self.api, self.faults = api, faults
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def do_any(self) -> None:
                Exchange(proxy, self).run()

            do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do_any

            def log_message(self, *args) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def kubeconfig(self, folder: Path) -> str:
        """A file that leads through here."""
        named = {"name": "x"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "x",
            "contexts": [named | {"context": {"cluster": "x", "user": "x"}}],
            "clusters": [
                named | {"cluster": {"server": f"http://127.0.0.1:{self.server.server_port}"}}
            ],
            "users": [named | {"user": {}}],
        }
        path = folder / "through-the-proxy"
        path.write_text(json.dumps(config))
        return str(path)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Exchange:
    """One request, perhaps broken."""

    def __init__(self, proxy: Proxy, handler: BaseHTTPRequestHandler) -> None:
        self.proxy, self.handler = proxy, handler
        self.fault = proxy.faults.next(handler.command, handler.path)

    def run(self) -> None:
        length = int(self.handler.headers.get("Content-Length") or 0)
        body = self.handler.rfile.read(length) if length else None
        if self.fault == "reset":
            return self._reset()
        if self.fault == "half-open":
            return self._fall_silent()
        if self.fault in ("409", "410", "429", "500", "503"):
            return self._answer(int(self.fault))
        answer = self._forward(body)
        if "watch=true" in self.handler.path:
            return self._stream(answer)
        content = answer.read()
        if self.fault == "lost reply":
            return self._reset()
        if self.fault == "half a reply":
            return self._send(answer, content[: len(content) // 2], len(content))
        if self.fault.endswith("after effect"):
            return self._answer(int(self.fault[:3]))
        return self._send(answer, content, len(content))

    def _forward(self, body: bytes | None) -> http.client.HTTPResponse:
        address = urlsplit(self.proxy.api.address.geturl())
        connection = http.client.HTTPSConnection(
            address.hostname, address.port, timeout=90, context=self.proxy.api.context
        )
        kept = ("Content-Type", "Accept")
        headers = {
            name: self.handler.headers[name] for name in kept if name in self.handler.headers
        }
        connection.request(self.handler.command, self.handler.path, body, headers)
        return connection.getresponse()

    def _send(self, answer, content: bytes, length: int) -> None:
        self.handler.send_response(answer.status)
        self.handler.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.handler.send_header("Content-Length", str(length))
        self.handler.end_headers()
        self.handler.wfile.write(content)
        if len(content) < length:
            self._reset()

    def _stream(self, answer) -> None:
        """A watch goes on for a while and then breaks."""
        self.handler.send_response(answer.status)
        self.handler.send_header("Transfer-Encoding", "chunked")
        self.handler.end_headers()
        break_at = time.monotonic() + 1.0 if self.fault else float("inf")
        while chunk := answer.read1(65536):
            if time.monotonic() > break_at:
                return self._break_stream(chunk)
            self._chunk(chunk)
        return self._chunk(b"")

    def _break_stream(self, chunk: bytes) -> None:
        if self.fault == "gone":
            gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "old"}}
            self._chunk(json.dumps(gone).encode() + b"\n")
            return self._chunk(b"")
        self._chunk(chunk[: len(chunk) // 2])
        return self._reset()

    def _chunk(self, data: bytes) -> None:
        self.handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _answer(self, status: int) -> None:
        reasons = {409: "AlreadyExists" if self.handler.command == "POST" else "Conflict"}
        said = {"kind": "Status", "code": status, "message": f"pretended {status}"}
        content = json.dumps(said | {"reason": reasons.get(status, "")}).encode()
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", "application/json")
        self.handler.send_header("Content-Length", str(len(content)))
        self.handler.end_headers()
        self.handler.wfile.write(content)

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.handler.close_connection = True
        self.handler.connection.close()

    def _fall_silent(self) -> None:
        """Taken, and never answered."""
        time.sleep(SILENT)
        self._reset()


SILENT = 4.0
