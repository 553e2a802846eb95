"""How a cluster is shared, as the things that Kueue and Kubernetes read."""

from collections.abc import Iterable
from decimal import Decimal

from compute.engines import kueue_names as names
from compute.engines.fleet import FlavourOrder, FleetOrder, QueueOrder, QuotaOrder

KUEUE = "kueue.x-k8s.io/v1beta2"
MOST_JOBS = "20000"
PLENTY = Decimal(10**7)  # where it is not known how much there is
PLURALS = {
    "Namespace": "namespaces",
    "ServiceAccount": "serviceaccounts",
    "ResourceQuota": "resourcequotas",
    "NetworkPolicy": "networkpolicies",
    "Topology": "topologies",
    "ResourceFlavor": "resourceflavors",
    "Cohort": "cohorts",
    "ClusterQueue": "clusterqueues",
    "LocalQueue": "localqueues",
    "WorkloadPriorityClass": "workloadpriorityclasses",
}  # in the order in which they are made


def every(order: FleetOrder, manager: str, racked: set[str]) -> list[dict]:
    """All things of an order. `racked` are the products whose racks all nodes name."""
    made = [topology(names.RACKS, (names.BLOCK, names.RACK, names.HOST))]
    made.append(topology(names.HOSTS, (names.HOST,)))
    made += [flavour(one, one.product in racked) for one in order.flavours]
    made.append(cohort(order, manager))
    made += [priority(name, value) for name, value in order.priorities.items()]
    for queue in order.queues:
        made += place(queue.tenant)
        made.append(cluster_queue(queue, order.flavours, manager))
    for thing in made:
        thing["metadata"].setdefault("labels", {})[names.MANAGED] = manager
    kinds = list(PLURALS)
    return sorted(made, key=lambda thing: kinds.index(thing["kind"]))


