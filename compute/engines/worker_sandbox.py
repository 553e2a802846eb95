"""What a model worker gives up before it loads somebody else's model."""

import os
import resource
import signal
import sys

from compute.engines import sandbox
from compute.engines.sandbox import (
    CLONE_NEWNET,
    MEGABYTE,
    NOBODY,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    SandboxFailed,
    prctl,
)

OPEN_FILES = 512
PROCESSES = 1024  # threads count, and all workers of a machine share the one user
FILE_SIZE = 2 * 1024 * MEGABYTE


def die_with(parent: int) -> None:
    """End this process when its parent ends. Linux alone; elsewhere the lifeline does it."""
    if not prctl(PR_SET_PDEATHSIG, signal.SIGKILL):
        return
    if os.getppid() != parent:
        raise SandboxFailed("The model host ended before the worker began.")


def give_up_rights(memory_mb: int, parent: int) -> None:
    """Become nobody where we are root, without new rights, within limits.

    Raises SandboxFailed when the process would still be root.
    """
    if os.geteuid() == 0:
        _keep_imports_working()
        sandbox.become(NOBODY)
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    sandbox.refuse_root()
    # Changing the user cleared the death signal; nobody's other processes may not look inside.
    die_with(parent)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_DUMPABLE, 0)
    _limit(memory_mb)


def cut_network() -> bool:
    """Leave the network for good; False where that is not ours to do (not Linux, not root).

    A socket that is already open, such as the one the worker answers on, keeps working.
    """
    return sandbox.leave(CLONE_NEWNET)


def _limit(memory_mb: int) -> None:
    memory = memory_mb * MEGABYTE
    wanted = {
        resource.RLIMIT_DATA: memory,  # private memory; address space would count mapped files
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_FSIZE: FILE_SIZE,
        resource.RLIMIT_CORE: 0,
    }
    sandbox.limit(wanted)


def _keep_imports_working() -> None:
    """Replace paths that nobody cannot walk (a home of mode 700) by open folders.

    A folder that is open stays readable through /proc/self/fd whatever lies above it, so a
    module imported late is still found; what the files' own modes forbid stays forbidden.
    """
    known: dict[str, str] = {}
    for root in sorted({path for path in sys.path if path and os.path.isdir(path)}, key=len):
        if not sandbox.everybody_can_walk(root):
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
