"""One model worker as its host sees it: start it, listen to it, start it again, stop it."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from compute.engines.base import ServingOrder, ServingPhase

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
PASSED_ON = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
)
LOG_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Patience:
    """How long the host waits, in seconds, and how often it tries."""

    starting: float = 600.0  # a large model takes its time to arrive
    unhealthy: float = 6.0
    dead: float = 15.0
    stopping: float = 8.0
    first_pause: float = 0.5
    longest_pause: float = 20.0
    settled: float = 60.0  # a worker that was ready for so long starts with a clean slate
    tries: int = 5


@dataclass(frozen=True)
class Employment:
    """What every worker of a serving is given."""

    order: ServingOrder
    secret: str = field(repr=False)
    listen_fd: int
    log: Path
    scratch: Path
    patience: Patience


class Replica:
    """A worker and its next lives. `keep()` runs until `stop()` or until it gives up."""

    def __init__(self, job: Employment, moved: Callable[[], None]) -> None:
        self.phase = ServingPhase.STARTING
        self.reason = ""
        self.restarts = 0
        self.pid: int | None = None
        self._job = job
        self._moved = moved
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._final = False
        self._heard = 0.0
        self._ready_at: float | None = None

    async def keep(self) -> None:
        """Keep a worker alive, with longer and longer pauses, until it is given up."""
        patience, failures = self._job.patience, 0
        while not self._stopping:
            await self._one_life()
            if self._stopping:
                break
            lived = time.monotonic() - self._ready_at if self._ready_at else 0.0
            failures = 1 if lived >= patience.settled else failures + 1
            if self._final or failures >= patience.tries:
                again = "" if self._final else f" It was tried {failures} times."
                self._enter(ServingPhase.FAILED, self.reason + again)
                return
            self.restarts += 1
            self._enter(ServingPhase.STARTING, f"{self.reason} Starting again.")
            await asyncio.sleep(
                min(patience.first_pause * 2 ** (failures - 1), patience.longest_pause)
            )
        self._enter(ServingPhase.STOPPED, "")

    async def stop(self) -> None:
        """Ask the worker to end, then make it."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._job.patience.stopping)
        except TimeoutError:
            self._kill()

    async def _one_life(self) -> None:
        self._ready_at, self.reason = None, ""
        workdir = tempfile.mkdtemp(prefix=f"{self._job.order.name}-", dir=self._job.scratch)
        try:
            if os.geteuid() == 0:
                os.chown(workdir, NOBODY, NOBODY)
            process = await self._spawn(workdir)
            self.pid = process.pid
            await self._listen(process.stdout)
            self._kill()  # the group, for what the worker may have started
            self.reason = self.reason or _last_words(await process.wait())
        finally:
            self._kill()
            self.pid = None
            shutil.rmtree(workdir, ignore_errors=True)

    async def _spawn(self, workdir: str) -> asyncio.subprocess.Process:
        job = self._job
        with job.log.open("ab") as log:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "compute.engines.model_worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env=_environment(workdir, job.order),
                start_new_session=True,
                pass_fds=(job.listen_fd,),
            )
        line = {
            "name": job.order.name,
            "model": job.order.model,
            "version": job.order.version,
            "memory_mb": job.order.memory_mb,
            "threads": max(1, round(job.order.cpu)),
            "workdir": workdir,
            "parent": os.getpid(),
            "listen_fd": job.listen_fd,
            "network": os.environ.get("MODEL_HOST_NETWORK", "") == "open",
            "token": job.secret,
        }
        with suppress(ConnectionError):  # it ended at once; the listener will say so
            process.stdin.write(json.dumps(line).encode() + b"\n")
            await process.stdin.drain()
        return process

    async def _listen(self, events: asyncio.StreamReader) -> None:
        """Follow the worker's events until it ends or is silent for too long."""
        patience = self._job.patience
        self._heard = time.monotonic()
        while True:
            allowed = patience.dead if self._ready_at else patience.starting
            left = self._heard + allowed - time.monotonic()
            wait = min(left, patience.unhealthy) if self._ready_at else left
            try:
                line = await asyncio.wait_for(events.readline(), max(wait, 0.01))
            except TimeoutError:
                if time.monotonic() - self._heard >= allowed:
                    self.reason = f"The worker said nothing for {allowed:.0f} s."
                    return
                self._enter(ServingPhase.UNHEALTHY, "The worker does not answer.")
                continue
            except ValueError:
                self.reason = "The worker sent something else than an event."
                return
            if not line:
                return
            if not self._hear(line):
                return

    def _hear(self, line: bytes) -> bool:
        """Take in one event; False when the worker is not worth listening to any more."""
        try:
            event = json.loads(line)
            kind = event["event"]
        except (ValueError, KeyError, TypeError):
            self.reason = "The worker sent something else than an event."
            return False
        self._heard = time.monotonic()
        _shorten(self._job.log)
        if kind == "failed":
            self.reason, self._final = str(event.get("reason"))[:500], event.get("final") is True
        elif kind == "waiting":
            self._enter(ServingPhase.STARTING, str(event.get("reason"))[:500])
        elif self._ready_at is None and kind == "ready":
            self._ready_at = time.monotonic()
            self._enter(ServingPhase.READY, "")
        elif self.phase is ServingPhase.UNHEALTHY:
            self._enter(ServingPhase.READY, "")
        return True

    def _enter(self, phase: ServingPhase, reason: str) -> None:
        self.phase, self.reason = phase, reason
        self._moved()

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _environment(workdir: str, order: ServingOrder) -> dict[str, str]:
    threads = str(max(1, round(order.cpu)))
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": workdir,
        "TMPDIR": workdir,
        "USER": "nobody",
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "GIT_PYTHON_REFRESH": "quiet",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
    }


def _shorten(log: Path) -> None:
    with suppress(OSError):
        if log.stat().st_size > LOG_BYTES:
            os.truncate(log, 0)


def _last_words(code: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        hint = "; the machine may be short of memory" if -code == signal.SIGKILL else ""
        return f"The worker was ended by {name}{hint}."
    return f"The worker ended with status {code}; its log says why."
