"""Processor time of this process and of everything it started, read from the kernel."""

import os
from collections import Counter
from pathlib import Path

KNOWN = {"worker", "beat", "keep_jobs", "benchmarks.fleet"}
TICKS = os.sysconf("SC_CLK_TCK")


def spent_by(root: int | None = None) -> dict[str, float]:
    """Seconds of user and system time of `root` (this process) and its living descendants, by
    what they run."""
    found = dict(_read())
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in found.items():
        children.setdefault(parent, []).append(pid)
    waiting, total = [root or os.getpid()], Counter()
    while waiting:
        pid = waiting.pop()
        total[_name(pid)] += found.get(pid, (0, 0.0))[1]
        waiting += children.get(pid, [])
    return dict(total)


def _name(pid: int) -> str:
    """The program, and for Python what it was asked to do."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "ended"
    known = [word for word in words if word in KNOWN]
    program = Path(words[0].split(": ")[0].split(" ")[0]).name
    return known[-1] if known else program


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
