"""What programs on the job host get, what they are kept from, and what they print."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from compute.engines import job_machine, sandbox
from compute.engines.jobs import EndCause, EngineRefused, JobPhase, LogMark
from tests.engines.job_benches import new_order, until
from tests.engines.job_hosts import SECRET
from tests.engines.job_orders import (
    ENDED,
    alive,
    done,
    python,
    ready_to_save,
    seen_in,
    sh,
    started,
    text_of,
)

pytestmark = pytest.mark.xdist_group("jobs")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


# What a program gets


def test_the_environment_holds_what_was_ordered_and_no_secret(job_host):
    seen = done(job_host, sh("env; pwd", variables={"COLOUR": "blue green"}))
    lines = text_of(job_host, seen)
    names = {line.partition("=")[0] for line in lines}
    assert "COLOUR=blue green" in lines
    assert {"PATH", "HOME", "MLFLOW_TRACKING_URI", "MILLWRIGHT_CHECKPOINT"} <= names
    assert not [line for line in lines if SECRET in line or job_host.token in line]
    assert not names & {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "KEY_PEPPER", "JOB_HOST_TOKEN"}
    home = next(line for line in lines if line.startswith("HOME=")).removeprefix("HOME=")
    assert lines[-1] == home or home in lines


@as_root
def test_a_program_is_nobody_without_rights_and_another_for_each_tenant(job_host):
    script = "id -u; id -G; grep -E 'CapEff|NoNewPrivs' /proc/self/status; ulimit -c"
    first = text_of(job_host, done(job_host, sh(script)))
    second = text_of(job_host, done(job_host, sh(script, tenant="other")))
    assert first[0] == first[1] != "0"
    assert first[0] != second[0] != "0"
    assert [line.split() for line in first[2:4]] == [["CapEff:", "0" * 16], ["NoNewPrivs:", "1"]]
    assert first[4] == "0"


@as_root
def test_a_program_reaches_neither_our_files_nor_those_of_another_tenant(job_host):
    seen = done(
        job_host, sh('echo mine > "$MILLWRIGHT_CHECKPOINT/x"; echo "$MILLWRIGHT_CHECKPOINT"')
    )
    (folder,) = text_of(job_host, seen)
    assert Path(folder, "x").stat().st_mode & 0o077 == 0
    thief = f"cat {folder}/x; ls {folder}; ls {job_host.folder}/jobs; exit 0"
    said = "\n".join(text_of(job_host, done(job_host, sh(thief, tenant="thief"))))
    assert said.count("Permission denied") + said.count("cannot access") >= 3
    assert "mine" not in said


SEEN = "! command -v ps > /dev/null || ps -ef; cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'"


@as_root
def test_a_program_sees_no_process_but_those_of_its_tenant(job_host):
    order = started(job_host, sh("sleep 60; : marker-of-a-running-job"))
    seen_in(job_host, order.name, JobPhase.RUNNING)
    own = "\n".join(text_of(job_host, done(job_host, sh(SEEN))))
    assert "marker-of-a-running-job" in own
    told = text_of(job_host, done(job_host, sh(SEEN, tenant="spy")))
    assert not [line for line in told if "marker-of" in line or "job_host" in line]
    users = "id -u; for each in /proc/[0-9]*; do stat -c %u $each; done 2> /dev/null; exit 0"
    found = text_of(job_host, done(job_host, sh(users, tenant="spy")))
    assert len(found) > 1
    assert len(set(found)) == 1
    job_host.engine.stop(order.name)
    seen_in(job_host, order.name, JobPhase.STOPPED)


@as_root
def test_a_program_cannot_signal_that_of_another_tenant(job_host):
    order = started(job_host, sh("sleep 60"))
    pod = seen_in(job_host, order.name, JobPhase.RUNNING).pods[0].uid
    begun = job_host.attempts / order.name / pod / "begun.json"
    pid = json.loads(begun.read_text())["child"]
    code = f"import os\ntry: os.kill({pid}, 9)\nexcept PermissionError: print('refused')"
    assert text_of(job_host, done(job_host, python(code, tenant="thief"))) == ["refused"]
    assert alive(pid)
    job_host.engine.stop(order.name)
    seen_in(job_host, order.name, JobPhase.STOPPED)


def test_proc_still_tells_a_program_about_itself_and_the_machine(job_host):
    code = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '9'])\n"
        "parent = open(f'/proc/{child.pid}/stat').read().rpartition(')')[2].split()[1]\n"
        "print(os.readlink('/proc/self'), os.getpid(), parent)\n"
        "print(open('/proc/meminfo').readline()); print(os.listdir('/proc/self/fd')); child.kill()"
    )
    if sys.platform != "linux":
        pytest.skip("there is no /proc here")
    told = text_of(job_host, done(job_host, python(code)))
    assert len(set(told[0].split())) == 1
    assert [line for line in told if line.startswith("MemTotal")]


@as_root
def test_a_machine_that_cannot_hide_processes_says_so_at_the_start(monkeypatch, capfd):
    assert job_machine.hides_processes()
    monkeypatch.setattr(sandbox, "leave", lambda _: False)
    assert not job_machine.hides_processes()
    assert capfd.readouterr().err == f"{job_machine.SEEN_BY_ALL}\n"


def test_the_python_of_the_portal_works_in_a_job(job_host):
    code = "import sklearn, mlflow, os; print('fine', os.getcwd() == os.environ['HOME'])"
    seen = done(job_host, python(code, memory_mb=2000))
    assert (seen.phase, text_of(job_host, seen)[-1]) == (JobPhase.SUCCEEDED, "fine True"), seen


def test_a_checkpoint_outlives_attempts_and_a_named_one_is_shared_by_its_tenant(job_host):
    count = 'cd "$MILLWRIGHT_CHECKPOINT" && echo x >> runs && wc -l < runs'
    name = new_order().name.removesuffix("-1")
    for number in (1, 2):
        seen = done(job_host, sh(count, name=f"{name}-{number}"))
        assert text_of(job_host, seen) == [str(number)]
    for number, tenant in ((1, "lab"), (2, "lab"), (1, "other")):
        seen = done(job_host, sh(count, checkpoint="models/digits", tenant=tenant))
        assert text_of(job_host, seen) == [str(number)]


def test_steps_of_a_pipeline_share_a_folder(job_host):
    write = 'echo rows > "$MILLWRIGHT_PIPELINE_DIR/data.csv"'
    read = 'cat "$MILLWRIGHT_PIPELINE_DIR/data.csv"'
    for script, line, said in ((write, "one", []), (read, "one", ["rows"])):
        order = sh(script, variables={"MILLWRIGHT_PIPELINE_DIR": f"pipeline-{line}"})
        assert text_of(job_host, done(job_host, order)) == said
    other = sh(read, variables={"MILLWRIGHT_PIPELINE_DIR": "pipeline-two"})
    assert done(job_host, other).phase is JobPhase.FAILED


def test_the_paths_of_a_step_are_found_from_any_folder(job_host):
    told = {"MILLWRIGHT_PIPELINE_DIR": "pipeline-paths", "MILLWRIGHT_INPUTS": "",
            "MILLWRIGHT_OUTPUTS": "a.csv:models/b"}  # fmt: skip
    script = 'cd /; echo "$MILLWRIGHT_PIPELINE_DIR"; echo "$MILLWRIGHT_OUTPUTS"; '
    seen = done(job_host, sh(script + 'echo "=$MILLWRIGHT_INPUTS"', variables=told))
    folder, outputs, inputs = text_of(job_host, seen)
    assert folder.startswith("/") and inputs == "="
    assert outputs == f"{folder}/a.csv:{folder}/models/b"


def test_scratch_is_gone_when_a_program_has_ended(job_host):
    seen = done(job_host, sh('touch big; cd "$HOME" && pwd'))
    (folder,) = text_of(job_host, seen)
    until(lambda: not Path(folder).exists(), "the scratch folder to go")


def test_a_program_that_is_not_there_says_so(job_host):
    seen = done(job_host, new_order(command=("no-such-program",)))
    assert (seen.phase, seen.end, seen.exit_code) == (JobPhase.FAILED, EndCause.EXIT, 127)
    assert seen.words == "There is no program 'no-such-program' here."


# Limits


def test_too_much_memory_is_told_as_such(job_host):
    code = "held = []\nwhile True: held.append(bytearray(10_000_000))"
    seen = done(job_host, python(code, memory_mb=200))
    assert (seen.phase, seen.end) == (JobPhase.FAILED, EndCause.MEMORY)
    assert seen.words == "It needed more memory than the 200 MB it asked for."


def test_memory_is_counted_over_all_processes_of_a_pod(job_host):
    one = "x = bytearray(150_000_000)\nfor n in range(0, len(x), 4096): x[n] = 1\ntime.sleep(60)"
    code = (
        f"import subprocess, sys, time\nsource = 'import time\\n' + {one!r}\n"
        "all_ = [subprocess.Popen([sys.executable, '-c', source]) for _ in range(3)]\n"
        "[each.wait() for each in all_]"
    )
    seen = done(job_host, python(code, memory_mb=300))
    assert seen.end is EndCause.MEMORY


def test_a_time_limit_ends_grandchildren_that_hide_and_ignore_signals(job_host):
    hidden = "import os, signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {hidden!r}], start_new_session=True)\n"
        "print(child.pid, flush=True)\ntime.sleep(600)"
    )
    seen = done(job_host, python(code, time_limit_s=2))
    pid = int(text_of(job_host, seen)[0])
    assert (seen.end, seen.words) == (
        EndCause.TIME_LIMIT,
        "It ran longer than its limit of 2 seconds.",
    )
    assert not alive(pid)
    held = (seen.pods[0].ended_at - seen.pods[0].started_at).total_seconds()
    assert 2 <= held < 9


def test_what_a_program_left_behind_ends_with_it(job_host):
    seen = done(job_host, sh("setsid sleep 600 & echo $!; exit 0"))
    assert seen.phase is JobPhase.SUCCEEDED
    assert not alive(int(text_of(job_host, seen)[0]))


def test_a_stop_lets_a_program_save_what_it_has(job_host):
    save = "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    order = started(job_host, sh(save))
    seen_in(job_host, order.name, JobPhase.RUNNING)
    until(lambda: ready_to_save(job_host, order.name), "the program to be ready")
    job_host.engine.stop(order.name)
    seen = seen_in(job_host, order.name, *ENDED)
    assert (seen.phase, seen.end) == (JobPhase.STOPPED, EndCause.STOPPED)
    assert {"ready", "saved"} <= set(text_of(job_host, seen))


def test_metered_time_is_the_time_the_program_took(job_host):
    seen = done(
        job_host, python("import time; print(time.time()); time.sleep(1); print(time.time())")
    )
    first, last = (float(text) for text in text_of(job_host, seen))
    pod = seen.pods[0]
    assert pod.started_at.timestamp() <= first
    assert last <= pod.ended_at.timestamp()
    assert 1.0 <= (pod.ended_at - pod.started_at).total_seconds() < 4.0


# Logs


def test_a_burst_of_a_thousand_lines_arrives_whole_and_in_order(job_host):
    seen = done(job_host, python("for n in range(1000): print(n)"))
    assert text_of(job_host, seen) == [str(number) for number in range(1000)]


def test_both_streams_and_progress_bars_are_told_apart(job_host):
    code = (
        "import sys, time\nprint('out', flush=True); time.sleep(0.2)\n"
        "print('err', file=sys.stderr, flush=True); time.sleep(0.2)\n"
        "for n in range(3): print(f'\\r{n} of 2', end='', flush=True); time.sleep(0.7)\nprint()"
    )
    seen = done(job_host, python(code))
    following = job_host.engine.follow(seen.name, seen.pods[0].uid, LogMark(), lambda: False)
    pieces = [piece for some in following for piece in some]
    told = [(piece.stream, piece.redraw, piece.text) for piece in pieces]
    assert told[:2] == [("stdout", False, "out"), ("stderr", False, "err")]
    assert told[2:] == [
        ("stdout", False, "0 of 2"),
        ("stdout", True, "1 of 2"),
        ("stdout", True, "2 of 2"),
    ]


def test_a_line_is_read_soon_after_it_was_printed(job_host):
    code = "import time\nfor n in range(10): print(time.time(), flush=True); time.sleep(0.15)"
    order = started(job_host, python(code))
    pod = seen_in(job_host, order.name, JobPhase.RUNNING).pods[0].uid
    following = job_host.engine.follow(order.name, pod, LogMark(), lambda: False)
    late = [time.time() - float(piece.text) for pieces in following for piece in pieces]
    assert len(late) == 10
    assert sorted(late)[5] < 1.0


def test_a_log_is_private_and_gone_when_forgotten(job_host):
    seen = done(job_host, sh("echo hello"))
    log = job_host.attempts / seen.name / seen.pods[0].uid / "log"
    assert log.stat().st_mode & 0o777 == 0o600
    job_host.engine.forget(seen.name)
    assert not (job_host.attempts / seen.name).exists()
    with pytest.raises(EngineRefused):
        list(job_host.engine.follow(seen.name, seen.pods[0].uid, LogMark(), lambda: False))


def test_a_mark_that_is_none_is_refused(job_host):
    seen = done(job_host, sh("echo hello"))
    for wrong in ("1", "-5", "x", "99999999999999999999", "5000"):
        with pytest.raises(EngineRefused):
            list(
                job_host.engine.follow(seen.name, seen.pods[0].uid, LogMark(wrong), lambda: False)
            )
