"""What a model worker gives up before it loads somebody else's model."""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress

NOBODY = 65534
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
MEGABYTE = 1024 * 1024
OPEN_FILES = 512
PROCESSES = 1024  # threads count, and all workers of a machine share the one user
FILE_SIZE = 2 * 1024 * MEGABYTE


class SandboxFailed(Exception):
    """The worker could not give up its rights; it must not load a model."""


def die_with(parent: int) -> None:
    """End this process when its parent ends. Linux alone; elsewhere the lifeline does it."""
    if not _prctl(PR_SET_PDEATHSIG, signal.SIGKILL):
        return
    if os.getppid() != parent:
        raise SandboxFailed("The model host ended before the worker began.")


def give_up_rights(memory_mb: int, parent: int) -> None:
    """Become nobody where we are root, without new rights, within limits.

    Raises SandboxFailed when the process would still be root.
    """
    if os.geteuid() == 0:
        _keep_imports_working()
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        except OSError as wrong:
            raise SandboxFailed(
                f"The worker could not become nobody: {wrong.strerror}."
            ) from wrong
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    if 0 in (*os.getresuid(), *os.getresgid()):
        raise SandboxFailed("The worker is still root.")
    # Changing the user cleared the death signal; nobody's other processes may not look inside.
    die_with(parent)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_DUMPABLE, 0)
    _limit(memory_mb)


def cut_network() -> bool:
    """Leave the network for good; False where that is not ours to do (not Linux, not root).

    A socket that is already open, such as the one the worker answers on, keeps working.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    return ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0


def _limit(memory_mb: int) -> None:
    memory = memory_mb * MEGABYTE
    wanted = {
        resource.RLIMIT_DATA: memory,  # private memory; address space would count mapped files
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_FSIZE: FILE_SIZE,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in wanted.items():
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(OSError, ValueError):  # macOS knows no limit on data
            resource.setrlimit(limit, (value, value))


def _keep_imports_working() -> None:
    """Replace paths that nobody cannot walk (a home of mode 700) by open folders.

    A folder that is open stays readable through /proc/self/fd whatever lies above it, so a
    module imported late is still found; what the files' own modes forbid stays forbidden.
    """
    known: dict[str, str] = {}
    for root in sorted({path for path in sys.path if path and os.path.isdir(path)}, key=len):
        if not _nobody_can_walk(root):
            known[root] = f"/proc/self/fd/{os.open(root, os.O_RDONLY | os.O_DIRECTORY)}"
    if not known:
        return
    sys.path[:] = [_moved(path, known) for path in sys.path]
    for module in list(sys.modules.values()):
        folders = getattr(module, "__path__", None)
        if isinstance(folders, list):
            folders[:] = [_moved(path, known) for path in folders]


def _moved(path: str, known: dict[str, str]) -> str:
    for root in sorted(known, key=len, reverse=True):
        if path == root or path.startswith(root + os.sep):
            return known[root] + path[len(root) :]
    return path


def _nobody_can_walk(path: str) -> bool:
    path = os.path.realpath(path)
    while True:
        if not os.stat(path).st_mode & 0o001:
            return False
        if path == os.path.dirname(path):
            return True
        path = os.path.dirname(path)


def _prctl(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise SandboxFailed(f"prctl({option}) failed: {os.strerror(ctypes.get_errno())}.")
    return True
