"""What programs that are not ours give up before they begin. Standard library alone."""

import ctypes
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

NOBODY = 65534
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWNET = 0x40000000
CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x2, 0x4, 0x8
MEGABYTE = 1024 * 1024


class SandboxFailed(Exception):
    """The program could not give up its rights; it must not begin."""


def prctl(option: int, value: int) -> bool:
    """False where there is no such thing; SandboxFailed where it is refused."""
    if sys.platform != "linux":
        return False
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise SandboxFailed(f"prctl({option}) failed: {os.strerror(ctypes.get_errno())}.")
    return True


def become(user: int) -> None:
    """Be this user for good, without groups. Needs root; SandboxFailed where it does not work."""
    try:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except OSError as wrong:
        raise SandboxFailed(f"Could not become user {user}: {wrong.strerror}.") from wrong
    refuse_root()


def refuse_root() -> None:
    """SandboxFailed while any of our ids is root's."""
    if 0 in (*os.getresuid(), *os.getresgid()):
        raise SandboxFailed("The program is still root.")


def limit(wanted: dict[int, int]) -> None:
    """Set these limits (of `resource`), never above what we have ourselves."""
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(OSError, ValueError):  # macOS knows no limit on data
            resource.setrlimit(which, (value, value))


def everybody_can_walk(path: str | Path) -> bool:
    """Whether a user without rights gets as far as this folder."""
    path = os.path.realpath(path)
    while True:
        if not os.stat(path).st_mode & 0o001:
            return False
        if path == os.path.dirname(path):
            return True
        path = os.path.dirname(path)


def leave(part: int) -> bool:
    """Leave the network or the mounts of the machine; False where that is not ours to do."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    return ctypes.CDLL(None, use_errno=True).unshare(part) == 0


def uncover(folders: list[str], staging: str) -> bool:
    """Let everybody reach these folders though they are in a private one, and nothing beside them.

    For this process and its children alone: what hides them is replaced by empty folders that
    hold only them. False where the machine does not let us.
    """
    if not folders or not leave(CLONE_NEWNS):
        return not folders
    before = os.umask(0o022)
    try:
        os.makedirs(staging, mode=0o700)
        _mount("none", "/", None, MS_REC | MS_PRIVATE)
        for number, folder in enumerate(folders):
            stage = os.path.join(staging, str(number))
            os.makedirs(stage, mode=0o700)
            _mount(folder, stage, None, MS_BIND | MS_REC)
        for closed in sorted({_closed_above(folder) for folder in folders}):
            _mount("none", closed, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k")
        for number, folder in enumerate(folders):
            os.makedirs(folder, mode=0o755, exist_ok=True)
            _mount(os.path.join(staging, str(number)), folder, None, MS_BIND | MS_REC)
    except OSError:
        return False
    finally:
        os.umask(before)
    return True


def hide_processes() -> None:
    """Let this process and its children see the processes of their own user alone.

    Needs root, and Linux 5.8: an earlier one knows no `invisible`, and the number that it knows
    would change /proc for the whole machine. SandboxFailed where it does not work.
    """
    if not leave(CLONE_NEWNS):
        raise SandboxFailed("the machine does not let it have mounts of its own")
    try:
        _mount("none", "/", None, MS_REC | MS_PRIVATE)
        flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
        _mount("proc", "/proc", "proc", flags, "hidepid=invisible")
    except OSError as wrong:
        raise SandboxFailed(f"it could not get a /proc of its own ({wrong.strerror})") from wrong


def processes_can_be_hidden() -> bool:
    """Whether `hide_processes` works on this machine; tried by a child that ends at once."""
    child = os.fork()
    if child == 0:
        try:
            hide_processes()
            os._exit(0)
        except BaseException:  # noqa: BLE001
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def covered(folders: list[str]) -> list[str]:
    """Those of the folders, as named and as they really are, that not everybody can reach."""
    every = {name for folder in folders for name in (folder, os.path.realpath(folder))}
    return sorted(folder for folder in every if _closed_above(folder))


def _closed_above(folder: str) -> str:
    """The highest folder above this one that not everybody can walk; empty where all can be."""
    parts = Path(folder).parts
    paths = [os.path.join(*parts[:n]) for n in range(1, len(parts) + 1)]
    return next((path for path in paths if not os.stat(path).st_mode & 0o001), "")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    texts = [None if text is None else text.encode() for text in (source, target, kind)]
    if libc.mount(*texts, ctypes.c_ulong(flags), data.encode() or None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)
