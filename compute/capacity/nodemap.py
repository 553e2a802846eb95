"""A node as a picture: who holds which of its GPUs, what is free, what is closed."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from os.path import commonprefix

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from compute.capacity.figures import Kind, Machine

COLOURS = 5  # tenants with a colour of their own; the rest share the sixth
CELL, GAP, HEIGHT = 13, 2, 16
MOST_CELLS = 16  # more units than that are one long bar
BAR = 118
ZERO = Decimal(0)


@dataclass(frozen=True)
class Piece:
    """A stretch of a node from `start` to `end` in units: whose it is, and whether borrowed."""

    start: Decimal
    end: Decimal
    shade: str
    borrowed: bool = False


@dataclass(frozen=True)
class Drawn:
    """A node with its picture and what it says in words."""

    name: str
    short: str
    picture: SafeString
    told: str
    strong: bool


def legend(kind: Kind) -> list[tuple[str, str]]:
    """(shade, tenant): who uses most comes first; all others share one colour."""
    used = [each for each in kind.shares if each.used]
    ranked = [each.tenant for each in sorted(used, key=lambda each: (-each.used, each.tenant))]
    named = [(f"fill-{n}", tenant) for n, tenant in enumerate(ranked[:COLOURS], 1)]
    others = len(ranked) - COLOURS
    return (
        [*named, ("fill-6", f"{others} other{'' if others == 1 else 's'}")]
        if others > 0
        else named
    )


def drawn(kind: Kind, machines: list[Machine]) -> list[Drawn]:
    """Pictures of some of its nodes. What a tenant uses counts as its own up to its guarantee,
    node by node in the order of their names; the rest is drawn as borrowed."""
    shades = {tenant: shade for shade, tenant in legend(kind)}
    left = {each.tenant: each.guaranteed for each in kind.shares}
    shown, pictures = {id(each) for each in machines}, {}
    for machine in kind.machines:
        pieces = _pieces(machine, shades, left)
        if id(machine) in shown:
            pictures[id(machine)] = _draw(machine, pieces)
    prefix = _common([each.name for each in kind.machines])
    return [
        Drawn(each.name, each.name[prefix:] or each.name, pictures[id(each)], *_told(each))
        for each in machines
    ]


def _pieces(machine: Machine, shades: dict, left: dict[str, Decimal]) -> list[Piece]:
    """What is held of a node, side by side; takes what is own from `left`."""
    pieces, at = [], ZERO
    for tenant, units, _ in sorted(machine.holds):
        shade = shades.get(tenant, "fill-6")
        own = min(units, left.get(tenant, ZERO))
        left[tenant] = left.get(tenant, ZERO) - own
        for size, borrowed in ((own, False), (units - own, True)):
            if size:
                pieces.append(Piece(at, at + size, shade, borrowed))
                at += size
    return pieces


def _draw(machine: Machine, pieces: list[Piece]) -> SafeString:
    cells = int(machine.units) if 0 < machine.units <= MOST_CELLS else 1
    scale = machine.units / cells if cells == 1 and machine.units else Decimal(1)
    width = cells * (CELL + GAP) - GAP if cells > 1 else BAR
    size = width if cells == 1 else CELL
    marks = [_cell(index, size, pieces, scale, machine) for index in range(cells)]
    return format_html(
        '<svg width="{}" height="16" viewBox="0 0 {} 16" role="img" aria-label="{}">'
        "<title>{}</title>{}</svg>",
        width, width, _label(machine), _label(machine),
        format_html_join("", "{}", ((mark,) for mark in marks)),
    )  # fmt: skip


def _cell(index: int, size: int, pieces: list[Piece], scale: Decimal, machine) -> SafeString:
    """One GPU (or the whole bar): its outline, and over it what is held of it."""
    left, right = index * scale, (index + 1) * scale
    x = index * (CELL + GAP)
    parts = [_outline(x, size, machine.condition != "ok")]
    for piece in pieces:
        start, end = max(left, piece.start), min(right, piece.end)
        if end > start:
            at = x + float((start - left) / scale) * size
            parts.append(_filled(at, float((end - start) / scale) * size, piece))
    return format_html_join("", "{}", ((part,) for part in parts))


def _filled(x: float, width: float, piece: Piece) -> SafeString:
    body = format_html(
        '<rect class="{}" x="{}" y="0" width="{}" height="16"/>', piece.shade, _n(x), _n(width)
    )
    if not piece.borrowed:
        return body
    lines = []
    for start in range(6, int(width) + HEIGHT, 6):
        left, top = max(0, start - HEIGHT), min(start, HEIGHT)
        run = min(top, width - left)
        if run > 0:
            lines.append(f"M{_n(x + left)} {top}l{_n(run)}-{_n(run)}")
    return format_html('{}<path class="hatch" d="{}"/>', body, "".join(lines))


def _outline(x: int, size: int, crossed: bool) -> SafeString:
    box = format_html(
        '<rect class="free" x="{}" y="0.5" width="{}" height="15"/>', x + 0.5, size - 1
    )
    if not crossed:
        return box
    middle = x + size / 2
    cross = f"M{_n(middle - 3)} 5l6 6M{_n(middle + 3)} 5l-6 6"
    return format_html('{}<path class="cross" d="{}"/>', box, cross)


def _label(machine: Machine) -> str:
    """ "gpu-04: claims 4, vision 2, 2 free"."""
    by: Counter = Counter()
    for tenant, units, _ in machine.holds:
        by[tenant] += units
    told = [f"{tenant} {units.normalize():f}" for tenant, units in sorted(by.items())]
    state = (
        f"{machine.free.normalize():f} free" if machine.condition == "ok" else _told(machine)[0]
    )
    return f"{machine.name}: {', '.join([*told, state])}"


def _told(machine: Machine) -> tuple[str, bool]:
    """What stands beside the picture, and whether it stands out."""
    if machine.condition == "closed":
        return "closed", False
    if machine.condition == "silent":
        return "no sign", False
    if not machine.free:
        return "full", False
    return f"{machine.free.normalize():f} free", machine.free >= machine.units / 2


def _common(names: list[str]) -> int:
    """How many letters all names begin with, up to a hyphen: that part says nothing."""
    return commonprefix(names).rfind("-") + 1 if len(names) > 1 else 0


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def beside(kinds: list[Kind], page) -> dict[str, SafeString]:
    """Pictures for the rows of one page, by name of the node."""
    names = {node.name for node in page}
    found = {}
    for kind in kinds:
        wanted = [each for each in kind.machines if each.name in names]
        found |= {each.name: each.picture for each in drawn(kind, wanted)} if wanted else {}
    return found
