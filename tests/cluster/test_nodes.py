"""Nodes from an inventory: their GPUs, their labels, and what happens when they are lost."""

import pytest

from portal.local.cluster.api import MERGE
from portal.local.cluster.inventory import FakeNode, Group, Inventory, read_inventory
from portal.local.cluster.nodes import OURS, bring_nodes, listed, manifest
from tests.cluster import things


def test_the_inventory_appears_with_its_gpus_and_places(pretended_nodes):
    nodes = {node["metadata"]["name"]: node for node in pretended_nodes}
    assert len(nodes) == 10
    h100 = nodes["h100-80g-0001"]
    assert h100["status"]["allocatable"][things.GPU] == "8"
    labels = h100["metadata"]["labels"]
    assert labels[things.CARD] == "NVIDIA-H100-80GB-HBM3"
    assert labels["nvidia.com/gpu.memory"] == "81559"
    assert labels["topology.kubernetes.io/region"] == "eu-central"
    assert labels["millwright.topology/rack"] == "h100-80g-r0"
    assert nodes["t4-0000"]["metadata"]["labels"]["topology.kubernetes.io/region"] == "eu-west"


def test_the_same_inventory_again_changes_nothing(own_plane):
    before = {node["metadata"]["uid"] for node in listed(own_plane.api, labelSelector=OURS)}
    told = bring_nodes(own_plane.api, read_inventory("small"))
    assert told == {"made": 0, "removed": 0, "all": 10}
    assert {n["metadata"]["uid"] for n in listed(own_plane.api, labelSelector=OURS)} == before


def test_another_inventory_removes_what_it_does_not_have(own_plane):
    small = read_inventory("small")
    one_more = FakeNode("spare-0000", Group("spare", 1, 1000, 1024), block="b", rack="r")
    bring_nodes(own_plane.api, Inventory((*small.nodes, one_more), small.cards))
    assert bring_nodes(own_plane.api, small)["removed"] == 1


@pytest.fixture
def spare(own_plane):
    """A node of its own for a test that breaks it."""
    inventory = read_inventory("small")
    node = FakeNode("breaks", inventory.nodes[0].group, block="b", rack="r")
    thing = manifest(node, inventory.cards)
    del thing["metadata"]["labels"][OURS]
    own_plane.api.create(thing)
    yield "breaks"
    own_plane.api.request("DELETE", "/api/v1/nodes/breaks")


def ready(api, node):
    conditions = api.get(f"/api/v1/nodes/{node}")["status"].get("conditions", ())
    return {entry["type"]: entry["status"] for entry in conditions}.get("Ready")


def test_a_node_out_of_order_loses_its_pods(own_plane, namespace, spare, phase, look, eventually):
    api = own_plane.api
    there = {"kubernetes.io/hostname": spare}
    eventually(lambda: ready(api, spare) == "True")
    api.create(things.pod("victim", namespace, node=there))
    eventually(lambda: phase("victim") == "Running")
    broken = {"metadata": {"annotations": things.annotations({"state": "not-ready"})}}
    api.request("PATCH", f"/api/v1/nodes/{spare}", broken, kind=MERGE)
    eventually(lambda: ready(api, spare) == "False")
    pods = f"/api/v1/namespaces/{namespace}/pods"
    eventually(lambda: not api.get(pods)["items"], within=60)


def test_a_silent_node_is_noticed(own_plane, spare, eventually):
    api = own_plane.api
    eventually(lambda: ready(api, spare) == "True")
    silent = {"metadata": {"labels": {"kwok.x-k8s.io/node": "silent"}}}
    api.request("PATCH", f"/api/v1/nodes/{spare}", silent, kind=MERGE)
    eventually(lambda: ready(api, spare) == "Unknown", within=own_plane.grace_seconds * 3)
