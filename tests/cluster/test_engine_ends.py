"""How attempts end, what stays in sight of them until it is written down, and how they go."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from compute.engines.jobs import EndCause, EngineRefused, JobPhase, WaitCause
from portal.local.cluster.api import ApiError
from tests.cluster.job_stand import queue


@pytest.fixture
def stand(stand):
    stand.share(queue("vision", h100_80g=(16, 0)))
    return stand


@pytest.fixture
def path(stand):
    return f"/apis/batch/v1/namespaces/millwright-{stand.tenant('vision')}/jobs"


@pytest.fixture
def pods(stand, control_plane):
    """All pods of the tenant, as the cluster has them."""
    where = f"/api/v1/namespaces/millwright-{stand.tenant('vision')}/pods"
    return lambda: control_plane.api.get(where)["items"]


def ended(seen):
    return seen.ended


def test_a_job_that_finishes_has_the_times_of_its_pods(stand, pods):
    seen = stand.until(stand.start("fine", variables={"SIM_RUN_FOR": "1s"}), ended)
    assert (seen.phase, seen.end, seen.exit_code) == (JobPhase.SUCCEEDED, EndCause.COMPLETED, 0)
    told = pods()[0]["status"]["containerStatuses"][0]["state"]["terminated"]
    pod = seen.pods[0]
    assert f"{pod.started_at:%FT%TZ}" == told["startedAt"]
    assert f"{pod.ended_at:%FT%TZ}" == told["finishedAt"]
    assert seen.started_at == pod.started_at and seen.ended_at == pod.ended_at


@pytest.mark.parametrize(
    ("variables", "end", "code"),
    [({"SIM_EXIT_CODE": "3"}, EndCause.EXIT, 3), ({"SIM_EXIT_CODE": "137"}, EndCause.EXIT, 137)],
)
def test_a_failing_program_is_tried_once(stand, pods, variables, end, code):
    seen = stand.until(stand.start("bad", variables={"SIM_RUN_FOR": "0s", **variables}), ended)
    assert (seen.phase, seen.end, seen.exit_code) == (JobPhase.FAILED, end, code)
    assert (len(pods()), seen.words) == (1, "Its program ended with an error.")


def test_too_much_memory_is_told_as_such(stand, control_plane, pods):
    name = stand.runs("fat").name
    pod = pods()[0]["metadata"]
    told = {"end": "now", "exit-code": "137", "reason": "OOMKilled"}
    marks = {f"millwright.sim/{key}": value for key, value in told.items()}
    control_plane.api.request(
        "PATCH",
        f"/api/v1/namespaces/{pod['namespace']}/pods/{pod['name']}",
        {"metadata": {"annotations": marks}},
        kind="application/merge-patch+json",
    )
    seen = stand.until(name, ended)
    assert (seen.end, seen.exit_code, seen.pods[0].end) == (EndCause.MEMORY, 137, EndCause.MEMORY)


def test_time_is_limited_while_it_runs_and_not_while_it_waits(stand):
    first = stand.runs("first", nodes=2).name
    limited = stand.start("limited", time_limit_s=4)
    since = time.monotonic()
    stand.until(limited, lambda _: time.monotonic() - since > 5)
    assert stand.engine.look(limited).wait is WaitCause.QUOTA
    stand.engine.stop(first)
    stand.until(limited, JobPhase.RUNNING)
    seen = stand.until(limited, ended)
    assert (seen.phase, seen.end) == (JobPhase.FAILED, EndCause.TIME_LIMIT)
    assert seen.words == "It was ended because it ran to its time limit."
    assert 3 <= (seen.ended_at - seen.started_at).total_seconds() <= 7


def test_a_job_is_stopped_while_it_runs_and_while_it_waits(stand):
    running = stand.runs("running", nodes=2).name
    waiting = stand.waits("waiting").name
    for name in (waiting, running):
        stand.engine.stop(name)
        seen = stand.until(name, ended)
        assert (seen.phase, seen.end) == (JobPhase.STOPPED, EndCause.STOPPED)
        stand.engine.stop(name)
    assert [pod.end for pod in seen.pods] == [EndCause.STOPPED] * 2
    stand.engine.stop("never-ordered")


def test_a_job_is_stopped_in_the_moment_it_is_ordered(stand):
    name = stand.start("brief")
    stand.engine.stop(name)
    assert stand.until(name, ended).phase is JobPhase.STOPPED


def test_what_was_called_ended_stays_so_whenever_it_was_stopped(stand):
    """Kueue admits these while they are stopped, each a little later than the one before."""

    def stopped_after(pause: float) -> list[JobPhase]:
        name = stand.start(f"brief-{pause * 1000:.0f}")
        time.sleep(pause)
        stand.engine.stop(name)
        first = stand.until(name, ended)
        later = []
        for _ in range(8):
            later.append(stand.engine.look(name).phase)
            time.sleep(0.05)
        return [phase for phase in later if phase is not first.phase]

    with ThreadPoolExecutor(4) as threads:
        pauses = [step * 0.02 for step in range(16)]
        assert [*threads.map(stopped_after, pauses)] == [[]] * len(pauses)


def test_what_others_remove_is_noticed(stand, control_plane, path):
    name = stand.runs("victim").name
    control_plane.api.request("DELETE", f"{path}/{name}?propagationPolicy=Background")
    seen = stand.until(name, ended)
    assert (seen.phase, seen.end) == (JobPhase.FAILED, EndCause.GONE)
    assert (seen.pods[0].end, seen.uid) == (EndCause.GONE, f"uid-{name}")
    assert stand.engine.present()[name] == seen.uid


def test_an_image_that_cannot_be_had_is_said(stand):
    name = stand.start("typo", variables={"SIM_PULL": "fails"})
    seen = stand.until(name, lambda seen: seen.wait is WaitCause.IMAGE)
    assert (seen.phase, seen.wait.wrong) == (JobPhase.STARTING, True)
    assert "ImagePullBackOff" in seen.detail


def test_ended_pods_stay_until_they_are_released_and_hold_nothing(stand, pods):
    stand.engine.prioritise(stand.runs("low", nodes=2).name, "low")
    low = stand.ordered[-1]
    stand.runs("high", nodes=2, priority="high")
    seen = stand.engine.look(low)
    assert [pod.end for pod in seen.pods] == [EndCause.EVICTED] * 2
    stand.engine.stop(stand.ordered[-1])
    again = stand.until(low, JobPhase.RUNNING)
    assert (len(again.pods), again.started_at > seen.pods[0].started_at) == (4, True)
    stand.engine.release(low, [pod.uid for pod in seen.pods])
    left = stand.until(low, lambda seen: len(seen.pods) == 2)
    assert not {pod.uid for pod in left.pods} & {pod.uid for pod in seen.pods}
    stand.engine.release(low, [pod.uid for pod in left.pods])
    assert len(stand.engine.look(low).pods) == 2


def test_nothing_is_left_of_what_is_forgotten(stand, control_plane, path, pods):
    name = stand.runs("brief").name
    with pytest.raises(EngineRefused, match="stop it first"):
        stand.engine.forget(name)
    stand.engine.stop(name)
    stand.until(name, ended)
    stand.engine.forget(name)
    stand.until(name, JobPhase.ABSENT)
    assert not pods()
    with pytest.raises(ApiError, match="404"):
        control_plane.api.get(f"{path}/{name}")
    stand.engine.forget(name)


def test_the_same_order_again_is_one_job_and_another_is_refused(stand, control_plane, path):
    order = stand.order("twice")
    stand.ordered.append(order.name)
    assert {stand.engine.start(order).uid for _ in range(3)} == {order.uid}
    assert len(control_plane.api.get(path)["items"]) == 1
    other = type(order)(**{**order.__dict__, "uid": "another"})
    with pytest.raises(EngineRefused, match="taken by another order"):
        stand.engine.start(other)
