"""Processes by what makes them unmistakable, and the end of whole families of them."""

import os
import signal
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


@cache
def boot() -> str:
    """Which start of the machine this is; empty where it does not say."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def identity(pid: int) -> dict | None:
    """What no other process will ever have; None for one that is gone or a zombie."""
    found = _stat(pid)
    if found is None or found[0] in "ZX":
        return None
    return {"pid": pid, "began": int(found[19]), "boot": boot()}


def is_alive(known: dict | None) -> bool:
    """Whether the process with this identity still runs."""
    return bool(known) and identity(known["pid"]) == known


def tell(known: dict | None, number: int) -> bool:
    """Send a signal to this very process; False when it is gone."""
    if not is_alive(known):
        return False
    with suppress(ProcessLookupError):
        os.kill(known["pid"], number)
        return True
    return False


def family(pid: int) -> list[int]:
    """Everything below a process, however far down, that still runs."""
    below: dict[int, list[int]] = {}
    for child in _all():
        if (found := _stat(child)) and found[0] not in "ZX":
            below.setdefault(int(found[1]), []).append(child)
    every, fresh = [], [pid]
    while fresh:
        fresh = [child for parent in fresh for child in below.get(parent, [])]
        every += fresh
    return every


def memory_of(pids: list[int]) -> int:
    """Bytes that these processes hold for themselves."""
    total = 0
    for pid in pids:
        with suppress(OSError, IndexError, ValueError):
            resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
            total += (int(resident) - int(shared)) * PAGE
    return total


def end_family(pid: int, within: float = 5.0) -> tuple[dict[int, int], bool]:
    """Kill all below a process that takes in orphans (a sub-reaper), and collect them.

    The caller is that process. Statuses of its own children by pid, and whether none is left.
    """
    give_up, ended = time.monotonic() + within, {}
    while True:
        left = family(pid)
        for child in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        ended |= collect()
        if not left or time.monotonic() > give_up:
            return ended, not left
        time.sleep(0.01)


def end_marked(mark: str, within: float = 3.0) -> None:
    """Kill what has this `NAME=value` in its environment: what a dead keeper left behind."""
    give_up = time.monotonic() + within
    while (left := _marked(mark.encode())) and time.monotonic() < give_up:
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _marked(mark: bytes) -> list[int]:
    found = []
    for pid in _all():
        with suppress(OSError):
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") and identity(pid):
                found.append(pid)
    return found


def collect() -> dict[int, int]:
    """Statuses of our children that have ended, by pid; never waits."""
    ended = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = status


def _all() -> list[int]:
    with suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return []


def _stat(pid: int) -> list[str] | None:
    """The fields of a process from its state on; None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()
