"""Processor time of this process and of everything it started, read from the kernel."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def spent(root: int | None = None) -> float:
    """Seconds of user and system time of `root` (this process) and its living descendants."""
    found = dict(_read())
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in found.items():
        children.setdefault(parent, []).append(pid)
    waiting, total = [root or os.getpid()], 0.0
    while waiting:
        pid = waiting.pop()
        total += found.get(pid, (0, 0.0))[1]
        waiting += children.get(pid, [])
    return total


def _read():
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue  # it ended meanwhile
        fields = text.rpartition(")")[2].split()
        yield int(folder.name), (int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS)
