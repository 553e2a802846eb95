"""A job host as a process, for tests."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from compute.engines.job_machine import Folders
from compute.engines.local_jobs import LocalJobs
from tests.engines.job_benches import until

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret that no job may see"


@dataclass
class RunningJobHost:
    """A job host; its machine pretends to have 4 cores, so that tests agree everywhere."""

    url: str
    token: str
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None

    @property
    def engine(self) -> LocalJobs:
        return LocalJobs(self.url, self.token)

    def environment(self) -> dict[str, str]:
        own = {
            "JOB_HOST_URL": self.url,
            "JOB_HOST_TOKEN": self.token,
            "JOB_HOST_CPU": "4",
            "JOB_HOST_MEMORY_MB": "4096",
            "JOB_HOST_GRACE": "2",
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
            "MILLWRIGHT_VAR": str(self.folder),
            "VAULT_KEK": SECRET,
        }
        return {**os.environ, **own, **self.extra}

    def start(self) -> None:
        command = [sys.executable, "-m", "compute.engines.job_host"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment())
        until(self.engine.ready, "the job host")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    @contextmanager
    def up(self) -> Iterator["RunningJobHost"]:
        """Running inside, nothing left of it after."""
        self.start()
        try:
            yield self
        finally:
            if self.process.poll() is None:
                self.stop()
            shutil.rmtree(self.work, ignore_errors=True)

    @property
    def attempts(self) -> Path:
        return self.folder / "jobs" / "attempts"

    @property
    def work(self) -> Path:
        return Folders(self.folder / "jobs").work


def host_in(folder: Path) -> RunningJobHost:
    """One that keeps its files in this folder; not started yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    return RunningJobHost(url, secrets.token_urlsafe(24), folder)
