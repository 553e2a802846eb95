"""An embedded PostgreSQL: made once, started on a free port, stopped for certain."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from portal.local import databases
from portal.local.binaries import postgres_folder, postgres_version
from portal.local.errors import LocalError
from portal.local.folder import is_ours, make_private, mark, move_aside
from portal.local.keep import FILE, password
from portal.local.ports import LOOPBACK, remembered
from portal.local.processes import ChildProcess, plain_environment, rotate
from portal.local.unprivileged import identity_for

RETRY_FOR = 10.0
START_WITHIN = 60.0
ROLES = ("postgres", databases.OWNER, databases.APP, databases.MLFLOW)
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_prepared_transactions": "0",
    "idle_in_transaction_session_timeout": "60s",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "jit": "off",
}
FORGETFUL = {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "10s"}


class EmbeddedPostgres:
    """PostgreSQL in `folder`/postgres-N with the databases of the portal and of MLflow.

    `durable=False` gives up safety from power cuts for speed: for tests. The addresses are known
    once `start` returned.
    """

    def __init__(self, folder: Path, *, durable: bool):
        self.folder = Path(folder)
        self.durable = durable
        self.binaries = postgres_folder()
        self.version = postgres_version(self.binaries)
        self.data = self.folder / f"postgres-{self.version.split('.')[0]}"
        self.port = 0
        self.set_aside: Path | None = None
        self.passwords: dict[str, str] = {}
        self.child: ChildProcess | None = None

    @property
    def admin_url(self) -> str:
        """The superuser, in the database `postgres`: for making databases, not for the portal."""
        return self._url("postgres", "postgres")

    @property
    def owner_url(self) -> str:
        """The role that owns the tables: for migrations."""
        return self._url(databases.OWNER, databases.PORTAL)

    @property
    def app_url(self) -> str:
        """The role of the portal, which owns nothing."""
        return self._url(databases.APP, databases.PORTAL)

    @property
    def mlflow_url(self) -> str:
        """MLflow's own role in its own database."""
        return self._url(databases.MLFLOW, databases.MLFLOW)

    def start(self) -> None:
        """Make the data folder if there is none, start, bring roles and databases up to date."""
        make_private(self.folder)
        self.passwords = {role: password(self.folder, f"postgres:{role}") for role in ROLES}
        if not is_ours(self.data):
            self._make()
        rotate(self.folder / "log" / "postgres.log")
        try:
            self._start_with_patience()
            databases.bring_up_to_date(self.admin_url, self.passwords)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Fast stop: open transactions are rolled back, everything committed is on disk."""
        if self.child:
            self.child.stop()

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self.passwords[role]}@{LOOPBACK}:{self.port}/{database}"

    def _make(self) -> None:
        """Make the folder under another name; renaming it is the last step."""
        fresh = self.data.with_name(f"{self.data.name}.new")
        if fresh.exists():
            self.set_aside = move_aside(fresh)
        identity = identity_for(fresh, self.binaries / "initdb")
        make_private(fresh)
        identity.hand_over(fresh)
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix=".pw-") as secret:
            secret.write(self.passwords["postgres"])
            secret.flush()
            command = [*identity.prefix, str(self.binaries / "initdb"), "--pgdata", str(fresh)]
            command += ["--username=postgres", f"--pwfile={secret.name}", "--auth=scram-sha-256"]
            command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
            command += [] if self.durable else ["--no-sync"]
            made = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, check=False, env=plain_environment()
            )
        if made.returncode:
            said = (made.stderr.strip().splitlines() or ["nothing was said"])[-1]
            raise LocalError(f"PostgreSQL could not make {fresh}: {said}")
        mark(fresh, version=self.version)
        fresh.rename(self.data)

    def _start_with_patience(self) -> None:
        """A server that was killed lets go of its folder and memory only after a moment."""
        give_up = time.monotonic() + RETRY_FOR
        while not self._start_once():
            if time.monotonic() > give_up:
                raise LocalError(
                    f"PostgreSQL does not start ({self.child.last_words()}): see {self.child.log}."
                )
            time.sleep(0.3)

    def _start_once(self) -> bool:
        """True when it answers, False when it ended instead."""
        self._forget_a_dead_server()
        self.port = remembered(self.folder, "postgres")
        settings = SETTINGS | ({} if self.durable else FORGETFUL) | {"port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.child = ChildProcess(
            name="postgres",
            command=[
                *identity_for(self.data, self.binaries / "postgres").prefix,
                str(self.binaries / "postgres"),
                *("-D", str(self.data)),
                *options,
            ],
            log=self.folder / "log" / "postgres.log",
            environment=plain_environment(),
            folder=self.folder,
            stop_signal=signal.SIGINT,
        )
        self.child.start()
        give_up = time.monotonic() + START_WITHIN
        while self.child.running and time.monotonic() < give_up:
            if self._answers():
                return True
            time.sleep(0.05)
        self.child.stop()
        return False

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.admin_url, connect_timeout=5).close()
        except psycopg.OperationalError as problem:
            if "password authentication failed" not in str(problem):
                return False
            self.child.stop()
            raise LocalError(
                f"The passwords in {self.folder / FILE} are not those of {self.data}: put the "
                "file that was made with it back."
            ) from None
        return True

    def _forget_a_dead_server(self) -> None:
        """After a reboot the noted process id may be another program's, which would block us."""
        note = self.data / "postmaster.pid"
        if not note.exists() or not Path("/proc/self/comm").exists():
            return
        pid = note.read_text().split("\n", 1)[0].strip()
        program = Path(f"/proc/{pid}/comm")
        if pid.isdigit() and program.exists() and program.read_text().strip() != "postgres":
            os.replace(note, note.with_name("postmaster.pid.stale"))
