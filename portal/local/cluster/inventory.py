"""Which pretended nodes there are: read from a YAML inventory, or from a CSV of a real fleet."""

import csv
import gzip
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import yaml

from portal.local.cluster.recipes import SOURCES
from portal.local.errors import LocalError

FOLDER = SOURCES / "inventories"
CARDS = SOURCES / "cards.yaml"
FLEET_COLUMNS = {"sn", "cpu_milli", "memory_mib", "gpu", "model"}
MOST = 5000


@dataclass(frozen=True)
class Card:
    """A GPU model as node labels tell it: product name, memory in MiB, family."""

    product: str
    memory_mib: int = 0
    family: str = ""


@dataclass(frozen=True)
class Group:
    """Equal nodes: what one has, and how many of them share a rack."""

    name: str
    nodes: int
    cpu_milli: int
    memory_mib: int
    gpus: int = 0
    card: str = ""
    region: str = "local"
    per_rack: int = 8
    racks_per_block: int = 4


@dataclass(frozen=True)
class FakeNode:
    """One node and its place."""

    name: str
    group: Group
    block: str
    rack: str


@dataclass(frozen=True)
class Inventory:
    """All nodes of a fleet, and the cards in them."""

    nodes: tuple[FakeNode, ...]
    cards: dict[str, Card]

    @property
    def gpus(self) -> int:
        return sum(node.group.gpus for node in self.nodes)


def read_inventory(named: str, *, nodes: int | None = None) -> Inventory:
    """From the name of a committed inventory or the path of a YAML or CSV (.gz) file.

    `nodes` keeps the mix and brings the fleet to that many nodes. LocalError says what is wrong.
    """
    path = FOLDER / f"{named}.yaml" if (FOLDER / f"{named}.yaml").exists() else Path(named)
    try:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        groups = _from_csv(text) if ".csv" in path.suffixes else _from_yaml(text)
        cards = {name: Card(**facts) for name, facts in yaml.safe_load(CARDS.read_text()).items()}
    except OSError as problem:
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.yaml")))
        raise LocalError(
            f"The inventory {named} cannot be read ({problem.strerror or problem}): name one of "
            f"{known}, or a YAML or CSV file."
        ) from None
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as problem:
        raise LocalError(
            f"The inventory {path} is not understood: {' '.join(str(problem).split())}"
        ) from None
    if nodes is not None:
        groups = scaled(groups, nodes)
    total = sum(group.nodes for group in groups)
    if not 1 <= total <= MOST:
        raise LocalError(f"The inventory {named} has {total} nodes: 1 to {MOST} are possible.")
    placed = tuple(node for group in groups for node in _placed(group))
    if len({node.name for node in placed}) < total:
        raise LocalError(f"The inventory {named} gives one name to two groups.")
    return Inventory(placed, cards)


def scaled(groups: list[Group], total: int) -> list[Group]:
    """The same mix with `total` nodes; what rounding leaves goes to the largest remainders."""
    if total < 1:
        raise LocalError(f"{total} nodes are not possible: 1 to {MOST} are.")
    before = sum(group.nodes for group in groups)
    exact = [group.nodes * total / before for group in groups]
    counts = [int(share) for share in exact]
    by_remainder = sorted(range(len(groups)), key=lambda at: counts[at] - exact[at])
    for at in by_remainder[: total - sum(counts)]:
        counts[at] += 1
    return [
        Group(**{**group.__dict__, "nodes": count})
        for group, count in zip(groups, counts, strict=True)
        if count
    ]


def _from_yaml(text: bytes) -> list[Group]:
    content = yaml.safe_load(text)
    common = content.get("common", {})
    return [Group(**{**common, **group}) for group in content["groups"]]


def _from_csv(text: bytes) -> list[Group]:
    """A fleet as published traces list it: one row for each machine, equal ones are counted."""
    rows = csv.DictReader(StringIO(text.decode()))
    if missing := FLEET_COLUMNS - set(rows.fieldnames or ()):
        raise ValueError(f"it has no column {', '.join(sorted(missing))}")
    counted: dict[tuple, int] = {}
    for row in rows:
        gpus = int(row["gpu"])
        kind = (row["model"] if gpus else "", gpus, int(row["cpu_milli"]), int(row["memory_mib"]))
        counted[kind] = counted.get(kind, 0) + 1
    return [
        Group(
            name=f"{card.lower() or 'cpu'}-{gpus}x-{cpu // 1000}c-{memory // 1024}g",
            nodes=count,
            cpu_milli=cpu,
            memory_mib=memory,
            gpus=gpus,
            card=card,
        )
        for (card, gpus, cpu, memory), count in sorted(counted.items())
    ]


def _placed(group: Group) -> list[FakeNode]:
    """Racks hold nodes of one group; blocks hold racks."""
    placed = []
    for number in range(group.nodes):
        rack = number // group.per_rack
        placed.append(
            FakeNode(
                name=f"{group.name}-{number:04d}",
                group=group,
                rack=f"{group.name}-r{rack}",
                block=f"{group.name}-b{rack // group.racks_per_block}",
            )
        )
    return placed
