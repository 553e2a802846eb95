"""One model, loaded by an unprivileged process of its own, answering on a loopback port.

Started by the model host, which writes the order as one JSON line to standard input and holds
that pipe open: when it closes, the worker ends. Standard output carries one JSON line per event
(`waiting`, `ready`, `failed`, `beat`) back to the host; what the model prints goes to the log.
"""

import asyncio
import encodings.idna  # noqa: F401  (looked up by name in a socket call, too late by then)
import json
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TextIO

import mlflow.artifacts
import mlflow.pyfunc
import mlflow.sklearn  # noqa: F401  (imported before rights are given up)
import skops.io  # noqa: F401
from aiohttp import web
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from compute.engines.worker_app import MAX_BODY, Worker, build
from compute.engines.worker_inputs import Signature
from compute.engines.worker_sandbox import SandboxFailed, cut_network, die_with, give_up_rights

BEAT_SECONDS = 1.0
REGISTRY_PATIENCE = 5.0
REGISTRY = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
)
RUNTIME_MB = 460  # Python, MLflow and scikit-learn with nothing loaded
BODY_GROWS = 16  # times, from JSON text to the arrays a model works on
NOT_THERE = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


class CannotServe(Exception):
    """The model cannot be served. `final`: trying again will not help."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True)
class Order:
    """What the host wants; the line on standard input."""

    name: str
    model: str
    version: int
    memory_mb: int
    threads: int
    workdir: str
    parent: int
    listen_fd: int
    network: bool
    token: str = field(repr=False)

    @property
    def folder(self) -> str:
        """Where the artifacts of the model go."""
        return os.path.join(self.workdir, "model")


class Host:
    """The way back to the model host."""

    def __init__(self, pipe: TextIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def tell(self, event: str, **facts: Any) -> None:
        """Write one event."""
        with self._lock:
            self._pipe.write(json.dumps({"event": event, **facts}) + "\n")
            self._pipe.flush()


def main() -> int:
    """Load and serve; the exit status is 0 after a stop that was asked for."""
    order, host = _meet_the_host()
    try:
        die_with(order.parent)
        if not _fetch(order, host):
            return 1
        for name in REGISTRY:
            os.environ.pop(name, None)
        network = order.network or not cut_network()
        threading.Thread(target=_hold_the_lifeline, daemon=True).start()
        give_up_rights(order.memory_mb, order.parent)
        os.chdir(order.workdir)
        worker = _load(order, host, network)
    except SandboxFailed as wrong:
        host.tell("failed", reason=str(wrong), final=True)
        return 1
    except CannotServe as wrong:
        host.tell("failed", reason=str(wrong), final=wrong.final)
        return 1
    asyncio.run(_serve(worker, order, host))
    return 0


def _meet_the_host() -> tuple[Order, Host]:
    order = Order(**json.loads(sys.stdin.buffer.raw.readline()))
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return order, Host(events)


def _fetch(order: Order, host: Host) -> bool:
    """Let a child without rights fetch the artifacts: the model itself never meets the registry.

    False when that failed; the host was told why.
    """
    child = os.fork()
    if child == 0:
        os._exit(_fetch_as_nobody(order, host))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in {0, 1}:
        raise CannotServe(f"Fetching the model ended with status {code}.", final=False)
    return code == 0


def _fetch_as_nobody(order: Order, host: Host) -> int:
    try:
        give_up_rights(order.memory_mb, os.getppid())
        os.chdir(order.workdir)
        _find(order, host)
        uri = f"models:/{order.model}/{order.version}"
        mlflow.artifacts.download_artifacts(uri, dst_path=order.folder)
    except (SandboxFailed, CannotServe) as wrong:
        host.tell("failed", reason=str(wrong), final=True)
        return 1
    except Exception as wrong:  # a library's, in a process that must not return
        reason = f"The model could not be fetched: {type(wrong).__name__}: {_short(wrong)}"
        host.tell("failed", reason=reason, final=False)
        return 1
    return 0


def _hold_the_lifeline() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _load(order: Order, host: Host, network: bool) -> Worker:
    try:
        model = mlflow.pyfunc.load_model(order.folder)
    except ModuleNotFoundError as wrong:
        reason = f"The model needs the Python package {wrong.name}, which this host does not have."
        raise CannotServe(reason, final=True) from wrong
    except MemoryError as wrong:
        reason = f"The model does not fit into {order.memory_mb} MB of memory."
        raise CannotServe(reason, final=True) from wrong
    except Exception as wrong:  # somebody else's code
        reason = f"The model could not be loaded: {type(wrong).__name__}: {_short(wrong)}"
        raise CannotServe(reason, final=True) from wrong
    worker = Worker(
        serving=order.name,
        model=order.model,
        version=order.version,
        token=order.token,
        pyfunc=model,
        signature=Signature.of(model.metadata.signature),
        threads=_threads(order.threads),
        network=network,
        most_held=_most_held(order.memory_mb),
        give_up=lambda reason: _give_up(host, reason),
    )
    _try_it(worker)
    return worker


def _most_held(memory_mb: int) -> int:
    """How many bytes of bodies the memory allows at once; always one body."""
    free = max(0, memory_mb - RUNTIME_MB) * 1024 * 1024
    return min(max(MAX_BODY, free // BODY_GROWS), 4 * MAX_BODY)


def _threads(number: int) -> ThreadPoolExecutor:
    """A pool whose threads exist already: later there may be no memory for a new one."""
    pool, all_there = ThreadPoolExecutor(number), threading.Barrier(number + 1)
    for _ in range(number):
        pool.submit(all_there.wait)
    all_there.wait()
    return pool


def _find(order: Order, host: Host) -> None:
    """Wait for the registry as long as it takes; a version it does not know is final."""
    client = MlflowClient()
    while True:
        try:
            client.get_model_version(order.model, str(order.version))
            return
        except MlflowException as wrong:
            if wrong.error_code in NOT_THERE:
                reason = f"Version {order.version} of {order.model} was not found in the registry."
                raise CannotServe(reason, final=True) from wrong
            host.tell("waiting", reason="The registry does not answer yet; trying again.")
            time.sleep(REGISTRY_PATIENCE)


def _try_it(worker: Worker) -> None:
    """Run the model's own example once, so that the first caller does not wait for imports."""
    try:
        example = worker.pyfunc.input_example
        if example is not None:
            worker.pyfunc.predict(example)
    except MemoryError as wrong:
        raise CannotServe("The model's own example needs too much memory.", final=True) from wrong
    except Exception as wrong:  # somebody else's code
        print(f"The model's own example failed: {wrong}", file=sys.stderr)


async def _serve(worker: Worker, order: Order, host: Host) -> None:
    runner = web.AppRunner(build(worker), access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    await web.SockSite(runner, socket.socket(fileno=order.listen_fd)).start()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    host.tell("ready", pid=os.getpid(), uid=os.getuid())
    while not stopping.is_set():
        try:
            await asyncio.wait_for(stopping.wait(), BEAT_SECONDS)
        except TimeoutError:
            host.tell("beat")
    await runner.cleanup()


def _give_up(host: Host, reason: str) -> None:
    """A thread cannot be stopped, a process can: answer, then let the host start a new one."""
    host.tell("failed", reason=reason, final=False)
    asyncio.get_running_loop().call_later(0.5, partial(os._exit, 1))


def _short(wrong: Exception) -> str:
    lines = str(wrong).strip().splitlines()
    return (lines[0] if lines else "no message")[:300]


if __name__ == "__main__":
    sys.exit(main())
