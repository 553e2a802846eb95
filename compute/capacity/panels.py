"""What the pages show of kinds of hardware: figures, bars, charts and the borrowing table."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.paginator import Paginator
from django.utils import timezone

from compute.capacity import figures, nodemap
from compute.capacity.figures import Kind
from compute.capacity.services import Terms, preview
from compute.capacity.upward import Queued
from portal.core import charts
from portal.core.templatetags._words import number, percent, span

MAPPED = 48  # nodes that one picture shows
QUEUED = 8
TENANTS = 12  # rows and columns of the borrowing table
ZERO = Decimal(0)
ALONE = "Nobody borrows from anybody"


@dataclass(frozen=True)
class Cell:
    """A cell of the borrowing table: how much, and how deep its colour."""

    amount: Decimal
    depth: int
    same: bool = False


@dataclass(frozen=True)
class Lender:
    name: str
    cells: list[Cell]
    total: Decimal


@dataclass(frozen=True)
class Borrowing:
    """Who borrows from whom, in `unit`. `more` tenants are left out of both sides."""

    borrowers: list[str]
    rows: list[Lender]
    totals: list[Decimal]
    total: Decimal
    more: int = 0


def counted(found: list[Kind]) -> list[Kind]:
    """The kinds that figures over all add up: those with GPUs, of cores where there are none."""
    return [kind for kind in found if kind.flavour.has_gpus] or found


def fleet(found: list[Kind], queued: Queued, asked: str) -> dict:
    """The overview for those who run it; `asked` is the id of the kind to show node by node,
    else the one that most jobs wait for."""
    named = [kind for kind in found if str(kind.flavour.pk) == asked]
    busiest = sorted(found, key=lambda kind: (-kind.waiting.jobs, -kind.used))
    kind = next(iter(named or busiest), None)
    shown = {"kind": kind, "map": node_map(kind), "chart": histogram(kind)} if kind else {}
    return shown | {
        "scattered": fragmentation(kind) if kind else "",
        "extent": extent(found),
        "figures": head(found, queued),
        "rows": rows(found),
        "borrowing": borrowing(found),
        "unit": unit_of(found),
        "alone": ALONE,
        "over": [each for each in found if each.over],
    }


def extent(found: list[Kind]) -> str:
    """ "100 nodes, 624 GPUs in eu-central and eu-west"."""
    nodes = sum(len(kind.machines) for kind in found)
    gpus = sum((kind.total for kind in found if kind.flavour.has_gpus), ZERO)
    regions = sorted({kind.flavour.region or kind.flavour.cluster.region for kind in found})
    told = f"{number(nodes)} node{'' if nodes == 1 else 's'}"
    return f"{told}{f', {number(gpus)} GPUs' if gpus else ''} in {' and '.join(regions)}"


def head(found: list[Kind], queued: Queued) -> list[dict]:
    """The five figures over the page, of all kinds with GPUs (of cores where there are none)."""
    gpus = counted(found)
    used, total, free, off = (
        sum((getattr(kind, name) for kind in gpus), ZERO)
        for name in ("used", "total", "free", "off")
    )
    return [
        {
            "label": "Busy",
            "value": number(used),
            "small": f"of {number(total)}{f', {percent(used / total, 0)}' if total else ''}",
            "note": f"{number(free)} free{f', {number(off)} not usable' if off else ''}",
        },
        _queue(queued),
        _largest(gpus),
        _borrowed(gpus),
        _scattered(gpus),
    ]


def unit_of(found: list[Kind]) -> str:
    """What the figures over all count: "GPUs" or "cores"."""
    kinds = counted(found)
    return f"{kinds[0].flavour.unit if kinds else 'GPU'}s"


def _borrowed(found: list[Kind]) -> dict:
    """What is taken of hardware that nobody is guaranteed is borrowed from nobody."""
    borrowed = sum(figures.matrix(found).values(), ZERO)
    called = all(kind.flavour.cluster.takes_back for kind in found)
    note = "Lenders can call it back" if called else "Lenders come first when it is free"
    return {
        "label": "Borrowed",
        "value": number(borrowed),
        "small": unit_of(found),
        "note": note if borrowed else ALONE,
    }


def _queue(queued: Queued) -> dict:
    count, since = queued.total, queued.since
    waited = span((timezone.now() - since).total_seconds()) if since else ""
    return {
        "label": "Waiting",
        "value": f"{number(count.jobs)} job{'' if count.jobs == 1 else 's'}",
        "small": f"{number(count.units)} GPUs or cores" if count.units else "",
        "note": f"The longest for {waited}" if waited else "Nothing waits",
    }


def _largest(gpus: list[Kind]) -> dict:
    best = max(gpus, key=lambda kind: (kind.largest, kind.flavour.generation), default=None)
    if best is None or not best.largest:
        return {"label": "Largest job that fits now", "value": "none", "note": "All is in use"}
    same = best.largest
    nodes = sum(int(each.free) >= same for each in best.machines)
    spread = f"{nodes * same} over {nodes} nodes" if nodes > 1 else "On one node"
    return {
        "label": "Largest job that fits now",
        "value": f"{same} × {best.flavour.name.partition(' ')[0]}",
        "note": spread,
    }


def _scattered(gpus: list[Kind]) -> dict:
    free = sum((kind.free for kind in gpus), ZERO)
    torn = sum((Decimal(str(kind.scattered or 0)) * kind.free for kind in gpus), ZERO)
    nodes = sum(kind.nodes_with_free for kind in gpus)
    return {
        "label": "Fragmentation",
        "value": percent(torn / free, 0) if free else "–",
        "small": "of what is free" if free else "",
        "note": f"{number(free)} free on {nodes} node{'' if nodes == 1 else 's'}",
    }


def bar(kind: Kind):
    """Own, borrowed and not usable, of all there is."""
    words = (
        f"{number(kind.own)} own, {number(kind.borrowed)} borrowed, "
        f"{number(kind.free)} free, {number(kind.off)} not usable, of {number(kind.total)}"
    )
    parts = [("used", kind.own), ("held", kind.borrowed), ("off", kind.off)]
    pieces = [(name, float(amount)) for name, amount in parts]
    return charts.meter(pieces, float(kind.total), words)


def health(kind: Kind) -> tuple[str, str]:
    """(words, tone): how its nodes are."""
    closed, silent = kind.troubles.get("closed", 0), kind.troubles.get("silent", 0)
    if not kind.machines:
        return "No nodes now", "bad"
    if kind.over:
        return "Promised twice", "warn"
    if silent:
        return f"{silent} give{'s' if silent == 1 else ''} no sign", "bad"
    if closed:
        return f"{closed} closed", "warn"
    return "Healthy", "ok"


def rows(found: list[Kind]) -> list[dict]:
    """The table by flavour."""
    return [{"kind": kind, "bar": bar(kind), "health": health(kind)} for kind in found]


def histogram(kind: Kind):
    """How many usable nodes have how many free."""
    told = ", ".join(f"{count} with {free}" for free, count in kind.histogram if count)
    if len(kind.histogram) > 17:
        return ""  # cores: too many sizes to be a picture
    chart = charts.Chart(
        finding=f"Nodes by free {kind.flavour.unit}s: {told or 'none usable'}",
        labels=[str(free) for free, _ in kind.histogram],
        series=[charts.Series("Nodes", [count for _, count in kind.histogram])],
        axis=f"Free {kind.flavour.unit}s",
        size="mid",
        whole=True,
        empty="No usable node.",
    )
    return charts.stacked_bars(chart)


def fragmentation(kind: Kind) -> str:
    """The sentence under the picture: what the free ones are good for."""
    unit = f"{kind.flavour.unit}s"
    if not kind.free:
        return f"No {unit} are free."
    if kind.scattered == 0:
        return f"All {number(kind.free)} free {unit} stand on empty nodes."
    share = percent(kind.scattered, 0)
    return f"{share} of the {number(kind.free)} free {unit} stand on nodes where something runs."


def node_map(kind: Kind) -> dict:
    """The first nodes as pictures, with what the colours mean."""
    machines = kind.machines[:MAPPED]
    return {
        "nodes": nodemap.drawn(kind, machines),
        "legend": nodemap.legend(kind),
        "borrowed": kind.borrowed > 0,
        "off": any(each.condition != "ok" for each in kind.machines),
        "more": len(kind.machines) - len(machines),
    }


def borrowing(found: list[Kind]) -> Borrowing | None:
    """Who borrows from whom, the largest first; None where nobody does."""
    sums = figures.matrix(counted(found))
    if not sums:
        return None
    lends, takes = _side(sums, 0), _side(sums, 1)
    names = sorted(lends.keys() | takes.keys(), key=lambda n: (-takes.get(n, 0), n))
    columns = [name for name in names if name in takes][:TENANTS]
    left = sorted(lends, key=lambda n: (-lends[n], n))[:TENANTS]
    top = max(sums.values())
    return Borrowing(
        borrowers=columns,
        rows=[
            Lender(name, [_cell(sums, name, to, top) for to in columns], lends[name])
            for name in left
        ],
        totals=[takes[name] for name in columns],
        total=sum(takes.values(), ZERO),
        more=len(takes) - len(columns) + len(lends) - len(left),
    )


def _side(sums: dict, side: int) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for pair, amount in sums.items():
        found[pair[side]] = found.get(pair[side], ZERO) + amount
    return found


def _cell(sums: dict, lender: str, borrower: str, top: Decimal) -> Cell:
    amount = sums.get((lender, borrower), ZERO)
    depth = 0 if not amount else min(3, int(amount / top * 3) + 1)
    return Cell(amount, depth, same=lender == borrower)


def share_of(tenant, found: list[Kind], queues: dict) -> dict:
    """One tenant's part of every kind. `queues` are places by (tenant, cluster)."""
    lines = []
    for kind in found:
        queue = queues.get((tenant.pk, kind.flavour.cluster_id))
        share = kind.share_of(tenant.slug)
        room = int(kind.room_for(tenant.slug))
        lines.append(
            {
                "kind": kind,
                "share": share,
                "lent": kind.lent_by(tenant.slug),
                "most": kind.most_for(tenant.slug),
                "fits": min(room, kind.largest),
                "room": room,
                "bar": _own_bar(share, kind.most_for(tenant.slug)),
                "closed": not kind.flavour.cluster.open or (queue is not None and not queue.open),
            }
        )
    return {"tenant": tenant, "lines": lines}


