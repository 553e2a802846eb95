"""Machines that fail: the attempt ends with its node, and the next one is ours to order."""

import pytest

from compute.engines.jobs import EndCause, JobPhase
from portal.local.cluster.api import MERGE
from portal.local.cluster.inventory import FakeNode, Group, read_inventory
from portal.local.cluster.nodes import OURS, manifest
from tests.cluster import things
from tests.cluster.job_stand import CORES, queue


@pytest.fixture
def fragile(own_plane):
    """A node of its own, and a way to change it."""
    node = FakeNode("fragile", Group("fragile", 1, 4000, 2**13), block="b", rack="r")
    thing = manifest(node, read_inventory("small").cards)
    del thing["metadata"]["labels"][OURS]
    own_plane.api.create(thing)
    path = "/api/v1/nodes/fragile"
    yield lambda **meta: own_plane.api.request("PATCH", path, {"metadata": meta}, kind=MERGE)
    own_plane.api.request("DELETE", path)


@pytest.fixture
def job(fragile, stand):
    """Something that runs on the fragile node."""
    stand.share(queue("vision", cores=(4, 0)), flavours=(CORES,))
    return stand.runs("victim", flavours=("cores",), gpus=0).name


def lost(seen):
    assert (seen.phase, seen.end) == (JobPhase.FAILED, EndCause.NODE_LOST)
    assert seen.words == "The machine it ran on was lost."
    assert seen.pods[0].end is EndCause.NODE_LOST
    assert seen.pods[0].ended_at >= seen.pods[0].started_at


def test_a_machine_out_of_order_ends_the_attempt(stand, job, fragile):
    fragile(annotations=things.annotations({"state": "not-ready"}))
    lost(stand.until(job, lambda seen: seen.ended, within=90))
    node = next(one for one in stand.engine.nodes() if one.name == "fragile")
    assert (node.ready, node.open, node.holdings) == (False, False, ())


def test_a_silent_machine_is_given_up_and_its_pods_with_it(stand, job, fragile, control_plane):
    fragile(labels={"kwok.x-k8s.io/node": "silent"})
    lost(stand.until(job, lambda seen: seen.ended, within=240))
    stand.engine.forget(job)
    stand.until(job, JobPhase.ABSENT)
    where = f"/api/v1/namespaces/millwright-{stand.tenant('vision')}/pods"
    assert not control_plane.api.get(where)["items"]


def test_what_is_taken_away_before_it_has_a_machine_is_no_fault_of_its_program(
    stand, own_plane, eventually
):
    """The cluster counts such a pod among the failures of its Job."""
    own_plane.kill("scheduler")
    try:
        stand.share(queue("vision", cores=(4, 0)), flavours=(CORES,))
        name = stand.start("early", flavours=("cores",), gpus=0)
        where = f"/api/v1/namespaces/millwright-{stand.tenant('vision')}/pods"
        pods = eventually(lambda: own_plane.api.get(where)["items"])
        own_plane.api.request("DELETE", f"{where}/{pods[0]['metadata']['name']}")
        seen = stand.until(name, lambda seen: seen.ended, within=90)
    finally:
        own_plane.restart("scheduler")
    assert (seen.phase, seen.end) == (JobPhase.FAILED, EndCause.EVICTED)
    assert "backoff limit" in seen.detail
