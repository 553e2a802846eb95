"""One child process: started behind its guard, logged to a file, stopped for certain."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from portal.local.folder import private_file

GUARD = Path(__file__).with_name("launch.py")
LOGS_KEPT = 5
PATIENCE = 15.0
HARMLESS = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "UV_CACHE_DIR"),
)


def plain_environment(**extra: str) -> dict[str, str]:
    """The part of our environment that holds no secret of the portal, and `extra`."""
    kept = {name: os.environ[name] for name in HARMLESS if name in os.environ}
    return kept | {"PYTHONUNBUFFERED": "1"} | extra


@dataclass
class ChildProcess:
    """A program and its descendants; stopped by `stop_signal`, after `patience` seconds by force.

    Output is appended to `log`. The guard ends everything when this process dies, even by kill -9.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    folder: Path
    stop_signal: int = signal.SIGTERM
    patience: float = PATIENCE
    process: subprocess.Popen | None = field(default=None, repr=False)
    started_at: float = 0.0

    def start(self) -> None:
        """Start the program; that it lives on is for `running` to say."""
        guarded = [sys.executable, "-I", "-S", str(GUARD), str(os.getpid())]
        guarded += [str(int(self.stop_signal)), str(self.patience), "--", *self.command]
        with private_file(self.log) as output:
            self.process = subprocess.Popen(  # noqa: S603
                guarded,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=dict(self.environment),
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 + n when signal n ended it."""
        return None if self.process is None else self.process.poll()

    @property
    def age(self) -> float:
        """Seconds since the last start."""
        return time.monotonic() - self.started_at

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Stop it and everything it started; returns when nothing of it is left."""
        if self.process is None:
            return
        self.ask_to_stop()
        try:
            self.process.wait(self.patience + 5)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it and everything it started at once; without its guard if that has to be."""
        if not self.running:
            return
        self.process.send_signal(signal.SIGHUP)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        """The last line of the log that says something, at most 300 characters.

        Indented lines and those that quote a statement only explain the line before them.
        """
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 8192))
            lines = log.read().decode(errors="replace").splitlines()
        telling = (line for line in reversed(lines) if line[:1].strip() and line[:5] != "LINE ")
        return _event(next(telling, "").strip())[:300]


def _event(line: str) -> str:
    """What happened, where a line of a log is a JSON object."""
    try:
        return str(json.loads(line)["event"])
    except (ValueError, KeyError, TypeError):
        return line


def rotate(log: Path) -> None:
    """Keep the logs of the last starts as name.log.1 (newest) to name.log.5."""
    for number in range(LOGS_KEPT, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        newer = log.with_name(f"{log.name}.{number - 1}") if number > 1 else log
        if newer.exists():
            newer.replace(older)
