"""A child process and its guard: how it ends, and what is left of it."""

import os
import signal
import subprocess
import sys

import pytest

from portal.local.processes import ChildProcess, plain_environment, rotate

DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)\n"
WITH_FAMILY = (
    "import subprocess, sys, time\n"
    f"deaf = {DEAF + 'time.sleep(600)'!r}\n"
    "subprocess.Popen([sys.executable, '-c', deaf], start_new_session=True)\n"
    "subprocess.Popen([sys.executable, '-c', deaf])\n"
)
STARTER = """
import pathlib, sys, time
from portal.local.processes import ChildProcess, plain_environment
log = pathlib.Path(sys.argv[1])
child = ChildProcess("family", [sys.executable, "-c", sys.argv[2]], log, plain_environment(), ".")
child.start()
time.sleep(600)
"""


@pytest.fixture
def child(tmp_path):
    """Makes children of python programs; ends those that a test left."""
    made = []

    def make(program, **options):
        command = [sys.executable, "-c", program]
        log = tmp_path / "log" / "child.log"
        made.append(ChildProcess("child", command, log, plain_environment(), tmp_path, **options))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.kill()


def heard(child, times=1):
    return lambda: child.log.read_text().count("deaf") >= times


@pytest.mark.parametrize(("ending", "status"), [("sys.exit(7)", 7), ("os.kill(0, 9)", 137)])
def test_its_status_is_told(child, eventually, ending, status):
    one = child(f"import os, sys; {ending}")
    eventually(lambda: not one.running)
    assert one.exit_code == status


def test_a_program_that_is_not_there_is_said_in_the_log(tmp_path, eventually):
    log = tmp_path / "child.log"
    one = ChildProcess("child", ["/no/such/program"], log, plain_environment(), tmp_path)
    one.start()
    eventually(lambda: not one.running)
    assert one.exit_code == 127
    assert one.last_words() == "/no/such/program: No such file or directory"


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("a\nb\n\n", "b"),
        ('{"event": "it broke", "level": "critical"}\n', "it broke"),
        ("ValueError: no\nLINE 1: SELECT x\n               ^\n", "ValueError: no"),
        ("", ""),
        ("5\n", "5"),
    ],
)
def test_last_words_are_the_line_that_tells(tmp_path, log, words):
    path = tmp_path / "child.log"
    path.write_text(log)
    assert ChildProcess("child", [], path, {}, tmp_path).last_words() == words


def test_the_polite_signal_comes_first(child, eventually):
    polite = "import signal, sys, time\nsignal.signal(2, lambda *_: sys.exit(3))\n"
    one = child(polite + "print('deaf', flush=True)\ntime.sleep(600)", stop_signal=signal.SIGINT)
    eventually(heard(one))
    one.stop()
    assert one.exit_code == 3


def test_a_deaf_program_ends_after_its_patience(child, eventually):
    one = child(DEAF + "time.sleep(600)", patience=0.5)
    eventually(heard(one))
    one.stop()
    assert one.exit_code == 137


def test_stopping_ends_grandchildren_in_other_sessions_too(child, eventually, family_of, alive):
    one = child(WITH_FAMILY + "time.sleep(600)")
    eventually(heard(one, 2))
    family = family_of(one.process.pid)
    assert len(family) == 3
    one.stop()
    assert not alive(family)


def test_an_end_by_itself_leaves_no_grandchild(child, eventually, family_of, alive):
    one = child(WITH_FAMILY + "time.sleep(2)")
    eventually(heard(one, 2))
    family = family_of(one.process.pid)
    eventually(lambda: not one.running)
    assert not alive(family)


def test_kill_9_of_the_parent_leaves_nothing_within_6_seconds(
    tmp_path, eventually, family_of, alive
):
    log = tmp_path / "family.log"
    command = [sys.executable, "-c", STARTER, str(log), WITH_FAMILY + DEAF + "time.sleep(600)"]
    parent = subprocess.Popen(command)
    eventually(lambda: log.exists() and log.read_text().count("deaf") == 3)
    family = family_of(parent.pid)
    assert len(family) == 4
    parent.kill()
    parent.wait()
    eventually(lambda: not alive(family), within=6)


def test_kill_9_of_the_guard_reaches_the_program(child, eventually, family_of, alive):
    one = child("import time; print('deaf', flush=True); time.sleep(600)")
    eventually(heard(one))
    family = family_of(one.process.pid)
    os.kill(one.process.pid, signal.SIGKILL)
    eventually(lambda: not alive(family), within=6)


def test_secrets_of_the_portal_are_not_handed_on(child, eventually, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "not-for-children")
    one = child("import os; print(sorted(os.environ)); print('deaf')")
    eventually(heard(one))
    assert "SECRET_KEY" not in one.log.read_text()
    assert "PATH" in one.log.read_text()


def test_logs_are_private_and_the_last_ones_are_kept(tmp_path):
    log = tmp_path / "child.log"
    for number in range(8):
        rotate(log)
        log.write_text(str(number))
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept["child.log"] == "7"
    assert [kept[f"child.log.{n}"] for n in range(1, 6)] == ["6", "5", "4", "3", "2"]
    assert len(kept) == 6


def test_a_new_log_is_for_its_owner_alone(child, eventually):
    one = child("print('deaf')")
    eventually(heard(one))
    assert one.log.stat().st_mode & 0o777 == 0o600
