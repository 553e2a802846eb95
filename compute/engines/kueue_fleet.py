"""A cluster's hardware, and how it is shared: seen, compared with what is ordered, made so."""

import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from compute.engines import kueue_names as names
from compute.engines import kueue_pods as pods
from compute.engines import kueue_things as things
from compute.engines.fleet import Drift, FleetOrder, Holding, NodeSighting
from compute.engines.jobs import EngineUnavailable
from compute.engines.kueue_client import Answered, Client

COUNT, MEMORY = "nvidia.com/gpu.count", "nvidia.com/gpu.memory"
REPLICAS = "nvidia.com/gpu.replicas"
VERSIONS = dict.fromkeys(things.PLURALS, things.KUEUE) | {
    "Namespace": "v1",
    "ServiceAccount": "v1",
    "ResourceQuota": "v1",
    "NetworkPolicy": "networking.k8s.io/v1",
}
AMOUNT = re.compile(r"\d+(\.\d+)?([numkMGTP]|[KMGTP]i)?")
AT_WORK = "status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!="


class Fleet:
    """Reads and applies for the engine."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def version(self) -> str:
        """Kueue does not tell its own; the version of its interface says what it can do."""
        kubernetes = self._client.get("/version")["gitVersion"]
        group = self._client.find("/apis/kueue.x-k8s.io")
        kueue = group["preferredVersion"]["version"] if group else "missing"
        return f"Kubernetes {kubernetes}, Kueue {kueue}"

    def nodes(self) -> tuple[NodeSighting, ...]:
        """Two lists: nodes, and the pods that are on them."""
        working = self._at_work()
        found = self._client.every(f"{names.CORE}/nodes")
        seen = [_node(node, working[node["metadata"]["name"]]) for node in found]
        return tuple(sorted(seen, key=lambda node: node.name))

    def drift(self, order: FleetOrder) -> tuple[Drift, ...]:
        """What is missing, what is otherwise, what is too much."""
        wanted = self._wanted(order)
        found = self._ours()
        told = []
        for key, thing in wanted.items():
            if there := found.get(key):
                told += _differences(thing, there)
            else:
                told.append(Drift(things.called(thing), "it", "there", "missing"))
        for thing in self._surplus(wanted, found):
            told.append(Drift(things.called(thing), "it", "gone", "there"))
        return tuple(told)

    def apply(self, order: FleetOrder) -> None:
        """All that is wanted in the order in which it can be made, then what is to go."""
        wanted = self._wanted(order)
        for thing in wanted.values():
            self._make(thing)
        for thing in self._surplus(wanted, self._ours()):
            self._client.delete(things.path(thing))

    def _make(self, thing: dict) -> None:
        """A field that somebody else holds by now has drifted: take it back."""
        path = things.path(thing)
        try:
            made = self._client.apply(path, thing)
            if made["metadata"].get("deletionTimestamp"):
                raise EngineUnavailable(f"{things.called(thing)} is just being removed.")
        except Answered as no:
            if no.status == 409 and no.reason == "Conflict":
                self._client.apply(path, thing, force=True)
            elif no.status == 422 and thing["kind"] == "WorkloadPriorityClass":
                self._client.delete(path)
                self._client.apply(path, thing, force=True)
            else:
                raise

    def _wanted(self, order: FleetOrder) -> dict[str, dict]:
        racked = self._racked() if any(kind.product for kind in order.flavours) else set()
        made = things.every(order, self._client.manager, racked)
        return {things.path(thing): thing for thing in made}

    def _racked(self) -> set[str]:
        """Products whose nodes all say in which rack and block they are."""
        known = defaultdict(list)
        for node in self._client.every(f"{names.CORE}/nodes"):
            said = names.labels(node)
            if product := said.get(names.PRODUCT):
                known[product].append(names.RACK in said and names.BLOCK in said)
        return {product for product, told in known.items() if all(told)}

    def _ours(self) -> dict[str, dict]:
        """All that carries our mark; a list for each kind."""
        found = {}
        marked = f"{names.MANAGED}={self._client.manager}"
        for kind, version in VERSIONS.items():
            sample = {"apiVersion": version, "kind": kind, "metadata": {}}
            for thing in self._client.every(things.collection(sample), labelSelector=marked):
                thing |= {"apiVersion": version, "kind": kind}
                found[things.path(thing)] = thing
        return found

    def _surplus(self, wanted: dict, found: dict) -> list[dict]:
        """Ours, ordered no more, and without any job: last made goes first."""
        extra = [
            thing
            for key, thing in found.items()
            if key not in wanted and not thing["metadata"].get("deletionTimestamp")
        ]
        if not extra:
            return []
        busy = self._busy()
        kinds = list(things.PLURALS)
        extra.sort(key=lambda thing: -kinds.index(thing["kind"]))
        return [thing for thing in extra if not _names_of(thing) & busy]

    def _busy(self) -> set[str]:
        """Namespaces with jobs, and flavours that some workload holds."""
        jobs = self._client.every(f"{names.BATCH}/jobs", labelSelector=names.ATTEMPT)
        busy = {job["metadata"]["namespace"] for job in jobs}
        for workload in self._client.every(f"{names.KUEUE}/workloads"):
            admission = (workload.get("status") or {}).get("admission") or {}
            for assigned in admission.get("podSetAssignments") or ():
                busy |= set((assigned.get("flavors") or {}).values())
        return busy

    def _at_work(self) -> dict[str, list[dict]]:
        """By node: pods of our jobs, and others that hold GPUs."""
        found, now = defaultdict(list), names.now()
        for pod in self._client.every(f"{names.CORE}/pods", fieldSelector=AT_WORK):
            ours = names.ATTEMPT in names.labels(pod)
            if (ours or _pieces_of(pod)) and pods.is_live(pod, now):
                found[pod["spec"]["nodeName"]].append(pod)
        return found


def _node(node: dict, working: list[dict]) -> NodeSighting:
    said, spec = names.labels(node), node.get("spec") or {}
    has = {
        name: names.quantity(much)
        for name, much in (node["status"].get("allocatable") or {}).items()
    }
    parts = int(said.get(REPLICAS) or 1) if names.SHARED_GPU in has else 1
    pieces = has.get(names.SHARED_GPU) or has.get(names.GPU) or Decimal(0)
    ready = names.holds(names.conditions(node), "Ready") is not None
    taints = [
        taint
        for taint in spec.get("taints") or ()
        if taint.get("effect") != "PreferNoSchedule" and taint.get("key") != names.GPU
    ]
    return NodeSighting(
        name=node["metadata"]["name"],
        product=said.get(names.PRODUCT, ""),
        gpu_memory_mb=int(said.get(MEMORY) or 0),
        gpus=int(pieces) // parts,
        parts=parts,
        cpu=has.get("cpu", Decimal(0)),
        memory_mb=int(has.get("memory", Decimal(0)) // 2**20),
        region=said.get(names.REGION, ""),
        block=said.get(names.BLOCK, ""),
        rack=said.get(names.RACK, ""),
        ready=ready,
        open=ready and not spec.get("unschedulable") and not taints,
        holdings=tuple(_holding(pod, parts, pieces > 0) for pod in working),
    )


def _holding(pod: dict, parts: int, has_gpus: bool) -> Holding:
    said = names.labels(pod)
    held = _pieces_of(pod) / parts if has_gpus else _asked(pod, "cpu")
    return Holding(said.get(names.ATTEMPT, ""), said.get(names.TENANT, ""), held)


def _pieces_of(pod: dict) -> Decimal:
    return _asked(pod, names.GPU) + _asked(pod, names.SHARED_GPU)


def _asked(pod: dict, resource: str) -> Decimal:
    boxes = [box.get("resources") or {} for box in pod["spec"]["containers"]]
    amounts = [names.quantity((box.get("requests") or {}).get(resource)) for box in boxes]
    return sum(amounts, Decimal(0))


def _names_of(thing: dict) -> set[str]:
    """What has to be free of jobs before it may go."""
    meta = thing["metadata"]
    return {meta["name"], meta.get("namespace", "")}


def _differences(wanted: dict, found: dict) -> Iterator[Drift]:
    """Of the fields that are ordered, each that is otherwise."""
    for what, ours, theirs in _unlike("", wanted, found):
        yield Drift(things.called(wanted), what, _text(ours), _text(theirs))


def _unlike(path: str, wanted: object, found: object) -> Iterator[tuple[str, object, object]]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name, value in wanted.items():
            yield from _unlike(f"{path}.{name}".lstrip("."), value, found.get(name))
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (ours, theirs) in enumerate(zip(wanted, found, strict=True)):
            label = _label(ours, number)
            yield from _unlike(f"{path}[{label}]", ours, theirs)
    elif not _same(wanted, found):
        yield path, wanted, found


def _label(entry: object, number: int) -> object:
    return entry.get("name", number) if isinstance(entry, dict) else number


def _same(wanted: object, found: object) -> bool:
    """Equal, or the same amount in other words; what is empty may be left out."""
    if wanted == found or (wanted in ({}, [], "") and found is None):
        return True
    both = (str(wanted), str(found))
    if all(AMOUNT.fullmatch(text) for text in both):
        return names.quantity(both[0]) == names.quantity(both[1])
    return False


def _text(value: object) -> str:
    return "nothing" if value is None else str(value)
