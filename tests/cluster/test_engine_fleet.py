"""Hardware and its sharing: seen as it is, applied as ordered, healed where somebody meddled."""

from decimal import Decimal

import pytest

from compute.engines.fleet import EngineRefused, FleetOrder
from compute.engines.jobs import JobPhase
from portal.local.cluster.api import MERGE, ApiError
from tests.cluster.job_stand import FLAVOURS, queue

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"


@pytest.fixture
def home(stand):
    return f"millwright-{stand.tenant('vision')}"


def test_machines_are_seen_with_their_hardware_place_and_holdings(stand):
    stand.share(queue("vision", h100_80g=(8,)))
    seen = stand.runs("train", gpus=3)
    nodes = {node.name: node for node in stand.engine.nodes()}
    node = nodes[seen.pods[0].node]
    assert (node.product, node.gpus, node.parts) == ("NVIDIA-H100-80GB-HBM3", 8, 1)
    assert (node.gpu_memory_mb, node.cpu, node.memory_mb) == (81559, Decimal(192), 2097152)
    assert (node.region, node.rack, node.ready, node.open) == (
        "eu-central",
        "h100-80g-r0",
        True,
        True,
    )
    held = [(h.job, h.tenant, h.gpus) for h in node.holdings if h.job == seen.name]
    assert held == [(seen.name, stand.tenant("vision"), Decimal(3))]
    assert stand.engine.version().startswith("Kubernetes v1.36.4, Kueue v1beta2")


def test_a_machine_that_is_kept_free_is_not_open(stand, control_plane):
    path = "/api/v1/nodes/l40s-0001"
    control_plane.api.request("PATCH", path, {"spec": {"unschedulable": True}}, kind=MERGE)
    try:
        node = next(one for one in stand.engine.nodes() if one.name == "l40s-0001")
        assert (node.ready, node.open) == (True, False)
    finally:
        control_plane.api.request("PATCH", path, {"spec": {"unschedulable": None}}, kind=MERGE)


def test_what_is_applied_is_as_ordered_and_twice_is_once(stand):
    order = stand.share(queue("vision", 3, h100_80g=(8, 4, 2), t4=("0.5",)))
    assert stand.engine.drift(order) == ()
    stand.engine.apply(order)
    assert stand.engine.drift(order) == ()


def test_what_somebody_changed_is_shown_and_healed(stand, control_plane, home):
    order = stand.share(queue("vision", h100_80g=(8, 4)))
    queue_path = f"{KUEUE}/clusterqueues/{home}"
    meddled = control_plane.api.get(queue_path)
    meddled["spec"]["resourceGroups"][0]["flavors"][0]["resources"][2]["nominalQuota"] = "64"
    control_plane.api.request("PUT", queue_path, meddled)
    space = f"/api/v1/namespaces/{home}"
    level = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
    control_plane.api.request("PATCH", space, level, kind=MERGE)
    walls = f"/apis/networking.k8s.io/v1/namespaces/{home}/networkpolicies/nothing"
    control_plane.api.request("DELETE", walls)
    told = {(drift.thing, drift.wanted, drift.found) for drift in stand.engine.drift(order)}
    assert told == {
        (f"ClusterQueue {home}", "8", "64"),
        (f"Namespace {home}", "restricted", "privileged"),
        (f"NetworkPolicy nothing in {home}", "there", "missing"),
    }
    stand.engine.apply(order)
    assert stand.engine.drift(order) == ()


def test_priorities_change_their_values(stand):
    changed = {"low": 7, "normal": 70, "high": 700, "urgent": 7000}
    stand.share(queue("vision", h100_80g=(8,)))
    order = stand.share(queue("vision", h100_80g=(8,)), priorities=changed)
    assert stand.engine.drift(order) == ()


def test_what_is_ordered_no_more_goes_unless_jobs_are_left(stand, control_plane, home, eventually):
    stand.share(queue("vision", h100_80g=(8,)), queue("claims", h100_80g=(8,)))
    name = stand.runs("last").name
    stand.engine.apply(FleetOrder(FLAVOURS[:2], ()))
    left = {
        one["metadata"]["name"] for one in control_plane.api.get(f"{KUEUE}/clusterqueues")["items"]
    }
    assert home in left and f"millwright-{stand.tenant('claims')}" not in left
    assert stand.engine.look(name).phase is JobPhase.RUNNING
    stand.engine.stop(name)
    stand.until(name, lambda seen: seen.ended)
    stand.engine.forget(name)
    stand.until(name, JobPhase.ABSENT)

    def gone():
        stand.engine.apply(FleetOrder((), ()))
        return stand.engine.drift(FleetOrder((), ())) == ()

    eventually(gone)
    with pytest.raises(ApiError, match="404"):
        control_plane.api.get(f"{KUEUE}/clusterqueues/{home}")


def test_a_priority_that_nobody_ordered_is_refused(stand):
    stand.share(queue("vision", h100_80g=(8,)))
    with pytest.raises(EngineRefused, match="no priority 'divine'"):
        stand.engine.start(stand.order("vain", priority="divine"))
