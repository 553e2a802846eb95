"""The job host under limits, hostile programs and orders, dead keepers and its own death."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from compute.engines.jobs import EndCause, EngineRefused, JobPhase, JobSighting, LogMark
from compute.engines.local_jobs import LocalJobs
from marketplace.engines.http_client import HttpClient
from tests.engines.conftest import ROOT, free_port
from tests.engines.job_benches import LocalBench, new_order, until
from tests.engines.job_hosts import SECRET

pytestmark = pytest.mark.xdist_group("jobs")
ENDED = {JobPhase.SUCCEEDED, JobPhase.FAILED, JobPhase.STOPPED}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def sh(script: str, **changes):
    """An order that runs a shell script."""
    return new_order(**{"command": ("sh", "-c", script), **changes})


def python(code: str, **changes):
    """An order that runs Python with all that the portal has installed."""
    return new_order(**{"command": ("python", "-c", code), "memory_mb": 512, **changes})


def started(host, order):
    host.engine.start(order)
    return order


def seen_in(host, name: str, *phases: JobPhase) -> JobSighting:
    def look():
        seen = host.engine.look(name)
        assert seen.phase in phases or seen.phase not in ENDED, seen
        return seen if seen.phase in phases else None

    return until(look, f"{name} to be {phases}")


def done(host, order) -> JobSighting:
    host.engine.start(order)
    return seen_in(host, order.name, *ENDED)


def text_of(host, seen: JobSighting, index: int = 0) -> list[str]:
    pod = [one for one in seen.pods if one.index == index][-1].uid
    following = host.engine.follow(seen.name, pod, LogMark(), lambda: False)
    return [piece.text for pieces in following for piece in pieces]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def keeper_of(host, seen: JobSighting) -> int:
    claim = host.attempts / seen.name / seen.pods[0].uid / "claim.json"
    return json.loads(claim.read_text())["pid"]


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


def ready_to_save(host, name: str) -> bool:
    pod = host.engine.look(name).pods[0].uid
    return (host.attempts / name / pod / "log").stat().st_size > 0


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


# Sharing the machine


def test_more_than_the_machine_has_is_refused_in_plain_words(job_host):
    for changes in ({"cpu": Decimal(5)}, {"memory_mb": 5000}, {"nodes": 5, "cpu": Decimal(1)}):
        with pytest.raises(EngineRefused, match="this machine has 4 cores and 4 GB for jobs"):
            job_host.engine.start(sh("true", **changes))
    with pytest.raises(EngineRefused, match="not divided"):
        job_host.engine.start(sh("true", gpus=Decimal("0.5")))


def test_the_machine_says_what_it_has_and_who_holds_it(job_host):
    order = started(job_host, sh("sleep 60"))
    seen_in(job_host, order.name, JobPhase.RUNNING)
    (node,) = job_host.engine.nodes()
    assert (node.cpu, node.memory_mb, node.gpus, node.product) == (Decimal(4), 4096, 0, "")
    held = [(one.job, one.tenant, one.gpus) for one in node.holdings]
    assert (order.name, "lab", Decimal("0.1")) in held
    job_host.engine.stop(order.name)
    seen_in(job_host, order.name, JobPhase.STOPPED)
    assert order.name not in [one.job for one in job_host.engine.nodes()[0].holdings]


def test_no_more_runs_at_once_than_fits_and_the_next_one_follows(job_host):
    orders = [started(job_host, sh("sleep 1", cpu=Decimal(2))) for _ in range(4)]
    spans = []
    for order in orders:
        pod = seen_in(job_host, order.name, JobPhase.SUCCEEDED).pods[0]
        spans.append((pod.started_at, pod.ended_at))
    for begun, _ in spans:
        assert sum(first <= begun < last for first, last in spans) <= 2


def test_ranks_are_told_and_one_that_fails_ends_all(job_host):
    told = 'echo "$MILLWRIGHT_RANK of $MILLWRIGHT_WORLD"'
    script = f"{told}; [ $MILLWRIGHT_RANK != 1 ] || exit 9; sleep 60"
    seen = done(job_host, sh(script, nodes=3))
    assert (seen.phase, seen.end, seen.exit_code) == (JobPhase.FAILED, EndCause.EXIT, 9)
    assert [text_of(job_host, seen, rank) for rank in range(3)] == [
        [f"{rank} of 3"] for rank in range(3)
    ]
    assert {pod.end for pod in seen.pods} == {EndCause.EXIT, EndCause.STOPPED}


# Death


def test_a_killed_host_loses_nothing_and_the_next_one_takes_it_up(new_job_host, steering):
    bench = LocalBench(new_job_host, steering)
    order = started(new_job_host, bench.order())
    before = bench.running(order.name)
    waiting = started(new_job_host, bench.order(cpu=Decimal(4)))
    bench.say(order.name, "before\n")
    new_job_host.stop(signal.SIGKILL)
    bench.say(order.name, "while nobody looked\n")
    time.sleep(0.5)
    new_job_host.start()
    after = new_job_host.engine.look(order.name)
    assert (after.phase, after.pods) == (JobPhase.RUNNING, before.pods)
    assert new_job_host.engine.look(waiting.name).phase is JobPhase.WAITING
    seen = bench.finish(order.name, 5)
    assert (seen.end, seen.exit_code) == (EndCause.EXIT, 5)
    assert text_of(new_job_host, seen) == ["before", "while nobody looked"]
    bench.running(waiting.name)
    assert bench.finish(waiting.name).phase is JobPhase.SUCCEEDED


def test_an_end_while_the_host_was_dead_has_its_own_time(new_job_host):
    order = started(new_job_host, sh("sleep 1; exit 4"))
    seen_in(new_job_host, order.name, JobPhase.RUNNING)
    new_job_host.stop(signal.SIGKILL)
    time.sleep(2.5)
    back = time.time()
    new_job_host.start()
    seen = new_job_host.engine.look(order.name)
    assert (seen.end, seen.exit_code) == (EndCause.EXIT, 4)
    assert seen.ended_at.timestamp() < back - 0.5


def test_what_died_with_its_host_is_told_as_a_lost_node_at_the_last_known_time(new_job_host):
    order = started(new_job_host, sh("sleep 600 & echo $!; wait"))
    running = seen_in(new_job_host, order.name, JobPhase.RUNNING)
    time.sleep(1.5)
    new_job_host.stop(signal.SIGKILL)
    killed = time.time()
    os.kill(keeper_of(new_job_host, running), signal.SIGKILL)
    time.sleep(1.5)
    new_job_host.start()
    seen = new_job_host.engine.look(order.name)
    assert (seen.phase, seen.end) == (JobPhase.FAILED, EndCause.NODE_LOST)
    assert -1.6 < seen.ended_at.timestamp() - killed < 0.5
    assert not alive(int(text_of(new_job_host, seen)[0]))


def test_a_killed_keeper_leaves_nothing_and_is_told_at_once(job_host):
    order = started(job_host, sh("setsid sleep 600 & echo $!; wait"))
    running = seen_in(job_host, order.name, JobPhase.RUNNING)
    until(lambda: ready_to_save(job_host, order.name), "the pid to be printed")
    os.kill(keeper_of(job_host, running), signal.SIGKILL)
    seen = seen_in(job_host, order.name, *ENDED)
    assert seen.end is EndCause.NODE_LOST
    assert not alive(int(text_of(job_host, seen)[0]))


def test_a_pod_that_was_written_down_but_never_begun_waits_again(new_job_host):
    order = started(new_job_host, sh("sleep 600"))
    running = seen_in(new_job_host, order.name, JobPhase.RUNNING)
    new_job_host.stop(signal.SIGKILL)
    os.kill(keeper_of(new_job_host, running), signal.SIGKILL)
    folder = new_job_host.attempts / order.name / running.pods[0].uid
    shutil.rmtree(folder)
    new_job_host.start()
    seen = seen_in(new_job_host, order.name, JobPhase.RUNNING)
    assert len(seen.pods) == 1
    assert seen.pods[0].uid != running.pods[0].uid


def test_an_orderly_stop_ends_jobs_as_lost_and_keeps_what_waits(new_job_host):
    order = started(new_job_host, sh("sleep 600", cpu=Decimal(4)))
    waiting = started(new_job_host, sh("echo hello"))
    seen_in(new_job_host, order.name, JobPhase.RUNNING)
    assert new_job_host.stop() == 0
    new_job_host.start()
    seen = new_job_host.engine.look(order.name)
    assert (seen.end, seen.words) == (EndCause.NODE_LOST, "The machine was shut down.")
    assert seen_in(new_job_host, waiting.name, *ENDED).phase is JobPhase.SUCCEEDED


def test_many_deaths_of_the_host_double_nothing(new_job_host, steering):
    marks = steering / "marks"
    marks.mkdir()
    marks.chmod(0o777)
    script = f"mktemp {marks}/$NUMBER.XXXXXX > /dev/null; sleep 1"
    orders = [
        sh(script, cpu=Decimal("0.5"), tenant=f"team{n % 3}", variables={"NUMBER": str(n)})
        for n in range(12)
    ]
    for number, order in enumerate(orders):
        started(new_job_host, order)
        if number % 3 == 2:
            new_job_host.stop(signal.SIGKILL)
            new_job_host.start()
            new_job_host.engine.start(order)
    for order in orders:
        assert seen_in(new_job_host, order.name, *ENDED).phase is JobPhase.SUCCEEDED
    runs = sorted(int(path.name.partition(".")[0]) for path in marks.iterdir())
    assert runs == list(range(12))


# The control interface


def test_it_wants_its_token(job_host):
    for token in ("", "wrong"):
        with pytest.raises(EngineRefused, match="bearer token"):
            LocalJobs(job_host.url, token).list()
        with pytest.raises(EngineRefused, match="bearer token"):
            next(LocalJobs(job_host.url, token).watch(lambda: False))
        assert LocalJobs(job_host.url, token).ready()


GOOD = {"uid": "u", "tenant": "lab", "image": "", "command": ["true"], "flavours": ["cpu"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"command": "true"},
        {"command": [1]},
        {"command": []},
        {"cpu": 1},
        {"cpu": "NaN"},
        {"cpu": "one"},
        {"gpus": "-1"},
        {"memory_mb": "128"},
        {"nodes": True},
        {"together": 1},
        {"variables": {"A": 1}},
        {"variables": []},
        {"user": "root"},
        {"name": "other"},
        {"uid": None},
    ],
)
def test_a_bad_order_gets_a_readable_400(job_host, changes):
    http = HttpClient(job_host.url, token=job_host.token)
    answer = http.send("PUT", "/jobs/wanted", json_body=GOOD | changes)
    assert answer.status == 400
    assert answer.json()["error"].endswith(".")
    assert job_host.engine.look("wanted").phase is JobPhase.ABSENT


def test_no_order_at_all_a_huge_one_and_an_odd_name_are_refused(job_host):
    http = HttpClient(job_host.url, token=job_host.token)
    assert http.send("PUT", "/jobs/x", json_body=[]).status == 400
    assert http.send("PUT", "/jobs/x", json_body={"uid": "u"}).status == 400
    assert http.send("PUT", "/jobs/x", json_body=GOOD | {"uid": "a" * 600_000}).status == 413
    assert http.send("PUT", "/jobs/..%2Fx", json_body=GOOD).status == 400
    for body in ([], {"weights": {"a": -1}, "priorities": {}, "flavours": {}}):
        assert http.send("PUT", "/fleet", json_body=body).status == 400


def test_the_same_order_at_once_from_many_sides_runs_once(job_host):
    order = sh("sleep 1")
    threads = [threading.Thread(target=job_host.engine.start, args=(order,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen_in(job_host, order.name, JobPhase.SUCCEEDED).pods) == 1


def test_a_running_job_is_not_forgotten(job_host):
    order = started(job_host, sh("sleep 60"))
    with pytest.raises(EngineRefused, match="has not ended"):
        job_host.engine.forget(order.name)
    job_host.engine.stop(order.name)
    seen_in(job_host, order.name, JobPhase.STOPPED)


def test_lines_to_a_host_that_dies_break_in_our_own_words(new_job_host):
    watching = new_job_host.engine.watch(lambda: False)
    assert next(watching) == ""
    new_job_host.stop(signal.SIGKILL)
    with pytest.raises(Exception, match="does not answer|ended the line") as told:
        list(watching)
    assert type(told.value).__name__ == "EngineUnavailable"


def test_what_is_written_down_is_private_and_holds_no_secret(job_host):
    seen = done(job_host, sh("true"))
    for path in (job_host.attempts / seen.name).rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
        if path.is_file():
            assert job_host.token not in path.read_text()
            assert SECRET not in path.read_text()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"JOB_HOST_URL": "http://0.0.0.0:18600"}, "JOB_HOST_URL"),
        ({"JOB_HOST_URL": ""}, "JOB_HOST_URL"),
        ({"JOB_HOST_TOKEN": "short"}, "JOB_HOST_TOKEN"),
        ({"JOB_HOST_CPU": "none"}, "JOB_HOST_CPU"),
        ({"JOB_HOST_MEMORY_MB": "-5"}, "JOB_HOST_MEMORY_MB"),
        ({"JOB_HOST_FOLDER": "/dev/null"}, "JOB_HOST_FOLDER"),
        ({}, "Another job host"),
    ],
)
def test_wrong_settings_stop_the_start_with_one_line(job_host, tmp_path, changes, words):
    own = {"JOB_HOST_URL": f"http://127.0.0.1:{free_port()}"}
    if changes:
        own["MILLWRIGHT_VAR"] = str(tmp_path)
    command = [sys.executable, "-m", "compute.engines.job_host"]
    ended = subprocess.run(
        command, cwd=ROOT, env=job_host.environment() | own | changes,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_an_order_of_another_uid_leaves_the_first_alone(job_host):
    order = started(job_host, sh("sleep 60"))
    with pytest.raises(EngineRefused, match="taken by another order"):
        job_host.engine.start(replace(order, uid="other"))
    job_host.engine.stop(order.name)
    assert seen_in(job_host, order.name, JobPhase.STOPPED).uid == order.uid
