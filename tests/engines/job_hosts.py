"""A job host as a process, for tests."""

import os
import signal
import subprocess
import sys
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

    @property
    def attempts(self) -> Path:
        return self.folder / "jobs" / "attempts"

    @property
    def work(self) -> Path:
        return Folders(self.folder / "jobs").work
