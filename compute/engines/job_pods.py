"""One pod of a job as the job host sees it: its folder, its keeper, how it began and ended."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from compute.engines import job_processes
from compute.engines.host_files import read, write_durably, write_once
from compute.engines.jobs import EndCause, PodSighting

ROOT = Path(__file__).resolve().parents[2]
RUNNER = [sys.executable, "-S", "-E", "-m", "compute.engines.job_runner"]
MARK = "MILLWRIGHT_POD"  # in the environment of all its processes: its uid
LOST = "The machine it ran on was lost."


@dataclass(frozen=True)
class PodPlace:
    """What is written down about a pod before it exists."""

    uid: str
    name: str
    index: int
    cores: tuple[int, ...] = ()
    gpus: tuple[int, ...] = ()


class Pod:
    """Reads what the keeper wrote, and writes what the keeper cannot: that it is gone."""

    def __init__(self, place: PodPlace, above: Path) -> None:
        self.place = place
        self.folder = above / place.uid
        self.process: subprocess.Popen | None = None
        self.asked: int | None = None  # the signal that was sent last
        self._claim: dict | None = None
        self._begun: dict | None = None
        self._end: dict | None = None

    @property
    def began_at(self) -> float | None:
        return self._begun["at"] if self._begun else None

    @property
    def end(self) -> dict | None:
        """`at`, `end`, `exit_code`, `reason`, once it holds nothing any more."""
        return self._end

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def launch(self, spec: dict[str, Any]) -> None:
        """Start a keeper; it claims the pod, so that a second one would do nothing."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with (self.folder / "keeper.log").open("ab") as said:
            self.process = subprocess.Popen(  # noqa: S603
                RUNNER,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                cwd=ROOT,
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
                start_new_session=True,
            )
        with suppress(BrokenPipeError):  # it ended at once; the next look says so
            self.process.stdin.write(json.dumps(spec).encode())
            self.process.stdin.close()

    def look(self) -> None:
        """Read what is new; write an end where the keeper died without one."""
        if self._end:
            return
        dead = self._keeper_is_gone()  # before reading, or its last words would be missed
        self._claim = self._claim or read(self.folder / "claim.json")
        self._begun = self._begun or read(self.folder / "begun.json")
        self._end = read(self.folder / "end.json")
        if dead and not self._end:
            self._bury(time.time())

    def take_up(self) -> bool:
        """After a restart of the host: False when it never began, and never will."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if write_once(self.folder / "claim.json", {"pid": 0, "began": 0, "boot": "given up"}):
            return False
        self._claim = read(self.folder / "claim.json")
        self._begun = read(self.folder / "begun.json")
        self._end = read(self.folder / "end.json")
        if not self._end and not job_processes.is_alive(self._claim):
            self._bury(self._last_known())
        return True

    def ask(self, number: int) -> None:
        """Tell the keeper to end it, once for each signal; it is told again after a restart."""
        if self._begun and not self._end and self.asked != number:
            self.asked = number
            job_processes.tell(self._claim, number)

    def void(self, reason: str, cause: EndCause = EndCause.NODE_LOST) -> None:
        """It will never begin: that is its end."""
        write_once(self.folder / "claim.json", {"pid": 0, "began": 0, "boot": "given up"})
        self._write_end(time.time(), cause, reason)

    def sighting(self, node: str, flavour: str) -> PodSighting:
        """As the port tells it."""
        end = self._end or {}
        return PodSighting(
            uid=self.place.uid,
            name=self.place.name,
            index=self.place.index,
            node=node,
            flavour=flavour,
            started_at=moment(self.began_at),
            ended_at=moment(end.get("at")),
            end=EndCause(end["end"]) if end else None,
            exit_code=end.get("exit_code"),
            reason=end.get("reason", ""),
        )

    def written(self) -> dict[str, Any]:
        return asdict(self.place)

    def _keeper_is_gone(self) -> bool:
        if self.process is not None:
            return self.process.poll() is not None
        return not job_processes.is_alive(self._claim)

    def _bury(self, at: float) -> None:
        """Its keeper died: end what is left of it, and say when it was last known to run."""
        if self._begun:
            job_processes.end_marked(f"{MARK}={self.place.uid}")
        self._write_end(at, EndCause.NODE_LOST, LOST)

    def _write_end(self, at: float, cause: EndCause, reason: str) -> None:
        self._end = {"at": at, "end": cause.value, "exit_code": None, "reason": reason}
        write_durably(self.folder / "end.json", self._end)

    def _last_known(self) -> float:
        began = self.began_at or time.time()
        with suppress(OSError):
            return max(began, (self.folder / "alive").stat().st_mtime)
        return began


def end_all_in(folder: Path) -> None:
    """End whatever runs of an attempt that nobody can read any more."""
    for claim in folder.glob("*/claim.json"):
        with suppress(ValueError):
            job_processes.tell(read(claim), signal.SIGKILL)
        job_processes.end_marked(f"{MARK}={claim.parent.name}")


def place_from(content: dict[str, Any]) -> PodPlace:
    """What `written` wrote."""
    return PodPlace(**content | {key: tuple(content[key]) for key in ("cores", "gpus")})


def moment(seconds: float | None) -> datetime | None:
    """A time of the host as the port tells it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


STOP, SHUT_DOWN = signal.SIGTERM, signal.SIGUSR1
