"""What this machine has for jobs, and who may use it: cores, memory, GPUs, users, folders."""

import hashlib
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from compute.engines import sandbox
from compute.engines.host_files import read, write_durably
from compute.engines.hosting import WrongSettings
from compute.engines.job_queue import Amount

FIRST_USER, LAST_USER = 52_000, 59_999
LEFT_FOR_OTHERS = 0.2  # of the memory: the portal itself and the system
EXAMPLES = Path(__file__).parent / "examples"  # programs that every job may run
KEPT_FOR = 30 * 24 * 3600  # seconds that a checkpoint outlives its last use
SEEN_BY_ALL = (
    "Jobs see the command lines of all processes of this machine: hiding them needs Linux 5.8 "
    "and the right to mount."
)
QUERY = ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]


class Machine:
    """Counts what there is, once. `cpu` and `memory_mb` may be given instead of measured."""

    def __init__(self, cpu: Decimal | None = None, memory_mb: int | None = None) -> None:
        self.name = socket.gethostname()
        self.cores = _cores()
        self.product, self.gpu_memory_mb, gpus = _gpus()
        memory = memory_mb or int(_memory_mb() * (1 - LEFT_FOR_OTHERS))
        self.has = Amount(cpu or Decimal(len(self.cores)), memory, gpus)


class Folders:
    """Where jobs work: a folder that everybody may pass, and in it parts of one tenant each.

    `kept` are private files of the host. Where we are root every tenant has a user of its own,
    which nothing else on the machine has.
    """

    def __init__(self, kept: Path, work: str = "") -> None:
        self.kept = kept
        self.attempts = kept / "attempts"
        self.attempts.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.work = _passable(Path(work) if work else self._default())
        for part in ("scratch", "checkpoints"):
            _passable(self.work / part)
        self._users: dict[str, int] = read_or_refuse(kept / "users.json")

    def user(self, tenant: str) -> int:
        """The number of this tenant: its user id where we are root."""
        if tenant not in self._users:
            number = FIRST_USER + len(self._users)
            if number > LAST_USER:
                raise OSError("There are no users left for another tenant.")
            self._users[tenant] = number
            write_durably(self.kept / "users.json", self._users)
        return self._users[tenant]

    def scratch(self, tenant: str, pod: str) -> Path:
        """A fresh folder for one pod."""
        return self._handed_over(self.work / "scratch" / pod, self.user(tenant))

    def drop_scratch(self, pod: str) -> None:
        """Nothing of the pod needs it any more."""
        shutil.rmtree(self.work / "scratch" / pod, ignore_errors=True)

    def checkpoint(self, tenant: str, name: str, path: str) -> Path:
        """What outlives attempts: shared by all of a tenant that name the same path, or, where
        none is named, by the attempts of one job."""
        return self.shared(tenant, f"path {path}" if path else f"job {name.rpartition('-')[0]}")

    def shared(self, tenant: str, name: str) -> Path:
        """The folder that all of a tenant find under this name."""
        user = self.user(tenant)
        above = _passable(self.work / "checkpoints" / str(user))
        folder = above / hashlib.sha256(name.encode()).hexdigest()[:32]
        self._handed_over(folder, user)
        os.utime(folder)
        return folder

    def set_aside(self, attempt: Path) -> None:
        """Keep what cannot be read for a person to look at; nobody takes it up."""
        aside = self.kept / "broken" / attempt.name
        aside.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        attempt.rename(aside)
        print(f"{attempt} cannot be read; it was moved to {aside}.", file=sys.stderr, flush=True)

    def sweep(self, pods: set[str]) -> None:
        """Drop scratch folders of nobody, and checkpoints that nobody has used for long."""
        for folder in (self.work / "scratch").iterdir():
            if folder.name not in pods:
                shutil.rmtree(folder, ignore_errors=True)
        for folder in (self.work / "checkpoints").glob("*/*"):
            if time.time() - folder.stat().st_mtime > KEPT_FOR:
                shutil.rmtree(folder, ignore_errors=True)

    def _default(self) -> Path:
        if os.geteuid() != 0:
            return self.kept / "work"
        mark = hashlib.sha256(str(self.kept.absolute()).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"millwright-jobs-{mark}"

    def _handed_over(self, folder: Path, user: int) -> Path:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, user, user)
        return folder


def read_or_refuse(path: Path) -> dict:
    """The object in a file of ours, empty where there is none; WrongSettings if it is broken."""
    try:
        found = read(path)
    except ValueError:
        found = []
    if found is not None and not isinstance(found, dict):
        raise WrongSettings(
            f"{path} cannot be read: put its last good copy back, or move it away."
        )
    return found or {}


def path_of_programs() -> str:
    """The programs of this Python first, so that jobs find what the portal has installed."""
    own = os.path.join(sys.prefix, "bin")
    return ":".join(dict.fromkeys((own, "/usr/local/bin", "/usr/bin", "/bin")))


def to_uncover() -> list[str]:
    """Folders of this Python, and the examples, that a job's user could not reach; none where we
    are not root."""
    if os.geteuid() != 0:
        return []
    return sandbox.covered([sys.prefix, sys.base_prefix, str(EXAMPLES)])


def hides_processes() -> bool:
    """Whether jobs see no processes but those of their own tenant; says so where root cannot."""
    if os.geteuid() != 0:
        return False
    hidden = sandbox.processes_can_be_hidden()
    if not hidden:
        print(SEEN_BY_ALL, file=sys.stderr, flush=True)
    return hidden


def _passable(folder: Path) -> Path:
    folder = folder.absolute()
    with suppress(FileExistsError):
        folder.mkdir(mode=0o711, parents=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise WrongSettings(f"{folder} is somebody else's: name a folder by JOB_HOST_FOLDER.")
    folder.chmod(0o711)
    return folder


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1024 * 1024)


def _gpus() -> tuple[str, int, int]:
    """Product, memory of one in MB, how many; of a mixed machine those like the first."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "", 0, 0
    try:
        said = subprocess.run(  # noqa: S603
            [program, *QUERY], capture_output=True, text=True, timeout=20, check=True
        )
        rows = [line.rpartition(",") for line in said.stdout.splitlines() if "," in line]
        found = [(name.strip(), int(memory)) for name, _, memory in rows]
    except (OSError, subprocess.SubprocessError, ValueError):
        return "", 0, 0
    if not found:
        return "", 0, 0
    return (*found[0], sum(one == found[0] for one in found))
