"""Looking at a cluster: does it answer, which nodes has it, what kinds of hardware are they."""

import logging
from collections import Counter
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from compute.capacity.broadcast import moved
from compute.capacity.models import Cluster, GpuFlavour, Node
from compute.capacity.services.engine import engine_of
from compute.capacity.services.flavours import assign
from compute.engines.fleet import EngineRefused, EngineUnavailable, NodeSighting
from portal.audit.services import record
from portal.core import tenancy
from tenants.directory.models import Region

log = logging.getLogger(__name__)
SEEN = (
    "flavour", "gpus", "cpu", "memory_mb", "region", "block", "rack", "ready", "open", "holdings",
    "held", "gone_at",
)  # fmt: skip
SILENT = "The cluster does not answer."


def look(cluster: Cluster) -> Cluster:
    """Write down what the cluster says of itself and its nodes; safe to repeat.

    A cluster that does not answer keeps what was last seen of it, and says so. Never raises for
    what is outside. The engine is asked outside of any transaction of ours.
    """
    engine = engine_of(cluster)
    try:
        version, nodes = engine.version(), engine.nodes()
    except EngineUnavailable as silent:
        return _note(cluster, reachable=False, reason=str(silent) or SILENT)
    except EngineRefused as refused:
        return _note(cluster, reachable=False, reason=str(refused))
    with tenancy.as_system():
        _keep_nodes(cluster, nodes)
        region = _region(nodes) or cluster.region
        return _note(
            cluster, reachable=True, reason="", version=version[:120], region=region,
            seen_at=timezone.now(),
        )  # fmt: skip


def _note(cluster: Cluster, *, reachable: bool, **facts) -> Cluster:
    """Write what was seen; a change of whether it answers is told in the trail."""
    facts["reachable"] = reachable
    with tenancy.as_system():
        before = _held(cluster).reachable
        Cluster.objects.filter(pk=cluster.pk).update(**facts)
        if before is not None and before != reachable:
            verb = "answers again" if reachable else "does not answer"
            record(verb, cluster, by=None, note=facts.get("reason", ""))
        moved()
    for name, value in facts.items():
        setattr(cluster, name, value)
    return cluster


def _held(cluster: Cluster) -> Cluster:
    """Its row as it is now, held until the transaction ends; jobs may still name it."""
    return Cluster.objects.select_for_update(no_key=True).get(pk=cluster.pk)


@transaction.atomic
def _keep_nodes(cluster: Cluster, seen: tuple[NodeSighting, ...]) -> None:
    """Bring the rows to what was seen; only rows that changed are written anew."""
    _held(cluster)  # of two looks at once the second sees what the first made
    now = timezone.now()
    flavours = assign(cluster, seen, now)
    known = {node.name: node for node in cluster.nodes.select_related("flavour")}
    made, changed = [], []
    for sighting in seen:
        facts = _facts(sighting, flavours.get(sighting.name))
        node = known.pop(sighting.name, None)
        if node is None:
            made.append(Node(cluster=cluster, name=sighting.name, seen_at=now, **facts))
        elif any(getattr(node, name) != value for name, value in facts.items()):
            for name, value in facts.items():
                setattr(node, name, value)
            changed.append(node)
    Node.objects.bulk_create(made)
    Node.objects.bulk_update(changed, SEEN, batch_size=500)
    here = {sighting.name for sighting in seen}
    cluster.nodes.filter(name__in=here).update(seen_at=now)
    gone = [node.pk for node in known.values() if node.gone_at is None]
    Node.objects.filter(pk__in=gone).update(gone_at=now, holdings=[], held=0)


def _facts(seen: NodeSighting, flavour: GpuFlavour | None) -> dict:
    held = sum((hold.gpus for hold in seen.holdings), Decimal(0))
    return {
        "flavour": flavour,
        "gpus": seen.gpus,
        "cpu": seen.cpu,
        "memory_mb": seen.memory_mb,
        "region": seen.region[:40],
        "block": seen.block[:63],
        "rack": seen.rack[:63],
        "ready": seen.ready,
        "open": seen.open,
        "holdings": [
            {"job": hold.job, "tenant": hold.tenant, "gpus": str(hold.gpus)}
            for hold in seen.holdings
        ],
        "held": held,
        "gone_at": None,
    }


def _region(nodes: tuple[NodeSighting, ...]) -> str:
    """Where most of them stand, if that is a region we know."""
    told = Counter(node.region for node in nodes if node.region in Region.values)
    return told.most_common(1)[0][0] if told else ""
