"""Kueue decides: what has quota runs, what has none waits, and says why."""

import pytest

from portal.local.cluster.api import ApiError
from tests.cluster import things

H100 = "NVIDIA-H100-80GB-HBM3"


@pytest.fixture
def queue(control_plane, pretended_nodes, namespace):
    """A queue with eight H100."""
    api = control_plane.api
    yield things.quota(api, namespace, product=H100, gpus=8)
    for kind in ("clusterqueues", "resourceflavors"):
        api.request("DELETE", f"/apis/kueue.x-k8s.io/v1beta2/{kind}/{namespace}")


@pytest.fixture
def submit(control_plane, namespace, queue):
    def send(name, **options):
        control_plane.api.create(things.job(name, namespace, queue=queue, **options))

    return send


@pytest.fixture
def waiting(control_plane, namespace):
    """Names of the workloads that wait in the queue, in their order."""
    group = "/apis/visibility.kueue.x-k8s.io/v1beta2"
    path = f"{group}/namespaces/{namespace}/localqueues/gpus/pendingworkloads"
    return lambda: [item["metadata"]["name"] for item in control_plane.api.get(path)["items"]]


def test_an_admitted_job_runs_on_the_right_node_to_its_end(
    submit, control_plane, namespace, look, eventually
):
    submit("train", gpus=4, run_for="1s")
    eventually(lambda: "Complete" in things.conditions(look("job", "train")), within=60)
    pods = control_plane.api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    assert [pod["spec"]["nodeName"][:8] for pod in pods] == ["h100-80g"]


def test_a_job_without_quota_waits_and_then_runs(submit, look, waiting, eventually):
    submit("first", gpus=8, run_for="3s")
    eventually(lambda: look("job", "first")["status"].get("active") == 1)
    submit("second", gpus=8, run_for="1s")
    assert eventually(waiting)[0].startswith("job-second-")
    assert look("job", "second")["spec"]["suspend"] is True
    eventually(lambda: "Complete" in things.conditions(look("job", "second")), within=60)


def test_a_job_larger_than_the_quota_never_starts_and_says_why(
    submit, control_plane, namespace, look, eventually
):
    submit("huge", gpus=8, pods=2)
    path = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{namespace}/workloads"

    def reason():
        workloads = control_plane.api.get(path)["items"]
        entries = [e for one in workloads for e in one.get("status", {}).get("conditions", ())]
        return [e["message"] for e in entries if e["type"] == "QuotaReserved"]

    assert "nvidia.com/gpu" in eventually(reason)[0]
    assert not look("job", "huge")["status"].get("active")


def test_a_failing_job_is_tried_once(submit, look, eventually):
    submit("broken", gpus=1, run_for="0s", exit_code="2")
    eventually(lambda: "Failed" in things.conditions(look("job", "broken")), within=60)
    assert look("job", "broken")["status"]["failed"] == 1


def test_the_webhook_refuses_what_makes_no_sense(submit, control_plane, namespace):
    nonsense = {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "ClusterQueue",
        "metadata": {"name": f"{namespace}-bad"},
        "spec": {"cohortName": "../up", "resourceGroups": []},
    }
    with pytest.raises(ApiError) as refused:
        control_plane.api.create(nonsense)
    assert refused.value.status in (400, 403, 422)
