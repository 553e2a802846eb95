"""What the tests of the cluster make: pods, jobs, queues with a quota."""

from portal.local.cluster.api import Api

GPU = "nvidia.com/gpu"
CARD = "nvidia.com/gpu.product"
SIM = "millwright.sim"


def pod(name: str, namespace: str, *, node: dict | None = None, env=(), **sim: str) -> dict:
    """A pod with one GPU; `sim` are its annotations, with dashes for underscores."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations(sim)},
        "spec": {
            "restartPolicy": "Never",
            "nodeSelector": node or {},
            "containers": [box(1, env)],
        },
    }


def job(name: str, namespace: str, *, queue: str, gpus: int, pods: int = 1, **sim: str) -> dict:
    """A job for a local queue of Kueue: `pods` pods at once, each with `gpus`."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"kueue.x-k8s.io/queue-name": queue},
        },
        "spec": {
            "parallelism": pods,
            "completions": pods,
            "backoffLimit": 0,
            "template": {
                "metadata": {"annotations": annotations(sim)},
                "spec": {"restartPolicy": "Never", "containers": [box(gpus)]},
            },
        },
    }


def box(gpus: int, env=()) -> dict:
    asked = {"cpu": "1", "memory": "1Gi", GPU: str(gpus)}
    return {
        "name": "main",
        "image": "registry.invalid/train:1",
        "env": [{"name": name, "value": value} for name, value in env],
        "resources": {"requests": asked, "limits": {GPU: str(gpus)}},
    }


def annotations(sim: dict[str, str]) -> dict[str, str]:
    return {f"{SIM}/{name.replace('_', '-')}": value for name, value in sim.items()}


def quota(api: Api, namespace: str, *, product: str, gpus: int) -> str:
    """A flavour for one GPU product, a cluster queue with so many, a local queue; its name."""
    kueue = "kueue.x-k8s.io/v1beta2"
    flavour = {
        "apiVersion": kueue,
        "kind": "ResourceFlavor",
        "metadata": {"name": namespace},
        "spec": {"nodeLabels": {CARD: product}},
    }
    amounts = {"cpu": "64", "memory": "512Gi", GPU: str(gpus)}
    offered = {
        "name": namespace,
        "resources": [{"name": name, "nominalQuota": much} for name, much in amounts.items()],
    }
    cluster_queue = {
        "apiVersion": kueue,
        "kind": "ClusterQueue",
        "metadata": {"name": namespace},
        "spec": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "resourceGroups": [{"coveredResources": list(amounts), "flavors": [offered]}],
        },
    }
    local_queue = {
        "apiVersion": kueue,
        "kind": "LocalQueue",
        "metadata": {"name": "gpus", "namespace": namespace},
        "spec": {"clusterQueue": namespace},
    }
    for thing in (flavour, cluster_queue, local_queue):
        api.apply(thing)
    return "gpus"


def conditions(thing: dict) -> dict[str, dict]:
    """By type, those that are true."""
    found = thing.get("status", {}).get("conditions", ())
    return {entry["type"]: entry for entry in found if entry["status"] == "True"}
