"""A small server that answers as Prometheus does, out of a script of what pods use."""

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

METRIC = re.compile(r"(DCGM_FI_DEV_\w+|container_\w+)")
MATCHED = re.compile(r'(\w+)=~"([^"]*)"')


class Exporter:
    """`samples` are by metric: a list of (labels, value). `broken` is sent instead, if set."""

    def __init__(self) -> None:
        self.samples: dict[str, list[tuple[dict, float]]] = {}
        self.broken: tuple[int, bytes] | None = None
        self.asked: list[str] = []
        self.url = ""

    def answer(self, query: str) -> dict:
        """The vector that a real server would give: each side of `or`, grouped by pod."""
        self.asked.append(query)
        found: dict[str, list[float]] = {}
        for side in query.split(" or "):
            metric, (label, pattern) = METRIC.search(side)[1], MATCHED.search(side).groups()
            for labels, value in self.samples.get(metric, []):
                if re.fullmatch(pattern, labels.get(label, "")) and self._counts(side, labels):
                    found.setdefault(labels[label], []).append(value)
        mean = query.startswith("avg")
        rows = [
            {"metric": {"pod": pod}, "value": [1.0, str(sum(v) / len(v) if mean else sum(v))]}
            for pod, v in found.items()
        ]
        return {"status": "success", "data": {"resultType": "vector", "result": rows}}

    def _counts(self, side: str, labels: dict) -> bool:
        return 'container!=""' not in side or labels.get("container", "") not in ("", "POD")


@contextmanager
def exporting():
    """An `Exporter` behind a real port of this machine."""
    script = Exporter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            place = urlsplit(self.path)
            body = {"status": "error", "error": "unknown path"}
            status, text = 404, json.dumps(body).encode()
            if script.broken:
                status, text = script.broken
            elif place.path == "/api/v1/query":
                (query,) = parse_qs(place.query)["query"]
                status, text = 200, json.dumps(script.answer(query)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
