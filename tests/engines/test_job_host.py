"""The job host: how it shares the machine, deaths, and its control interface."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from compute.engines import job_log
from compute.engines.jobs import EndCause, EngineRefused, JobPhase
from compute.engines.local_jobs import LocalJobs
from marketplace.engines.http_client import HttpClient
from tests.engines.conftest import ROOT, free_port
from tests.engines.job_benches import LocalBench, until
from tests.engines.job_hosts import SECRET
from tests.engines.job_orders import (
    ENDED,
    alive,
    done,
    keeper_of,
    ready_to_save,
    seen_in,
    sh,
    started,
    text_of,
)

pytestmark = pytest.mark.xdist_group("jobs")


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


def test_an_order_that_cannot_be_read_is_moved_aside_and_the_others_go_on(new_job_host):
    broken, fine = (started(new_job_host, sh("echo $$; sleep 600")) for _ in range(2))
    seen_in(new_job_host, fine.name, JobPhase.RUNNING)
    running = seen_in(new_job_host, broken.name, JobPhase.RUNNING)
    until(lambda: ready_to_save(new_job_host, broken.name), "the pid to be printed")
    pod = new_job_host.attempts / broken.name / running.pods[0].uid
    ((_, (*_, pid)),) = job_log.read(pod / "log", 0)
    new_job_host.stop(signal.SIGKILL)
    (new_job_host.attempts / broken.name / "attempt.json").write_text("{half")
    new_job_host.start()
    assert list(new_job_host.engine.present()) == [fine.name]
    assert (new_job_host.folder / "jobs" / "broken" / broken.name).is_dir()
    assert not alive(int(pid))


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
            LocalJobs(job_host.url, token).present()
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
