"""An MLflow server beside the portal: its registry and artifacts, in its own database."""

import http.client
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from portal.local.errors import LocalError
from portal.local.folder import make_private
from portal.local.ports import LOOPBACK, remembered
from portal.local.processes import ChildProcess, plain_environment, rotate


class EmbeddedMlflow:
    """`mlflow server` of this environment on the loopback; slow to start, so nobody waits for it.

    `begin` returns at once, `is_ready` tells when it answers; `start` does both, for tests.
    """

    def __init__(self, folder: Path, *, database_url: str):
        self.folder = Path(folder)
        self.database_url = database_url
        self.port = 0
        self.child: ChildProcess | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def choose_port(self) -> None:
        """Decide where it will be, so that others can be told before it starts."""
        self.port = remembered(make_private(self.folder), "mlflow")

    def begin(self) -> None:
        """Start the server without waiting for it."""
        if not self.port:
            self.choose_port()
        home = make_private(self.folder / "mlflow")
        rotate(self.folder / "log" / "mlflow.log")
        self.child = ChildProcess(
            name="mlflow",
            command=self._command(),
            log=self.folder / "log" / "mlflow.log",
            environment=self._environment(),
            folder=home,
        )
        self.child.start()

    def start(self, *, within: float = 180.0) -> None:
        """Start and wait until it answers; LocalError when it ends or takes too long."""
        self.begin()
        give_up = time.monotonic() + within
        while not self.is_ready():
            if not self.child.running or time.monotonic() > give_up:
                self.stop()
                raise LocalError(
                    f"MLflow does not start ({self.child.last_words()}): see {self.child.log}."
                )
            time.sleep(0.25)

    def is_ready(self) -> bool:
        """True when it answers on `/health`."""
        return answers(self.url, "/health")

    def stop(self) -> None:
        if self.child:
            self.child.stop()

    def _command(self) -> list[str]:
        artifacts = make_private(self.folder / "mlflow-artifacts").resolve()
        return [
            *(sys.executable, "-m", "mlflow", "server"),
            *("--host", LOOPBACK, "--port", str(self.port), "--workers", "1"),
            *("--serve-artifacts", "--artifacts-destination", artifacts.as_uri()),
            *("--allowed-hosts", f"{LOOPBACK}:{self.port},localhost:{self.port}"),
            *("--cors-allowed-origins", self.url),
        ]

    def _environment(self) -> dict[str, str]:
        """The address holds a password, so it goes by the environment, not by the arguments."""
        return plain_environment(
            MLFLOW_BACKEND_STORE_URI=self.database_url.replace(
                "postgresql://", "postgresql+psycopg://", 1
            ),
            MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
            MLFLOW_DISABLE_TELEMETRY="true",
            DO_NOT_TRACK="true",
            GIT_PYTHON_REFRESH="quiet",
        )


def answers(url: str, path: str, *, timeout: float = 2.0) -> bool:
    """True when the server at `url` answers 200 on `path`."""
    return status_of(url, path, timeout=timeout) == 200


def status_of(url: str, path: str, *, timeout: float = 2.0) -> int | None:
    """The status that the server at `url` answers with on `path`, None when it does not answer."""
    parts = urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path.rstrip("/") + path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