def collection(thing: dict) -> str:
    """The path of all things of its kind in its namespace."""
    version = thing["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    namespace = thing["metadata"].get("namespace")
    plural = PLURALS[thing["kind"]]
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"


def path(thing: dict) -> str:
    return f"{collection(thing)}/{thing['metadata']['name']}"


def called(thing: dict) -> str:
    """As operators are told of it."""
    meta = thing["metadata"]
    inside = f" in {meta['namespace']}" if meta.get("namespace") else ""
    return f"{thing['kind']} {meta['name']}{inside}"


def topology(name: str, levels: Iterable[str]) -> dict:
    spec = {"levels": [{"nodeLabel": level} for level in levels]}
    return _thing(KUEUE, "Topology", name, spec=spec)


def flavour(order: FlavourOrder, racked: bool) -> dict:
    """Where GPUs are, Kueue itself knows node by node what is free: no job is let in that then
    finds no place."""
    made = _thing(KUEUE, "ResourceFlavor", order.name, spec={})
    made["metadata"]["labels"] = {names.PARTS: str(order.parts)}
    marks = {names.PRODUCT: order.product, names.REGION: order.region}
    if marked := {name: value for name, value in marks.items() if value}:
        made["spec"]["nodeLabels"] = marked
    if order.product:
        made["spec"]["topologyName"] = names.RACKS if racked else names.HOSTS
    return made


def cohort(order: FleetOrder, name: str) -> dict:
    """Where all lend and borrow; what nobody is guaranteed belongs to it."""
    made = _thing(KUEUE, "Cohort", name, spec={"resourceGroups": []})
    free = {kind.name: _free(kind, order.queues) for kind in order.flavours}
    rest = [kind for kind in order.flavours if free[kind.name] > 0]
    if rest:
        covered = list(dict.fromkeys(_counted(kind) for kind in rest))
        made["spec"]["resourceGroups"] = [
            {
                "coveredResources": covered,
                "flavors": [
                    {"name": kind.name, "resources": _rest(kind, free[kind.name], covered)}
                    for kind in rest
                ],
            }
        ]
    return made


def priority(name: str, value: int) -> dict:
    made = _thing(KUEUE, "WorkloadPriorityClass", names.class_of(name))
    return made | {"value": value, "description": f"Jobs of {name} priority."}


def cluster_queue(queue: QueueOrder, flavours: tuple[FlavourOrder, ...], cohort: str) -> dict:
    """What is one's own comes first, then what fits elsewhere of one's own, then what is lent."""
    kinds = {one.name: one for one in flavours}
    used = [(kinds[quota.flavour], quota) for quota in queue.quotas if quota.flavour in kinds]
    covered = _covered([kind for kind, _ in used])
    groups = [
        {
            "coveredResources": covered,
            "flavors": [
                {"name": kind.name, "resources": _amounts(kind, quota, covered)}
                for kind, quota in used
            ],
        }
    ]
    spec = {
        "cohortName": cohort,
        "namespaceSelector": {"matchLabels": {names.TENANT: queue.tenant}},
        "queueingStrategy": "BestEffortFIFO",
        "resourceGroups": groups if used else [],
        "flavorFungibility": {
            "whenCanBorrow": "TryNextFlavor",
            "whenCanPreempt": "TryNextFlavor",
        },
        "preemption": {
            "reclaimWithinCohort": "Any",
            "withinClusterQueue": "LowerPriority",
        },
        "fairSharing": {"weight": names.plain(queue.weight)},
        "stopPolicy": "None",
    }
    return _thing(KUEUE, "ClusterQueue", names.namespace_of(queue.tenant), spec=spec)


def place(tenant: str) -> list[dict]:
    """A tenant's namespace: restricted pods, no traffic but names and its own jobs, no rights."""
    namespace = names.namespace_of(tenant)
    level = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit")}
    space = _thing("v1", "Namespace", namespace)
    space["metadata"]["labels"] = {names.TENANT: tenant} | level
    queue = {"clusterQueue": namespace, "stopPolicy": "None"}
    account = _thing("v1", "ServiceAccount", names.ACCOUNT, namespace)
    nothing = ("services", "persistentvolumeclaims", "replicationcontrollers")
    limits = dict.fromkeys(nothing, "0") | {"count/jobs.batch": MOST_JOBS}
    return [
        space,
        account | {"automountServiceAccountToken": False},
        _thing("v1", "ResourceQuota", "limits", namespace, spec={"hard": limits}),
        *_walls(namespace),
        _thing(KUEUE, "LocalQueue", names.LOCAL_QUEUE, namespace, spec=queue),
    ]


def _walls(namespace: str) -> list[dict]:
    """Nothing in, nothing out; then names, and the processes of one tenant's jobs together."""
    dns = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    system = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
    both = ["Ingress", "Egress"]
    own = [{"podSelector": {}}]
    return [
        _wall(namespace, "nothing", policyTypes=both),
        _wall(
            namespace,
            "names",
            policyTypes=["Egress"],
            egress=[{"to": [{"namespaceSelector": system}], "ports": dns}],
        ),
        _wall(
            namespace,
            "together",
            policyTypes=both,
            ingress=[{"from": own}],
            egress=[{"to": own}],
        ),
    ]


def _wall(namespace: str, name: str, **spec) -> dict:
    version = "networking.k8s.io/v1"
    return _thing(version, "NetworkPolicy", name, namespace, spec={"podSelector": {}, **spec})


def _covered(kinds: list[FlavourOrder]) -> list[str]:
    gpus = [_resource(kind) for kind in kinds if kind.product]
    return ["cpu", "memory", *dict.fromkeys(gpus)]


def _free(kind: FlavourOrder, queues: tuple[QueueOrder, ...]) -> Decimal:
    """GPUs, or cores, that are there and guaranteed to nobody."""
    quotas = [quota for queue in queues for quota in queue.quotas]
    promised = sum(quota.guaranteed for quota in quotas if quota.flavour == kind.name)
    return Decimal(kind.gpus if kind.product else kind.cpu) - promised


def _rest(kind: FlavourOrder, free: Decimal, covered: list[str]) -> list[dict]:
    own = _counted(kind)
    amount = _count(free, kind.parts if kind.product else 1)
    return [{"name": name, "nominalQuota": amount if name == own else "0"} for name in covered]


def _counted(kind: FlavourOrder) -> str:
    return _resource(kind) if kind.product else "cpu"


def _resource(kind: FlavourOrder) -> str:
    return names.SHARED_GPU if kind.parts > 1 else names.GPU


def _amounts(kind: FlavourOrder, quota: QuotaOrder, covered: list[str]) -> list[dict]:
    """A flavour with GPUs is limited in these alone: cores and memory go with them."""
    there = {
        "cpu": names.plain(kind.cpu or PLENTY),
        "memory": f"{kind.memory_mb or PLENTY}Mi",
    }
    counted = _counted(kind)
    made = []
    for resource in covered:
        if resource == counted:
            made.append(_limited(resource, quota, kind.parts if kind.product else 1))
        else:
            made.append({"name": resource, "nominalQuota": there.get(resource, "0")})
    return made


def _limited(resource: str, quota: QuotaOrder, parts: int) -> dict:
    made = {"name": resource, "nominalQuota": _count(quota.guaranteed, parts)}
    if quota.borrow is not None:
        made["borrowingLimit"] = _count(quota.borrow, parts)
    if quota.lend is not None:
        made["lendingLimit"] = _count(min(quota.lend, quota.guaranteed), parts)
    return made


def _count(amount: Decimal, parts: int) -> str:
    return names.plain(Decimal(amount) * parts)


def _thing(version: str, kind: str, name: str, namespace: str = "", **rest) -> dict:
    meta = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": meta, **rest}
