"""Keeps one pod of a job: starts its program, writes down what it prints and how it ends.

It outlives the job host: a host that comes back finds the pod by the files that stand here, in
the folder of the pod. `claim.json` is whose pod it is, `begun.json` what was started and when,
`alive` is touched every second, `log` is what it printed, `end.json` how it ended.

Run as `python -S -E -m compute.engines.job_runner` with one JSON object on its input.
SIGTERM: stop it. SIGUSR1: the machine goes down. Both allow the program some seconds.
"""

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from compute.engines import job_child, job_processes
from compute.engines.host_files import write_durably, write_once
from compute.engines.job_lines import Lines
from compute.engines.job_log import LogWriter
from compute.engines.sandbox import MEGABYTE, PR_SET_CHILD_SUBREAPER, prctl

CHUNK = 64 * 1024
BREATH = 1.0  # seconds between two signs of life
NAP = 0.1
TAIL = 4096
SHUT_DOWN_GRACE = 6.0
REFUSED_MEMORY = (b"MemoryError", b"bad_alloc", b"Cannot allocate memory", b"ut of memory")


class Runner:
    """One pod, from its claim to its end."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.folder = Path(spec["folder"])
        self.child: int | None = None
        self.status: int | None = None
        self.cause = ""  # why we end it
        self.reason = ""
        self.deadline: float | None = None
        self.streams: dict[int, Lines] = {}
        self.tail = b""
        self.breathed = 0.0
        self.oom_before = _oom_kills()

    def run(self) -> int:
        """From claim to end."""
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        if not write_once(self.folder / "claim.json", job_processes.identity(os.getpid())):
            return 0  # a host has given this pod up meanwhile
        self.bell = self._ring_on_signals()
        self.log = LogWriter(self.folder / "log")
        problem = self._start()
        self.limit_at = time.monotonic() + self.spec["time_limit_s"]
        if not problem:
            self._attend()
        ended, gone = job_processes.end_family(os.getpid())
        self.status = ended.get(self.child, self.status)
        ended_at = time.time()
        self._drain()
        self.log.close()
        self._end(ended_at, problem, gone)
        return 0

    def _start(self) -> str:
        """Fork and exec; what went wrong, if anything did."""
        out, err, told = os.pipe(), os.pipe(), os.pipe()
        started_at = time.time()
        self.child = os.fork()
        if self.child == 0:
            job_child.begin(self.spec, out[1], err[1], told[1])
        for pair in (out, err, told):
            os.close(pair[1])
        with os.fdopen(told[0], "rb") as answer:
            problem = answer.read().decode()
        self.streams = {out[0]: Lines("stdout"), err[0]: Lines("stderr")}
        begun = {"at": started_at, "child": self.child}
        write_durably(self.folder / "begun.json", begun)
        return problem

    def _attend(self) -> None:
        """Until the program has ended, and all it started where it was asked to stop."""
        while not self._over():
            self._listen(NAP if self._is_restless() else BREATH / 2)
            now = time.time()
            for lines in self.streams.values():
                self._write(lines, lines.due(now))
            if now - self.breathed > BREATH:
                self.breathed = now
                self._breathe()
            self._keep_limits()
            self.status = job_processes.collect().get(self.child, self.status)

    def _over(self) -> bool:
        if self.deadline is not None:
            return time.monotonic() > self.deadline or not job_processes.family(os.getpid())
        return self.status is not None

    def _is_restless(self) -> bool:
        pending = any(lines.waits for lines in self.streams.values())
        return pending or self.deadline is not None or time.monotonic() > self.limit_at - 1

    def _listen(self, patience: float) -> None:
        ready = select.select([self.bell, *self.streams], [], [], patience)[0]
        for handle in ready:
            if handle == self.bell:
                self._heed(set(os.read(self.bell, 256)))
            else:
                self._take(handle)

    def _take(self, handle: int) -> bool:
        """Read once; False when nothing is there now, or never will be again."""
        try:
            data = os.read(handle, CHUNK)
        except BlockingIOError:
            return False
        now, lines = time.time(), self.streams[handle]
        if not data:
            self._write(lines, lines.close(now))
            del self.streams[handle]
            os.close(handle)
            return False
        self.tail = (self.tail + data)[-TAIL:]
        self._write(lines, lines.feed(data, now))
        return True

    def _drain(self) -> None:
        """All that is left in the pipes; whoever could write to them has ended."""
        for handle in list(self.streams):
            os.set_blocking(handle, False)
            while self._take(handle):
                continue
        for lines in self.streams.values():
            self._write(lines, lines.close(time.time()))

    def _write(self, lines: Lines, pieces: list) -> None:
        if pieces:
            self.log.write(pieces)
            for other in self.streams.values():
                if other is not lines:
                    other.leave_place()

    def _heed(self, rung: set[int]) -> None:
        if signal.SIGTERM in rung:
            self._ask_to_end("stopped", "It was stopped.", self.spec["grace"])
        elif signal.SIGUSR1 in rung:
            self._ask_to_end("node_lost", "The machine was shut down.", SHUT_DOWN_GRACE)

    def _ask_to_end(self, cause: str, reason: str, grace: float) -> None:
        if self.cause:
            return
        self.cause, self.reason = cause, reason
        self.deadline = time.monotonic() + grace
        for pid in job_processes.family(os.getpid()):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGTERM)

    def _keep_limits(self) -> None:
        if time.monotonic() >= self.limit_at:
            reason = f"It ran longer than its limit of {told_time(self.spec['time_limit_s'])}."
            self._ask_to_end("time_limit", reason, self.spec["grace"])

    def _breathe(self) -> None:
        """A sign of life, and a look at how much memory all of them take together."""
        (self.folder / "alive").touch(mode=0o600)
        held = job_processes.memory_of(job_processes.family(os.getpid()))
        if held > self.spec["memory_mb"] * MEGABYTE:
            self._ask_to_end("memory", self._too_much(), 0.0)

    def _too_much(self) -> str:
        return f"It needed more memory than the {self.spec['memory_mb']} MB it asked for."

    def _end(self, ended_at: float, problem: str, gone: bool) -> None:
        cause, code, reason = self._told(problem)
        if not gone:
            reason = f"{reason} A part of it could not be ended.".strip()
        end = {"at": ended_at, "end": cause, "exit_code": code, "reason": reason}
        write_durably(self.folder / "end.json", end)

    def _told(self, problem: str) -> tuple[str, int | None, str]:
        if problem:
            return "exit", 127, problem
        code = _code(self.status)
        if self.cause:
            return self.cause, code, self.reason
        if code == 0:
            return "completed", 0, ""
        if self._was_refused_memory(code):
            return "memory", code, self._too_much()
        if code is not None and os.WIFSIGNALED(self.status or 0):
            return "exit", code, f"It was ended by {signal.Signals(code - 128).name}."
        return "exit", code, f"It ended with status {code}."

    def _was_refused_memory(self, code: int | None) -> bool:
        """It said so itself, or the kernel killed something for it since we began."""
        killed = code == 128 + signal.SIGKILL and _oom_kills() > self.oom_before
        return killed or any(words in self.tail for words in REFUSED_MEMORY)

    def _ring_on_signals(self) -> int:
        bell, rope = os.pipe()
        os.set_blocking(bell, False)
        os.set_blocking(rope, False)
        signal.set_wakeup_fd(rope, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        return bell


def told_time(seconds: int) -> str:
    """A time limit as people say it."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{seconds} second{'s' if seconds > 1 else ''}"


def _code(status: int | None) -> int | None:
    if status is None:
        return None
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _oom_kills() -> int:
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def main() -> int:
    """Read what to do, do it."""
    os.umask(0o077)
    return Runner(json.loads(sys.stdin.read())).run()


if __name__ == "__main__":
    sys.exit(main())
