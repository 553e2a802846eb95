"""An order as the one Kubernetes Job that it becomes."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from compute.engines import kueue_names as names
from compute.engines.jobs import EngineRefused, JobOrder

LOST_AFTER = 30  # seconds until the pods of a node that does not answer are given up
GRACE = 30  # seconds a process has to end when it is asked to
RUNS_AS = 1000


@dataclass(frozen=True)
class Kind:
    """A flavour as the cluster knows it: whose GPUs, where, in how many parts, and if its racks
    are known."""

    name: str
    product: str = ""
    region: str = ""
    parts: int = 1
    racks: bool = False

    @property
    def resource(self) -> str:
        return names.SHARED_GPU if self.parts > 1 else names.GPU


def job(order: JobOrder, kinds: Iterable[Kind]) -> dict:
    """The Job. Suspended, so that nothing runs before its queue says so.

    One attempt runs once: what fails ends it, and so does a node that is lost; the next attempt
    is ours to order. Waiting does not count against its time limit.
    """
    kinds = _alike(order, tuple(kinds))
    marks = {names.ATTEMPT: order.name, names.TENANT: order.tenant, names.UID: order.uid}
    if order.region:
        marks[names.BOUND_TO] = order.region
    queue = {
        names.QUEUE: names.LOCAL_QUEUE,
        names.PRIORITY: names.class_of(order.priority),
        names.MANAGED: "millwright",
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": order.name,
            "namespace": names.namespace_of(order.tenant),
            "labels": marks | queue,
            "annotations": {"millwright.job/flavours": ",".join(kind.name for kind in kinds)},
        },
        "spec": _once(order) | {"template": _template(order, kinds, marks)},
    }


def _once(order: JobOrder) -> dict:
    """How often and how long: all nodes at once, one try, so many seconds from its start."""
    lost = {"type": "DisruptionTarget", "status": "True"}
    return {
        "suspend": True,
        "parallelism": order.nodes,
        "completions": order.nodes,
        "completionMode": "Indexed" if order.nodes > 1 else "NonIndexed",
        "backoffLimit": 0,
        "activeDeadlineSeconds": order.time_limit_s,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": [{"action": "FailJob", "onPodConditions": [lost]}]},
    }


def _template(order: JobOrder, kinds: tuple[Kind, ...], marks: dict[str, str]) -> dict:
    meta = {"labels": marks, "annotations": _placing(order, kinds), "finalizers": [names.SEEN]}
    return {"metadata": meta, "spec": _pod(order, kinds)}


def pieces(order: JobOrder, kind: Kind) -> int:
    """How many of the flavour's resource one node of the order takes."""
    return int((order.gpus * kind.parts).to_integral_value(ROUND_CEILING))


def _alike(order: JobOrder, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    """Those that can be asked for in one way: a Job names one resource in one amount."""
    if order.gpus == 0:
        return kinds
    whole = order.gpus == order.gpus.to_integral_value()
    fitting = [kind for kind in kinds if kind.product and (whole or kind.parts > 1)]
    if order.together and any(kind.racks for kind in fitting):
        fitting = [kind for kind in fitting if kind.racks]
    if not fitting:
        raise EngineRefused("No hardware that fits gives parts of a GPU.")
    return tuple(kind for kind in fitting if kind.parts == fitting[0].parts)


def _placing(order: JobOrder, kinds: tuple[Kind, ...]) -> dict[str, str]:
    """Hardware with GPUs is given out node by node, all of an order's nodes or none."""
    if not all(kind.product for kind in kinds):
        return {}
    if order.together and kinds[0].racks:
        return {names.IN_ONE: names.RACK}
    return {names.ANYWHERE: "true"}


def _pod(order: JobOrder, kinds: tuple[Kind, ...]) -> dict:
    return {
        "restartPolicy": "Never",
        "serviceAccountName": names.ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": RUNS_AS,
            "runAsGroup": RUNS_AS,
            "fsGroup": RUNS_AS,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "affinity": {"nodeAffinity": _affinity(order, kinds)},
        "tolerations": [_lost("not-ready"), _lost("unreachable"), *_of_gpus(kinds)],
        "containers": [_box(order, kinds)],
    }


def _affinity(order: JobOrder, kinds: tuple[Kind, ...]) -> dict:
    """One term for each kind of hardware; kinds of other regions than the order's fall away."""
    bound = [kind for kind in kinds if not order.region or kind.region in ("", order.region)]
    terms = []
    for kind in bound or kinds:
        term = _is_of(kind, order.region or kind.region)
        if term not in terms:
            terms.append(term)
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}


def _is_of(kind: Kind, region: str) -> dict:
    wanted = [{"key": names.PRODUCT, "operator": "DoesNotExist"}]
    if kind.product:
        wanted = [{"key": names.PRODUCT, "operator": "In", "values": [kind.product]}]
    if region:
        wanted.append({"key": names.REGION, "operator": "In", "values": [region]})
    return {"matchExpressions": wanted}


def _lost(state: str) -> dict:
    return {
        "key": f"node.kubernetes.io/{state}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": LOST_AFTER,
    }


def _of_gpus(kinds: tuple[Kind, ...]) -> list[dict]:
    """Nodes with GPUs are often kept free of everything that takes none."""
    if not any(kind.product for kind in kinds):
        return []
    return [{"key": names.GPU, "operator": "Exists", "effect": "NoSchedule"}]


def _told(order: JobOrder) -> list[dict]:
    """What the program is told: its place among the nodes of its job, and what was ordered."""
    rank = {"value": "0"}
    if order.nodes > 1:
        path = "metadata.labels['batch.kubernetes.io/job-completion-index']"
        rank = {"valueFrom": {"fieldRef": {"fieldPath": path}}}
    place = [{"name": "MILLWRIGHT_RANK", **rank}]
    place.append({"name": "MILLWRIGHT_WORLD", "value": str(order.nodes)})
    return place + [{"name": name, "value": value} for name, value in order.variables.items()]


def _box(order: JobOrder, kinds: tuple[Kind, ...]) -> dict:
    asked = {"cpu": names.plain(order.cpu), "memory": f"{order.memory_mb}Mi"}
    if order.gpus > Decimal(0):
        asked[kinds[0].resource] = str(pieces(order, kinds[0]))
    return {
        "name": names.BOX,
        "image": order.image,
        "command": list(order.command),
        "env": _told(order),
        "resources": {"requests": asked, "limits": asked},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
        },
    }
