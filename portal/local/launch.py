"""Guards one program: runs it, and leaves nothing of it behind when it or its parent ends.

Run by path in an isolated interpreter (`python -I -S launch.py`), so it starts in milliseconds and
needs no package. It is the parent and, on Linux, the sub-reaper of the program: grandchildren
that leave their process group still end up here, and are ended here. SIGTERM asks the program to
stop and allows it PATIENCE seconds; SIGHUP ends it at once.

usage: launch.py PARENT STOP_SIGNAL PATIENCE -- PROGRAM [ARGUMENT...]
"""

import ctypes
import os
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LOOK_EVERY = 0.4
PATIENCE_OF_AN_ORPHAN = 3.5
ON_LINUX = sys.platform == "linux"


def main(arguments):
    """Run the program to its end; answer with its exit status, 128 + n when a signal ended it."""
    parent, stop_signal, patience = int(arguments[0]), int(arguments[1]), float(arguments[2])
    command = arguments[arguments.index("--") + 1 :]
    bell = _ring_on_signals()
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != parent:
        return 1
    child = os.fork()
    if child == 0:
        _become(command, stop_signal, os.getppid())
    try:
        status = _watch(child, parent, bell, stop_signal, patience)
    finally:
        _end_all(child)
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _prctl(option, value):
    if ON_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _become(command, stop_signal, guard):
    """Turn the forked child into the program; a dead guard takes it along."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    os.setpgid(0, 0)
    _prctl(PR_SET_PDEATHSIG, stop_signal)
    if os.getppid() != guard:
        os._exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as problem:
        os.write(2, f"{command[0]}: {problem.strerror}\n".encode())
        os._exit(127)


def _ring_on_signals():
    """A pipe that becomes readable with the number of every signal that arrives."""
    bell, rope = os.pipe()
    os.set_blocking(bell, False)
    os.set_blocking(rope, False)
    signal.set_wakeup_fd(rope, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return bell


def _watch(child, parent, bell, stop_signal, patience):
    """Wait for the program; ask it to stop when told to, or when the parent is gone."""
    deadline, killed = None, False
    while True:
        status = _reap(child)
        if status is not None:
            return status
        rung = _listen(bell)
        orphaned = os.getppid() != parent
        if deadline is None and (orphaned or rung & {signal.SIGTERM, signal.SIGINT}):
            deadline = time.monotonic() + (PATIENCE_OF_AN_ORPHAN if orphaned else patience)
            os.kill(child, stop_signal)
        elif signal.SIGHUP in rung:
            deadline = 0.0
        elif deadline is not None and orphaned:
            deadline = min(deadline, time.monotonic() + PATIENCE_OF_AN_ORPHAN)
        if deadline is not None and not killed and time.monotonic() > deadline:
            killed = True
            os.kill(child, signal.SIGKILL)


def _listen(bell):
    if select.select([bell], [], [], LOOK_EVERY)[0]:
        return set(os.read(bell, 256))
    return set()


def _reap(child):
    """Collect what has ended; the status of the program itself once it is among them."""
    status = None
    while True:
        try:
            pid, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == 0:
            return status
        if pid == child:
            status = ended


def _end_all(child):
    """Kill the program's group and every process that was left to us."""
    for _ in range(200):
        _kill(child, os.killpg)
        for pid in _children():
            _kill(pid, os.kill)
        _reap(child)
        if not _children():
            return
        time.sleep(0.02)


def _kill(pid, how):
    try:
        how(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _children():
    """Our direct children; those of a killed child follow, because we are the sub-reaper."""
    if not ON_LINUX:
        return []
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as listed:
            return [int(pid) for pid in listed.read().split()]
    except OSError:
        return _children_by_status()


def _children_by_status():
    """The same where the kernel keeps no list of children."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as line:
                parent = int(line.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            found.append(int(entry))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
