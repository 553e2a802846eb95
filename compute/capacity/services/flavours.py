"""Kinds of hardware, found in nodes: one row for each product, way of sharing and region."""

from collections import defaultdict

from compute.capacity.kinds import Kind, kind_of
from compute.capacity.models import Cluster, GpuFlavour
from compute.engines.fleet import NodeSighting
from portal.audit.services import record

Key = tuple[str, int, str]  # product, parts, region


def assign(cluster: Cluster, seen: tuple[NodeSighting, ...], now) -> dict[str, GpuFlavour]:
    """The flavour of each node by name, making rows for kinds that are new.

    Once made, a row keeps its slug: what was one kind in one region keeps its plain name when
    the same product appears in another.
    """
    nodes: dict[Key, list[NodeSighting]] = defaultdict(list)
    for node in seen:
        nodes[_key(node)].append(node)
    rows = {(row.product, row.parts, row.region): row for row in cluster.flavours.all()}
    regions: dict[tuple[str, int], set[str]] = defaultdict(set)
    for product, parts, region in [*nodes, *rows]:
        regions[product, parts].add(region)
    taken = {row.slug for row in rows.values()}
    for key in sorted(nodes.keys() - rows.keys()):
        memory = max(node.gpu_memory_mb for node in nodes[key])
        kind = kind_of(key[0], memory, key[1])
        slug = _free(kind, key[2] if len(regions[key[:2]]) > 1 else "", taken)
        taken.add(slug)
        rows[key] = _make(cluster, key, kind, slug, several=len(regions[key[:2]]) > 1)
    GpuFlavour.objects.filter(pk__in=[rows[key].pk for key in nodes]).update(seen_at=now)
    return {node.name: rows[key] for key, alike in nodes.items() for node in alike}


def _key(node: NodeSighting) -> Key:
    if not node.gpus:
        return "", 1, node.region[:40]
    return (node.product or "GPU")[:80], max(1, node.parts), node.region[:40]


def _free(kind: Kind, region: str, taken: set[str]) -> str:
    """The plain name if it is free, else longer ones; with its region where there are several."""
    place = f"-{region}" if region else ""
    for word in (kind.slug, kind.full):
        if (slug := f"{word}{place}"[:50]) not in taken:
            return slug
    number = 2
    while f"{kind.full[:20]}{place[:24]}-{number}" in taken:
        number += 1
    return f"{kind.full[:20]}{place[:24]}-{number}"


def _make(cluster, key: Key, kind: Kind, slug: str, *, several: bool) -> GpuFlavour:
    product, parts, region = key
    name = f"{kind.name}, {region}" if several and region else kind.name
    made = GpuFlavour.objects.create(
        cluster=cluster, slug=slug, name=name[:80], product=product, parts=parts, region=region,
        memory_gb=kind.memory_gb, generation=kind.generation,
    )  # fmt: skip
    record("found", made, by=None, product=product, parts=parts, region=region)
    return made
