"""A real MLflow with the demo models, and a real model host; both are shared by the whole run."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from compute.engines.base import ServingPhase, ServingSighting
from compute.engines.local_serving import LocalServing
from marketplace.engines.mlflow import MlflowRegistry
from portal.local.mlflow import EmbeddedMlflow
from portal.local.postgres import EmbeddedPostgres
from tests.engines.job_hosts import RunningJobHost, host_in

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


def until(true: Callable[[], Any], what: str, within: float = PATIENCE) -> Any:
    """Wait for something to become true and hand it back; fail with words when it does not."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        if found := true():
            return found
        time.sleep(0.05)
    pytest.fail(f"Waited {within:.0f} s in vain for {what}.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def mlflow_url() -> Iterator[str]:
    """An MLflow server of our own on a PostgreSQL of its own."""
    folder = Path(tempfile.mkdtemp(prefix="millwright-mlflow-"))
    postgres = EmbeddedPostgres(folder / "pg", durable=False)
    try:
        postgres.start()
        server = EmbeddedMlflow(folder, database_url=postgres.mlflow_url)
        try:
            server.start()
            yield server.url
        finally:
            server.stop()
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def training(mlflow_url) -> list[dict]:
    """What the demo trainer printed when it ran for the first time."""
    return run_trainer(mlflow_url)


def run_trainer(mlflow_url: str, *arguments: str) -> list[dict]:
    command = [sys.executable, "-m", "marketplace.engines.demo_trainer"]
    done = subprocess.run(
        [*command, "--tracking-uri", mlflow_url, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="session")
def registry(mlflow_url, training) -> MlflowRegistry:
    """The real registry with the three demo models in it."""
    return MlflowRegistry(mlflow_url)


@dataclass
class RunningHost:
    """A model host as a process."""

    url: str
    token: str
    folder: Path
    mlflow_url: str
    process: subprocess.Popen | None = None

    @property
    def engine(self) -> LocalServing:
        return LocalServing(self.url, self.token)

    def start(self) -> None:
        environment = {
            **os.environ,
            "MODEL_HOST_URL": self.url,
            "MODEL_HOST_TOKEN": self.token,
            "MLFLOW_TRACKING_URI": self.mlflow_url,
            "MILLWRIGHT_VAR": str(self.folder),
            "VAULT_KEK": "a secret that no worker may see",
        }
        command = [sys.executable, "-m", "compute.engines.model_host"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment)
        until(self.engine.ready, "the model host")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def until(self, name: str, *phases: ServingPhase) -> ServingSighting:
        def seen() -> ServingSighting | None:
            sighting = self.engine.look(name)
            return sighting if sighting.phase in phases else None

        return until(seen, f"{name} to be {phases}")


@pytest.fixture
def new_host(mlflow_url, tmp_path) -> Iterator[RunningHost]:
    """A host of one test's own."""
    yield from _host(mlflow_url, tmp_path)


@pytest.fixture(scope="session")
def host(mlflow_url, training, tmp_path_factory) -> Iterator[RunningHost]:
    """The host that most tests share."""
    yield from _host(mlflow_url, tmp_path_factory.mktemp("host"))


def _host(mlflow_url: str, folder: Path) -> Iterator[RunningHost]:
    url = f"http://127.0.0.1:{free_port()}"
    running = RunningHost(url, secrets.token_urlsafe(24), folder, mlflow_url)
    running.start()
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


@pytest.fixture(scope="session")
def job_host(tmp_path_factory) -> Iterator[RunningJobHost]:
    """The job host that most tests share."""
    with host_in(tmp_path_factory.mktemp("jobs")).up() as running:
        yield running


@pytest.fixture
def new_job_host(tmp_path) -> Iterator[RunningJobHost]:
    """A job host of one test's own."""
    with host_in(tmp_path).up() as running:
        yield running


@pytest.fixture
def steering() -> Iterator[Path]:
    """A folder that programs of every user can read."""
    folder = Path(tempfile.mkdtemp(prefix="millwright-steering-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
