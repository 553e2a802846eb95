"""A statement as people and spreadsheets read it: grouped lines, words, the same sums."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from portal.core.templatetags._words import money
from tenants.chargeback import services
from tenants.chargeback.amounts import decimal_text, nano_of
from tenants.chargeback.models import HOUR, Meter
from tenants.chargeback.services.statements import View, last_day
from tenants.directory.models import Tenant

COLUMNS = ("statement", "tenant", "cost_centre", "month", "state", "kind", "model", "meter",
           "price_version", "price", "per", "calls", "estimated", "quantity", "amount",
           "currency", "note", "corrects", "at", "runs", "hours")  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line in words."""

    title: str
    note: str
    quantity: int | Decimal | None
    unit: str
    price: str
    nano: int


@dataclass(frozen=True)
class Paper:
    """What stands on the page."""

    view: View
    groups: list[tuple[str, list[Line]]]
    calls: int
    runs: int
    corrections: int

    @property
    def number(self) -> str:
        return number_of(self.view.tenant, self.view.period)

    @property
    def last_day(self) -> date:
        return last_day(self.view.period)

    @property
    def exceptions(self) -> bool:
        """Whether something did not agree when the month was closed."""
        names = ("missing", "twice", "unbilled", "charged_twice")
        return any(self.view.certificate.get(name) for name in names)

    @property
    def line_count(self) -> int:
        return len(self.view.lines)


def number_of(tenant: Tenant, period: date) -> str:
    """ "ST-claims-2026-10"."""
    return f"ST-{tenant.slug}-{period:%Y-%m}"


def paper_of(tenant: Tenant, period: date, currency: str) -> Paper:
    """The statement of a tenant for a month. The caller has checked that it may be seen."""
    view = services.statement_of(tenant, period, currency)
    groups = [
        (model, [_line(line, currency) for line in lines])
        for model, lines in groupby(view.lines, key=lambda line: line["model"])
    ]
    calls = sum(line.get("calls", 0) for line in view.lines)
    runs = sum(line["runs"] for line in view.lines if line["kind"] == "hardware")
    changed = sum(line["kind"] == "correction" for line in view.lines)
    return Paper(view, groups, calls, runs, changed)


def sheet_rows(view: View) -> Iterator[tuple]:
    """The lines for CSV, in the order of the page."""
    tenant, month = view.tenant, f"{view.period:%Y-%m}"
    start = (number_of(tenant, view.period), tenant.slug, tenant.cost_centre, month)
    state = "closed" if view.closed else "open"
    middle = ("meter", "price_version", "price", "per", "calls", "estimated", "quantity")
    for line in view.lines:
        facts = tuple(line.get(name, "") for name in middle[:-1])
        quantity = line.get("quantity", line.get("unit_seconds", ""))
        amount = (decimal_text(line["nano"]), view.currency)
        why = tuple(line.get(name, "") for name in ("note", "corrects", "at"))
        time = (line.get("runs", ""), hours_of(line) if "runs" in line else "")
        what = (state, line["kind"], line["model"])
        yield (*start, *what, *facts, quantity, *amount, *why, *time)


def hours_of(line: dict) -> Decimal:
    """GPU hours (or core hours) of a line of hardware, to the hundredth of a second."""
    return round(Decimal(line["unit_seconds"]) / HOUR, 6)


def _line(line: dict, currency: str) -> Line:
    if line["kind"] == "correction":
        at = datetime.fromisoformat(line["at"])
        title = f"Correction of {at.day} {at:%b}: {line['note']}"
        return Line(title, f"Of {line['corrects']}", None, "", "", line["nano"])
    if line["kind"] in ("hardware", "refund"):
        return _hardware_line(line, currency)
    title = f"{Meter(line['meter']).label.capitalize()}, price version {line['price_version']}"
    guessed = f"{line['estimated']} of {line['calls']} calls estimated"
    price = money(nano_of(Decimal(line["price"])), currency)
    unit = f"per {line['per']:,}"
    note = guessed if line["estimated"] else ""
    return Line(title, note, line["quantity"], unit, price, line["nano"])


def _hardware_line(line: dict, currency: str) -> Line:
    unit, runs = Meter(line["meter"]).unit, line["runs"]
    version = f"price version {line['price_version']}"
    if line["kind"] == "refund":
        title, note = f"Given back for pre-emption, {version}", f"Of {runs} runs of jobs"
    else:
        title, note = f"{unit[0].upper()}{unit[1:]}, {version}", f"{runs} runs of jobs"
    price = money(nano_of(Decimal(line["price"])), currency)
    note = note.removesuffix("s of jobs") + " of jobs" if runs == 1 else note
    return Line(title, note, hours_of(line), f"per {unit.removesuffix('s')}", price, line["nano"])
