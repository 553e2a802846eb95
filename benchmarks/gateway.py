"""What the gateway adds to a call: latency and CPU, beside the model itself and a plain proxy.

`make bench`, or `python -m benchmarks.gateway [seconds a round]`. Everything runs on loopback in
throw-away folders: PostgreSQL with fsync on, so that a reservation costs what it costs. Every
call is admitted from the rows, reserved, forwarded and settled; afterwards the books are
checked.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from importlib import import_module

from benchmarks import stand
from benchmarks.load import Round, call_for

HEAD = ("", "calls", "failed", "calls/s", "p50 ms", "p95 ms", "p99 ms", "CPU µs/call")
INPUT = {"name": "x", "datatype": "FP64", "shape": [1, 64], "data": [0.5] * 64}
BODY = json.dumps({"inputs": [INPUT]}).encode()
CONNECTIONS = (1, 8)
SERVER = ["-m", "uvicorn", "--no-access-log", "--no-proxy-headers", "--log-level", "warning"]


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with ExitStack() as everything:
        stand.installation(everything, stand.folder(everything), "redis://127.0.0.1:1")
        stage, check = _world()
        rows = _rounds(everything, stage, seconds)
        _print(rows)
        return check(stage, sum(row.calls for name, row in rows if name.startswith("gateway")))


class _Upstream:
    """What the stage must know of a worker."""

    def __init__(self, port: int):
        self.token, self.address = "a token for measurements", f"http://127.0.0.1:{port}"


def _world():
    """A committed world around one model; imported late, because Django has to be set up first."""
    scene = import_module("tests.compute.gateway.stage")
    return scene.Stage(0, _Upstream(_free_port())), _books


def _rounds(everything: ExitStack, stage, seconds: float) -> list[tuple[str, Round]]:
    upstream_port = int(stage.worker.address.rpartition(":")[2])
    environment = {"BENCH_UPSTREAM": stage.worker.address}
    ports = {"model alone": upstream_port}
    pids = {"model alone": _start(everything, ["-m", "benchmarks.upstream"], upstream_port)}
    for name, program in (
        ("plain proxy", "benchmarks.plain:application"),
        ("gateway", "compute.gateway.asgi:application"),
    ):
        ports[name] = _free_port()
        command = [*SERVER, program, "--port"]
        pids[name] = _start(everything, command, ports[name], environment)
    headers = {"Authorization": f"Bearer {stage.text}", "Content-Type": "application/json"}
    path, rows = f"/v2/models/{stage.slug}/infer", []
    for connections in CONNECTIONS:
        for name, port in ports.items():
            facts = (connections, port, path, BODY, headers, pids[name])
            call_for(0.5, *facts)  # warm connections, caches and prepared statements
            rows.append((f"{name}, {connections} at once", call_for(seconds, *facts)))
    return rows


def _start(everything: ExitStack, command: list, port: int, environment=None) -> int:
    child = subprocess.Popen(
        [sys.executable, *command, str(port)], env=os.environ | (environment or {})
    )
    everything.enter_context(_ended(child))
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return child.pid
        time.sleep(0.05)
    raise RuntimeError(f"{command} does not listen")


@contextmanager
def _ended(child: subprocess.Popen):
    try:
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()


def _books(stage, at_least: int) -> int:
    """0 when every call was settled once and the postings cancel out."""
    scene = import_module("tests.compute.gateway.stage")
    scene.wait_for(lambda: all(call.ended_as for call in stage.calls()))
    calls = stage.calls()
    with scene.system():
        lines = scene.Posting.objects.filter(subject_id=stage.model.pk)
        nano = list(lines.values_list("nano", flat=True))
    right = len(nano) == 2 * len(calls) and sum(nano) == 0 and len(calls) >= at_least
    print(f"\nbooks: {len(calls)} calls, {len(nano)} postings, sum {sum(nano)}:", end=" ")
    print("right" if right else "WRONG")
    return 0 if right else 1


def _print(rows: list[tuple[str, Round]]) -> None:
    print("{:<24}{:>8}{:>8}{:>9}{:>9}{:>9}{:>9}{:>13}".format(*HEAD))
    for name, row in rows:
        print(
            f"{name:<24}{row.calls:>8}{row.failed:>8}{row.rate:>9.0f}{row.p50:>9.2f}"
            f"{row.p95:>9.2f}{row.p99:>9.2f}{row.cpu:>13.0f}"
        )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
