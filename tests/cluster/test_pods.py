"""Pretended pods do as they are told: run, end, fail, print."""

import pytest

from portal.local.cluster.api import MERGE
from tests.cluster import things


@pytest.fixture
def run(control_plane, pretended_nodes, namespace, phase, eventually):
    """Start a pod and wait until it runs."""

    def start(name, **options):
        control_plane.api.create(things.pod(name, namespace, **options))
        eventually(lambda: phase(name) in ("Running", "Succeeded", "Failed"))
        return name

    return start


def ended(pod):
    return pod["status"]["containerStatuses"][0]["state"]["terminated"]


def test_a_pod_runs_until_it_is_told_to_end(
    run, control_plane, namespace, phase, look, eventually
):
    name = run("patient")
    path = f"/api/v1/namespaces/{namespace}/pods/{name}"
    assert phase(name) == "Running"
    told = {"metadata": {"annotations": things.annotations({"end": "now", "exit_code": "3"})}}
    control_plane.api.request("PATCH", path, told, kind=MERGE)
    eventually(lambda: phase(name) == "Failed")
    assert ended(look("pod", name))["exitCode"] == 3


def test_a_pod_ends_after_its_time(run, phase, look, eventually):
    name = run("short", run_for="1s")
    eventually(lambda: phase(name) == "Succeeded")
    assert ended(look("pod", name)) | {"startedAt": "", "finishedAt": ""} == {
        "exitCode": 0,
        "reason": "Completed",
        "startedAt": "",
        "finishedAt": "",
    }


def test_a_pod_fails_for_the_given_reason(run, phase, look, eventually):
    name = run("fat", run_for="0s", exit_code="137", reason="OOMKilled")
    eventually(lambda: phase(name) == "Failed")
    assert (ended(look("pod", name))["exitCode"], ended(look("pod", name))["reason"]) == (
        137,
        "OOMKilled",
    )


def test_variables_of_the_container_tell_it_too(run, phase, look, eventually):
    name = run("by-variables", env=[("SIM_RUN_FOR", "1s"), ("SIM_EXIT_CODE", "4")])
    eventually(lambda: phase(name) == "Failed")
    assert ended(look("pod", name))["exitCode"] == 4


def test_what_a_pod_prints_is_read_through_the_api(
    run, control_plane, own_plane, namespace, eventually
):
    name = run("talker")
    log = control_plane.pod_log(namespace, name)
    log.write("epoch 1", "epoch 2")
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
    eventually(lambda: control_plane.api.get(path)["text"] == "epoch 1\nepoch 2\n")
    assert control_plane.api.get(path, tailLines="1")["text"] == "epoch 2\n"


def test_a_deleted_pod_goes(run, control_plane, namespace, eventually):
    name = run("unwanted")
    pods = f"/api/v1/namespaces/{namespace}/pods"
    control_plane.api.request("DELETE", f"{pods}/{name}")
    eventually(lambda: not control_plane.api.get(pods)["items"])
