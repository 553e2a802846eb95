"""Makes the nodes of an inventory in a cluster, and waits until pods can go there."""

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from portal.local.cluster.api import AT_ONCE, Api
from portal.local.cluster.inventory import Card, FakeNode, Inventory
from portal.local.errors import LocalError

NODES = "/api/v1/nodes"
OURS = "millwright.sim/inventory"
PAGE = 500
READY_WITHIN = 180.0


def bring_nodes(api: Api, inventory: Inventory) -> dict[str, int]:
    """Make what is missing, make again what changed, remove what is gone; how many of each."""
    wanted = {node.name: manifest(node, inventory.cards) for node in inventory.nodes}
    there = {
        node["metadata"]["name"]: node["metadata"]["labels"].get(OURS)
        for node in listed(api, labelSelector=OURS)
    }
    old = [
        name
        for name, digest in there.items()
        if name not in wanted or wanted[name]["metadata"]["labels"][OURS] != digest
    ]
    new = [name for name in wanted if name not in there or name in old]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda name: api.request("DELETE", f"{NODES}/{name}"), old))
        list(threads.map(lambda name: api.create(wanted[name]), new))
    wait_until_ready(api, set(wanted))
    return {"made": len(new), "removed": len(old), "all": len(wanted)}


def wait_until_ready(api: Api, names: set[str], within: float = READY_WITHIN) -> None:
    """Until every one of them is ready and nothing keeps pods away."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        open_ones = {node["metadata"]["name"] for node in listed(api) if _is_open(node)}
        if names <= open_ones:
            return
        time.sleep(0.2 if len(names) < 200 else 1)
    left = sorted(names - open_ones)
    raise LocalError(f"{len(left)} nodes are not ready after {within:.0f} s, such as {left[0]}.")


def listed(api: Api, **query: str) -> list[dict]:
    """All nodes, page by page."""
    nodes, more = [], {}
    while True:
        page = api.get(NODES, limit=str(PAGE), **query, **more)
        nodes += page["items"]
        if not page["metadata"].get("continue"):
            return nodes
        more = {"continue": page["metadata"]["continue"]}


def manifest(node: FakeNode, cards: dict[str, Card]) -> dict:
    """Labels as the GPU operator sets them; capacity stands in the status from the start."""
    group = node.group
    holds = {
        "cpu": f"{group.cpu_milli}m",
        "memory": f"{group.memory_mib}Mi",
        "pods": "250",
        "ephemeral-storage": "1Ti",
    }
    if group.gpus:
        holds["nvidia.com/gpu"] = str(group.gpus)
    digest = hashlib.sha256(json.dumps([asdict(node), holds]).encode()).hexdigest()[:16]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name,
            "labels": _place_labels(node) | _card_labels(node, cards) | {OURS: digest},
        },
        "status": {"capacity": holds, "allocatable": holds},
    }


def _place_labels(node: FakeNode) -> dict[str, str]:
    return {
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "kwok.x-k8s.io/node": "fake",
        "topology.kubernetes.io/region": node.group.region,
        "topology.kubernetes.io/zone": f"{node.group.region}-a",
        "millwright.topology/block": node.block,
        "millwright.topology/rack": node.rack,
    }


def _card_labels(node: FakeNode, cards: dict[str, Card]) -> dict[str, str]:
    group = node.group
    if not group.gpus:
        return {}
    card = cards.get(group.card) or Card(product=group.card)
    labels = {"nvidia.com/gpu.count": str(group.gpus), "nvidia.com/gpu.product": card.product}
    if card.memory_mib:
        labels["nvidia.com/gpu.memory"] = str(card.memory_mib)
    if card.family:
        labels["nvidia.com/gpu.family"] = card.family
    return labels | {"millwright.sim/card": group.card}


def _is_open(node: dict) -> bool:
    ready = any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in node["status"].get("conditions", ())
    )
    return ready and not node["spec"].get("taints")