def _own_bar(share, most: Decimal):
    """Own and borrowed, of the most it may ever have; the limit is its guarantee."""
    words = f"{number(share.own)} own and {number(share.borrowed)} borrowed in use, "
    words += f"{number(share.guaranteed)} guaranteed, {number(most)} at most"
    parts = [("used", float(share.own)), ("held", float(share.borrowed))]
    edge = float(share.guaranteed) if share.guaranteed < most else None
    return charts.meter(parts, float(most), words, limit=edge)


def share_rows(kind: Kind, only: set[str] | None) -> list[dict]:
    """Who shares a kind, those with most first; of the tenants in `only` where it is given."""
    told = [each for each in kind.shares if only is None or each.tenant in only]
    ranked = sorted(told, key=lambda each: (-each.used, -each.guaranteed, each.tenant))
    return [
        {
            "share": each,
            "lent": kind.lent_by(each.tenant),
            "most": kind.most_for(each.tenant),
            "waits": kind.waits.get(each.tenant, ZERO),
            "bar": _own_bar(each, kind.most_for(each.tenant)),
        }
        for each in ranked
    ]


def quota_row(queue, found: list[Kind]) -> dict:
    """A tenant's line in the table of quotas: its share of each kind."""
    tenant = queue.tenant.slug
    return {"queue": queue, "shares": [(k.flavour.name, k.share_of(tenant)) for k in found]}


def quota_lines(form, queue, found: list[Kind]) -> list[dict]:
    """The lines of the form, with what there is and what others are guaranteed."""
    tenant, lines = queue.tenant.slug, []
    for kind, (_, fields) in zip(found, form.lines, strict=True):
        share = kind.share_of(tenant)
        own = share.guaranteed if queue.open else ZERO
        left = kind.total - (kind.guaranteed - own)
        lines.append({"kind": kind, "fields": fields, "share": share, "left": left})
    return lines


def previews(queue, terms: dict, reason: str = "") -> list[tuple]:
    """(flavour, what its new terms would do) for every flavour whose terms would change."""
    known = {quota.flavour_id: quota for quota in queue.quotas.all()}
    changed = []
    for flavour, wanted in terms.items():
        old = known.get(flavour.pk)
        was = Terms(old.guaranteed, old.borrow, old.lend) if old else Terms(ZERO)
        if was != wanted:
            changed.append((flavour, preview(queue, flavour, wanted, reason=reason)))
    return changed


def paged(rows, number_asked, size: int):
    """One page of rows; a number that is none is the first."""
    return Paginator(rows, size).get_page(number_asked)
