"""What our things are called in a cluster: labels, namespaces, resources. One place for all."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

ATTEMPT = "millwright.job/attempt"
TENANT = "millwright.job/tenant"
UID = "millwright.job/uid"
BOUND_TO = "millwright.job/region"
STOPPED = "millwright.job/stopped"
SEEN = "millwright.job/seen"  # the finalizer that keeps what ended in sight
MANAGED = "app.kubernetes.io/managed-by"
PRODUCT = "nvidia.com/gpu.product"
PARTS = "millwright.job/parts"
GPU = "nvidia.com/gpu"
SHARED_GPU = "nvidia.com/gpu.shared"
REGION = "topology.kubernetes.io/region"
BLOCK = "millwright.topology/block"
RACK = "millwright.topology/rack"
HOST = "kubernetes.io/hostname"
QUEUE = "kueue.x-k8s.io/queue-name"
PRIORITY = "kueue.x-k8s.io/priority-class"
JOB_UID = "kueue.x-k8s.io/job-uid"
ANYWHERE = "kueue.x-k8s.io/podset-unconstrained-topology"
IN_ONE = "kueue.x-k8s.io/podset-required-topology"
LOCAL_QUEUE = "jobs"
PREFIX = "millwright-"
COHORT = "millwright"
RACKS = "millwright-racks"
HOSTS = "millwright-hosts"
BOX = "main"
ACCOUNT = "jobs"

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
VISIBILITY = "/apis/visibility.kueue.x-k8s.io/v1beta2"
BATCH = "/apis/batch/v1"
CORE = "/api/v1"

UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}
UNITS |= {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
SMALL = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("0.001")}


def namespace_of(tenant: str) -> str:
    """Where a tenant's jobs live."""
    return f"{PREFIX}{tenant}"


def class_of(priority: str) -> str:
    """The cluster's name of one of our priorities."""
    return f"{PREFIX}{priority}"


def jobs_in(namespace: str | None) -> str:
    """The address of all Jobs of a namespace, or of all there are."""
    return _in(BATCH, namespace, "jobs")


def pods_in(namespace: str | None) -> str:
    return _in(CORE, namespace, "pods")


def workloads_in(namespace: str | None) -> str:
    return _in(KUEUE, namespace, "workloads")


def _in(group: str, namespace: str | None, kind: str) -> str:
    return f"{group}/namespaces/{namespace}/{kind}" if namespace else f"{group}/{kind}"


def labels(thing: dict) -> dict[str, str]:
    return thing["metadata"].get("labels") or {}


def annotations(thing: dict) -> dict[str, str]:
    return thing["metadata"].get("annotations") or {}


def quantity(text: object) -> Decimal:
    """A Kubernetes amount such as "96000m" or "1Ti" as a number; 0 for what is none."""
    said = str(text or "0")
    for unit, factor in (*UNITS.items(), *SMALL.items()):
        if said.endswith(unit):
            return _number(said.removesuffix(unit)) * factor
    return _number(said)


def plain(amount: Decimal) -> str:
    """An amount as Kubernetes writes it: whole, or in thousandths."""
    whole = amount.to_integral_value()
    return str(int(whole)) if whole == amount else f"{int(amount * 1000)}m"


def moment(text: str | None) -> datetime | None:
    """A time of Kubernetes, with its zone."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - engines know no Django


def conditions(thing: dict | None) -> dict[str, dict]:
    """All conditions by their type, whatever they say."""
    found = ((thing or {}).get("status") or {}).get("conditions") or ()
    return {entry["type"]: entry for entry in found}


def holds(found: dict[str, dict], kind: str) -> dict | None:
    """The condition if it is true."""
    entry = found.get(kind)
    return entry if entry and entry["status"] == "True" else None


def first(things: list, wanted: Callable) -> dict | None:
    return next((thing for thing in things if wanted(thing)), None)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)
