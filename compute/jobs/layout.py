"""Where the steps of a pipeline stand in its picture: columns by need, few crossings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDE, HIGH = 184, 48
GAP_X, GAP_Y = 24, 16
EDGE = 8
SWEEPS = 6


@dataclass(frozen=True)
class Placed:
    """The upper left corner of a step's box."""

    x: int
    y: int


@dataclass(frozen=True)
class Drawing:
    """Boxes by name, and the path of each line from the step that is needed to the one after."""

    width: int
    height: int
    boxes: dict[str, Placed]
    lines: dict[tuple[str, str], str]


def draw(after: Mapping[str, Sequence[str]]) -> Drawing:
    """The picture of `{step: steps it needs}`, which has no circles."""
    column = _columns(after)
    ranks, chains = _ranks(after, column)
    rows = _untangled(ranks, chains)
    tallest = max(len(rank) for rank in rows)
    places = {
        name: (depth, row + (tallest - len(rank)) / 2)
        for depth, rank in enumerate(rows)
        for row, name in enumerate(rank)
    }
    boxes = {name: _corner(*places[name]) for name in after}
    lines = {
        (chain[0], chain[-1]): _path([_corner(*places[name]) for name in chain])
        for chain in chains
    }
    width = 2 * EDGE + len(rows) * WIDE + (len(rows) - 1) * GAP_X
    height = 2 * EDGE + tallest * HIGH + (tallest - 1) * GAP_Y
    return Drawing(width, height, boxes, lines)


def _columns(after: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The longest way from a step that needs nothing."""
    found: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((depth(needed) for needed in after[name]), default=-1)
        return found[name]

    for name in after:
        depth(name)
    return found


def _ranks(after, column) -> tuple[list[list], list[list]]:
    """Columns with what stands in them, and the chain of each line through the columns.

    A line over several columns has a place of its own in each, so that it runs past the boxes.
    """
    ranks: list[list] = [[] for _ in range(max(column.values()) + 1)]
    for name in after:
        ranks[column[name]].append(name)
    chains = []
    for name, needs in after.items():
        for needed in needs:
            between = [(needed, name, at) for at in range(column[needed] + 1, column[name])]
            for pin in between:
                ranks[pin[2]].append(pin)
            chains.append([needed, *between, name])
    return ranks, chains


def _untangled(ranks: list[list], chains: list[list]) -> list[list]:
    """Each column in the order of the middles of its neighbours, to and fro a few times."""
    before: dict = {}
    behind: dict = {}
    for chain in chains:
        for left, right in zip(chain, chain[1:], strict=False):
            before.setdefault(right, []).append(left)
            behind.setdefault(left, []).append(right)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        neighbours = before if forth else behind
        order = range(1, len(ranks)) if forth else range(len(ranks) - 2, -1, -1)
        for at in order:
            known = ranks[at - 1 if forth else at + 1]
            spot = {name: row - len(known) / 2 for row, name in enumerate(known)}
            ranks[at] = _sorted(ranks[at], neighbours, spot)
    return ranks


def _sorted(rank: list, neighbours: Mapping, spot: Mapping) -> list:
    def middle(item) -> float:
        row, name = item
        near = [spot[other] for other in neighbours.get(name, ())]
        return sum(near) / len(near) if near else row - len(rank) / 2

    return [name for _, name in sorted(enumerate(rank), key=middle)]


def _corner(depth: int, row: float) -> Placed:
    return Placed(EDGE + depth * (WIDE + GAP_X), round(EDGE + row * (HIGH + GAP_Y)))


def _path(chain: list[Placed]) -> str:
    half = HIGH // 2
    parts = [f"M{chain[0].x + WIDE} {chain[0].y + half}"]
    for number, (left, right) in enumerate(zip(chain, chain[1:], strict=False)):
        if number:
            parts.append(f"H{left.x + WIDE}")
        start, end = left.x + WIDE, right.x
        turn = (start + end) // 2
        parts.append(f"C{turn} {left.y + half} {turn} {right.y + half} {end} {right.y + half}")
    return "".join(parts)
