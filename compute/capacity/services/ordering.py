"""Telling a cluster how it is to be shared, and healing what somebody changed there."""

import hashlib
import json
from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from compute.capacity.broadcast import moved
from compute.capacity.models import Cluster, Queue
from compute.capacity.services.engine import engine_of
from compute.engines.fleet import (
    Drift,
    EngineRefused,
    FlavourOrder,
    FleetOrder,
    QueueOrder,
    QuotaOrder,
)
from compute.engines.jobs import PRIORITIES
from portal.audit.services import record
from portal.core import tenancy
from portal.core.background import alone

KEPT = 20  # differences that are shown of one look
SHOWN_FOR = timedelta(days=1)


def order_of(cluster: Cluster) -> FleetOrder:
    """How the rows say that `cluster` is to be shared."""
    with tenancy.as_system():
        flavours = list(cluster.flavours.all())
        queues = cluster.queues.filter(open=True).select_related("tenant")
        told = [_queue(queue) for queue in queues.prefetch_related("quotas__flavour")]
        nodes = defaultdict(list)
        wanted = ("flavour", "gpus", "cpu", "memory_mb")
        for node in cluster.nodes.usable().values_list(*wanted, named=True):
            nodes[node.flavour].append(node)
    return FleetOrder(
        flavours=tuple(_flavour(each, nodes[each.pk]) for each in flavours),
        queues=tuple(told),
        priorities=dict(PRIORITIES),
    )


def apply(cluster: Cluster) -> bool:
    """Make the cluster share its hardware as the rows say; False where another hand is at it.

    One hand at a time for each cluster, and the next look repairs what it missed. Raises
    `EngineUnavailable`: ask again. What the cluster refuses is shown on its page, and tried
    again at each look.
    """
    with alone(_lock(cluster)) as mine:
        if not mine:
            return False
        order = order_of(cluster)
        try:
            engine_of(cluster).apply(order)
        except EngineRefused as refused:
            _refused(cluster, str(refused))
            return True
        done = {"applied_at": timezone.now(), "applied": digest(order)}
        _note(cluster, drift=_healed(cluster.drift), **done)
    return True


def heal(cluster: Cluster) -> tuple[Drift, ...]:
    """Compare the cluster with the rows, show what differs, and make it as it was ordered.

    An order that is newer than what was last applied is applied, and is no drift. Raises
    `EngineUnavailable`. What is found is told in the trail once, however often it comes back.
    """
    order = order_of(cluster)
    if digest(order) != cluster.applied:
        apply(cluster)
        return ()
    found = engine_of(cluster).drift(order)
    if not found:
        return ()
    rows, fresh = _shown(cluster.drift, found)
    _note(cluster, drift=rows)
    if apply(cluster) and cluster.applied and fresh:
        with tenancy.as_system():
            record("healed", cluster, by=None, drift=fresh, found=len(found))
    return found


def digest(order: FleetOrder) -> str:
    """The same for the same order."""
    text = json.dumps(asdict(order), default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _flavour(flavour, nodes: list) -> FlavourOrder:
    return FlavourOrder(
        name=flavour.slug,
        product=flavour.product,
        region=flavour.region,
        parts=flavour.parts,
        gpus=sum(node.gpus for node in nodes),
        cpu=sum((node.cpu for node in nodes), Decimal(0)),
        memory_mb=sum(node.memory_mb for node in nodes),
    )


def _queue(queue: Queue) -> QueueOrder:
    quotas = sorted(queue.quotas.all(), key=lambda each: each.flavour.slug)
    return QueueOrder(
        tenant=queue.tenant.slug,
        quotas=tuple(
            QuotaOrder(each.flavour.slug, each.guaranteed, each.borrow, each.lend)
            for each in quotas
        ),
        weight=queue.weight,
    )


def _shown(before: list[dict], found: tuple[Drift, ...]) -> tuple[list[dict], list[dict]]:
    """The differences as rows with their count, and those that were not known before."""
    known = {_key(row): row for row in before}
    rows, fresh = [], []
    for each in found[:KEPT]:
        told = asdict(each)
        old = known.get(_key(told))
        first = {"at": old["at"] if old else _now(), "times": old["times"] + 1 if old else 1}
        rows.append(told | first | {"healed_at": None})
        if not old:
            fresh.append(told)
    return rows, fresh


def _healed(rows: list[dict]) -> list[dict]:
    """The same differences as past ones; those of days ago are in the trail alone."""
    lately = (timezone.now() - SHOWN_FOR).isoformat()
    healed = [row | {"healed_at": row["healed_at"] or _now()} for row in rows]
    return [row for row in healed if row["healed_at"] > lately]


def _key(row: dict) -> tuple:
    return tuple(row[name] for name in ("thing", "what", "wanted", "found"))


def _refused(cluster: Cluster, words: str) -> None:
    row = {"thing": "cluster", "what": "order", "wanted": "taken", "found": words[:500]}
    rows, fresh = _shown(cluster.drift, (Drift(**row),))
    _note(cluster, drift=rows, applied="")
    if fresh:
        with tenancy.as_system():
            record("refused the order", cluster, by=None, note=words[:500])


def _note(cluster: Cluster, **facts) -> None:
    with tenancy.as_system():
        Cluster.objects.filter(pk=cluster.pk).update(**facts)
        moved()
    for name, value in facts.items():
        setattr(cluster, name, value)


def _now() -> str:
    return timezone.now().isoformat()


def _lock(cluster: Cluster) -> int:
    """A number of its own for the database's lock: the random end of the id."""
    return int.from_bytes(cluster.pk.bytes[8:], signed=True)
