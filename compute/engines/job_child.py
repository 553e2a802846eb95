"""Turns a forked child into somebody's program: without rights, within limits, in its folder."""

import os
import resource
import signal
from typing import Any

from compute.engines import sandbox

OPEN_FILES = 4096
PROCESSES = 1024  # threads count, and all pods of a tenant share its user


def begin(spec: dict[str, Any], out: int, err: int, told: int) -> None:
    """Never returns. What goes wrong before the program begins is written to `told`."""
    try:
        _settle(spec, out, err)
        said = _become(spec["command"], spec["environment"])
    except Exception as wrong:  # noqa: BLE001
        said = f"It could not be started: {wrong}."
    os.write(told, said.encode())
    os._exit(127)


def _become(command: list[str], environment: dict[str, str]) -> str:
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606
    except (FileNotFoundError, NotADirectoryError):
        return f"There is no program {command[0]!r} here."
    except OSError as wrong:
        return f"{command[0]!r} cannot be run here: {wrong.strerror}."


def _settle(spec: dict[str, Any], out: int, err: int) -> None:
    parent = os.getppid()
    os.setsid()
    _plain_signals()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    os.umask(0o077)
    os.nice(spec["nice"])
    if spec["cores"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, spec["cores"])
    sandbox.limit(
        {
            resource.RLIMIT_DATA: spec["memory_mb"] * sandbox.MEGABYTE,
            resource.RLIMIT_NOFILE: OPEN_FILES,
            resource.RLIMIT_CORE: 0,
        }
    )
    if os.geteuid() == 0:
        sandbox.uncover(spec["uncover"], spec["staging"])
        if spec["hide"]:
            sandbox.hide_processes()
        sandbox.limit({resource.RLIMIT_NPROC: PROCESSES})
        sandbox.become(spec["user"])
    sandbox.refuse_root()
    sandbox.prctl(sandbox.PR_SET_NO_NEW_PRIVS, 1)
    sandbox.prctl(sandbox.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise sandbox.SandboxFailed("its keeper is gone")
    os.chdir(spec["scratch"])


def _plain_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and exec would keep that
