"""What a change of quota would do, before it is saved: to this tenant, and to the others."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal

from compute.capacity import sharing
from compute.capacity.models import GpuFlavour, Node, Queue
from compute.capacity.services.quotas import Terms, check, check_promise, require_operator
from compute.capacity.services.shares import quoted, total_of
from compute.capacity.sharing import Share
from portal.core.errors import Refused

ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """One consequence: `tone` is ok, warn or bad."""

    words: str
    tone: str = "ok"


@dataclass(frozen=True)
class Preview:
    """What would come of it. `refused` is why it would not be saved, in the words of saving;
    `over` is how much more than there is would be guaranteed; `borrowers` are names of running
    attempts that would hold borrowed hardware."""

    lines: list[Line] = field(default_factory=list)
    refused: str = ""
    over: Decimal = ZERO
    borrowers: tuple[str, ...] = ()


def preview(queue: Queue, flavour: GpuFlavour, terms: Terms, *, reason: str = "") -> Preview:
    """The consequences of `terms` for the tenant of `queue` in `flavour`, as things stand now."""
    try:
        check(queue, flavour, terms, reason="so far")
    except Refused as refused:
        return Preview(refused=refused.detail)
    try:
        check_promise(queue, flavour, terms, reason=reason)
    except Refused as refused:
        return replace(_consequences(queue, flavour, terms), refused=refused.detail)
    return _consequences(queue, flavour, terms)


def _consequences(queue: Queue, flavour: GpuFlavour, terms: Terms) -> Preview:
    total, used, attempts = total_of(flavour), *held(flavour)
    name = queue.tenant.slug
    before = [replace(each, used=used.get(each.tenant, ZERO)) for each in quoted(flavour)]
    rest = [each for each in before if each.tenant != name]
    mine = Share(name, terms.guaranteed, terms.borrow, terms.lend, used.get(name, ZERO))
    was = next((each for each in before if each.tenant == name), Share(name, used=mine.used))
    over = max(ZERO, sum((each.guaranteed for each in rest), mine.guaranteed) - total)
    lines = [*_own(was, mine, flavour), *_others(was, mine, rest, total, flavour)]
    if over:
        words = f"{_n(over)} {_unit(over, flavour)} more than there are would be guaranteed."
        told = "Who comes last waits although it was promised."
        lines.append(Line(f"{words} {told}", "bad"))
    jobs = tuple(attempts.get(name, ())) if mine.borrowed > was.borrowed else ()
    return Preview(lines or [Line("Nothing changes.")], over=over, borrowers=jobs)


def preview_for(queue: Queue, flavour: GpuFlavour, terms: Terms, *, by, reason="") -> Preview:
    """The same for a person, who must be an operator: it tells what other tenants hold."""
    require_operator(by, "preview a quota of", queue)
    return preview(queue, flavour, terms, reason=reason)


def held(flavour: GpuFlavour) -> tuple[dict[str, Decimal], dict[str, list[str]]]:
    """Units that each tenant (slug) holds of `flavour` now, and the names of its attempts."""
    used: dict[str, Decimal] = defaultdict(Decimal)
    attempts: dict[str, list[str]] = defaultdict(list)
    for holdings in Node.objects.filter(flavour=flavour, gone_at=None).values_list(
        "holdings", flat=True
    ):
        for hold in holdings:
            used[hold["tenant"]] += Decimal(hold["gpus"])
            if hold["job"] not in attempts[hold["tenant"]]:
                attempts[hold["tenant"]].append(hold["job"])
    return dict(used), dict(attempts)


def _own(was: Share, mine: Share, flavour: GpuFlavour) -> list[Line]:
    """What changes for the tenant itself."""
    lines = []
    if mine.guaranteed != was.guaranteed:
        told = f"{_n(mine.guaranteed)} {_unit(mine.guaranteed, flavour)} instead of"
        lines.append(Line(f"{mine.tenant} is guaranteed {told} {_n(was.guaranteed)}."))
    more = mine.borrowed - was.borrowed
    if more > 0:
        words = f"{_n(more)} {_unit(more, flavour)} that it uses now would become borrowed"
        if flavour.cluster.takes_back:
            words += ": those it is taken from can call them back"
        lines.append(Line(f"{words}.", "warn"))
    if more < 0:
        lines.append(Line(f"{_n(-more)} {_unit(-more, flavour)} that it borrows become its own."))
    if mine.limit is not None and mine.used > mine.limit:
        beyond = mine.used - mine.limit
        words = f"It uses {_n(beyond)} {_unit(beyond, flavour)} more than it then may"
        lines.append(Line(f"{words}. What runs goes on; nothing more starts until then.", "warn"))
    return lines


def _others(was: Share, mine: Share, rest: list[Share], total: Decimal, flavour) -> list[Line]:
    """What changes for the others: less to borrow, more that is called back."""
    lines = []
    before, after = sharing.shared([was, *rest], total), sharing.shared([mine, *rest], total)
    if after != before:
        told = f"{_n(after)} {_unit(after, flavour)} instead of {_n(before)}"
        lines.append(Line(f"{told} are left that nobody is guaranteed."))
    unmet = max(ZERO, mine.unused - was.unused)
    free = max(ZERO, total - sum((each.used for each in rest), mine.used))
    back = min(max(ZERO, mine.unused - free), unmet)
    borrowers = [each for each in rest if each.borrowed]
    if back and borrowers:
        told = ", ".join(f"{each.tenant} ({_n(each.borrowed)})" for each in borrowers)
        lines.append(_from_borrowers(mine, back, told, flavour))
    less = was.spare - mine.spare if mine.guaranteed == was.guaranteed else ZERO
    if less > 0:
        words = f"Others could borrow {_n(less)} {_unit(less, flavour)} less of what it leaves."
        lines.append(Line(words, "warn" if borrowers else "ok"))
    return lines


def _from_borrowers(mine: Share, back: Decimal, told: str, flavour: GpuFlavour) -> Line:
    """How what others borrow would come to whom it belongs."""
    amount = f"{_n(back)} {_unit(back, flavour)}"
    if flavour.cluster.takes_back:
        words = f"{mine.tenant} could call back {amount} from {told}"
        return Line(f"{words}; their jobs would wait and start again.", "warn")
    words = f"{mine.tenant} would wait for {amount} that {told} borrowed. On this machine running"
    return Line(f"{words} jobs are never taken away; it comes first when something is free.")


def _n(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _unit(value: Decimal, flavour: GpuFlavour) -> str:
    return flavour.unit if value == 1 else f"{flavour.unit}s"
