"""Statements: what a tenant owes for a month, live while it runs, frozen when it is closed."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Sum
from django.utils import timezone

from portal.audit.services import advance, denied
from portal.core import tenancy
from portal.core.errors import Conflict, Refused
from portal.core.lifecycle import Overtaken
from tenants.chargeback import upward
from tenants.chargeback.lifecycle import StatementStatus
from tenants.chargeback.models import Call, Cause, Ending, Posting, Price, Statement
from tenants.chargeback.services.ledger import OPEN_FOR
from tenants.chargeback.services.usage import between
from tenants.chargeback.settlement import CLOSE_SQL, month_key, period_of
from tenants.directory.models import Tenant

CURRENCY = "EUR"
KINDS = ("usage", "hardware", "refund", "correction")


@dataclass(frozen=True)
class View:
    """A statement as it is shown: `lines` as in `live_lines`, money in nano-units."""

    tenant: Tenant
    period: date
    currency: str
    lines: list[dict]
    total_nano: int
    row: Statement | None = None
    certificate: dict = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        return self.row is not None and self.row.status == StatementStatus.CLOSED


def statement_of(tenant: Tenant, period: date, currency: str = CURRENCY) -> View:
    """The statement of `tenant` for the month that begins on `period`: frozen lines once closed.

    The caller has checked that it may be seen.
    """
    row = Statement.objects.filter(tenant=tenant, period=period, currency=currency).first()
    if row and row.status == StatementStatus.CLOSED:
        facts = {"lines": row.lines, "total_nano": row.total_nano, "certificate": row.certificate}
        return View(tenant, period, currency, row=row, **facts)
    lines = live_lines(tenant.pk, period, currency)
    return View(tenant, period, currency, lines, sum(line["nano"] for line in lines), row)


def live_lines(tenant_id, period: date, currency: str) -> list[dict]:
    """What stands in the ledger: one line for each model, meter and price, then corrections.

    A usage line: kind, model, meter, price_id, price_version, price (text), per, calls,
    estimated, quantity, nano. Hardware, and refunds of it, have runs and unit_seconds (text) in
    place of calls, estimated and quantity. A correction: kind, model, corrects, note, at, nano.
    """
    owed = Posting.objects.filter(
        tenant=tenant_id, period=period, account="usage", currency=currency
    )
    lines = _usage_lines(owed.filter(cause=Cause.CALL), tenant_id, period)
    lines += _hardware_lines(owed.filter(cause__in=[Cause.JOB, Cause.REFUND]))
    for posting in owed.filter(cause=Cause.CORRECTION).order_by("subject", "at", "transaction"):
        about = {"corrects": str(posting.corrects), "note": posting.note}
        about |= {"at": posting.at.isoformat(), "id": str(posting.transaction)}
        lines.append(
            {"kind": "correction", "model": posting.subject, **about, "nano": posting.nano}
        )
    return sorted(lines, key=lambda line: (line["model"], KINDS.index(line["kind"])))


def _usage_lines(postings, tenant_id, period: date) -> list[dict]:
    sums = list(
        postings.values("subject", "meter", "price_id")
        .annotate(calls=Count("transaction"), quantity=Sum("quantity"), total=Sum("nano"))
        .order_by("subject", "meter", "price_id")
    )
    prices = Price.objects.in_bulk({row["price_id"] for row in sums})
    guessed = _estimated(tenant_id, period)
    return [
        _priced("usage", row, prices[row["price_id"]])
        | {
            "calls": row["calls"],
            "estimated": guessed.get(row["price_id"], 0),
            "quantity": int(row["quantity"]),
            "nano": int(row["total"]),
        }
        for row in sums
    ]


def _hardware_lines(postings) -> list[dict]:
    """Time on hardware, and below it what was given back."""
    sums = list(
        postings.values("subject", "meter", "price_id", "cause")
        .annotate(runs=Count("corrects", distinct=True), quantity=Sum("quantity"))
        .annotate(total=Sum("nano"), charged=Count("transaction", distinct=True))
        .order_by("subject", "meter", "price_id", "cause")
    )
    prices = Price.objects.in_bulk({row["price_id"] for row in sums})
    return [
        _priced("refund" if row["cause"] == Cause.REFUND else "hardware", row,
                prices[row["price_id"]])
        | {
            "runs": row["runs"] or row["charged"],
            "unit_seconds": f"{row['quantity']:f}",
            "nano": int(row["total"]),
        }
        for row in sums
    ]  # fmt: skip


def _priced(kind: str, row: dict, price: Price) -> dict:
    return {
        "kind": kind,
        "model": row["subject"],
        "meter": row["meter"],
        "price_id": str(price.pk),
        "price_version": price.version,
        "price": f"{price.amount:f}",
        "per": price.per,
    }


def _estimated(tenant_id, period: date) -> dict:
    calls = between(Call.objects.filter(tenant=tenant_id), period, last_day(period))
    rows = calls.filter(ended_as=Ending.ESTIMATED).order_by().values_list("price_id")
    return dict(rows.annotate(Count("pk")))


@transaction.atomic
def close_period(period: date, *, by) -> list[Statement]:
    """Close the month that begins on `period` for every tenant; returns its statements.

    Finance only; `by=None` is the platform. A second time closes nothing new. Refuses while the
    month runs or one of its reservations is open. Waits for postings that are being written to the
    month; what comes later goes to the next one.
    """
    if by is not None and not by.is_finance:
        raise denied("close a month", by, by=by, why="Only finance closes a month.")
    if period.day != 1:
        raise Refused("A month is named by its first day.", field="period")
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_SQL, [month_key(period)])
    _require_over(period)
    with tenancy.as_system():
        _require_settled(period)
        ran = upward.sources.ran(period, last_day(period))
        owed = Posting.objects.filter(period=period, account="usage").order_by()
        for tenant_id, currency in owed.values_list("tenant_id", "currency").distinct():
            mine = [one for one in ran if (one.tenant_id, one.currency) == (tenant_id, currency)]
            _close(tenant_id, period, currency, by, mine)
        return list(Statement.objects.filter(period=period).select_related("tenant"))


def open_statements() -> int:
    """Give tenants that were billed this month or last their open statements; says how many.

    Run by the clock and before statements are listed, so that what is in the ledger has a place
    to be looked at. A month that is closed gets no more; a further currency joins at closing.
    """
    this = period_of(timezone.now())
    with tenancy.as_system():
        return sum(_open(period) for period in (this, (this - timedelta(days=1)).replace(day=1)))


def _open(period: date) -> int:
    if Statement.objects.filter(period=period, status=StatementStatus.CLOSED).exists():
        return 0
    owed = Posting.objects.filter(period=period, account="usage")
    billed = Exists(owed.filter(tenant=OuterRef("pk")))
    shown = Exists(Statement.objects.filter(period=period, tenant=OuterRef("pk")))
    missing = list(Tenant.objects.filter(billed, ~shown).values_list("pk", flat=True))
    if not missing:
        return 0
    places = owed.filter(tenant__in=missing).order_by().values_list("tenant_id", "currency")
    rows = [
        Statement(tenant_id=tenant, period=period, currency=currency)
        for tenant, currency in places.distinct()
    ]
    Statement.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def running_totals(statements: list[Statement]) -> dict:
    """What open `statements` come to now, in nano-units by id; one question for all of them."""
    places = {(row.tenant_id, row.period, row.currency): row.pk for row in statements}
    owed = Posting.objects.filter(
        account="usage",
        tenant__in={place[0] for place in places},
        period__in={place[1] for place in places},
    ).order_by()
    sums = owed.values_list("tenant_id", "period", "currency").annotate(total=Sum("nano"))
    found = {place: int(total) for *place, total in sums for place in [tuple(place)]}
    return {pk: found.get(place, 0) for place, pk in places.items()}


def closable_months() -> list[date]:
    """Months that are over and have open statements, the oldest first."""
    waiting = Statement.objects.filter(
        status=StatementStatus.OPEN, period__lt=period_of(timezone.now() - OPEN_FOR)
    )
    return list(waiting.order_by("period").values_list("period", flat=True).distinct())


def preview_of(period: date) -> list[dict]:
    """What closing the month would freeze: tenants, total and open calls, by currency."""
    owed = Posting.objects.filter(period=period, account="usage").order_by().values("currency")
    sums = owed.annotate(tenants=Count("tenant", distinct=True), nano=Sum("nano"))
    waiting = between(Call.objects.filter(ended_as=None), period, last_day(period)).count()
    waiting += upward.sources.owed(period, last_day(period))
    return [row | {"open": waiting} for row in sums.order_by("currency")]


def last_day(period: date) -> date:
    """The last day of the month that begins on `period`."""
    return next_period(period) - timedelta(days=1)


def next_period(period: date) -> date:
    """The first day of the month after."""
    return (period + timedelta(days=32)).replace(day=1)


def _require_over(period: date) -> None:
    """Over for 15 minutes: a reservation made in its last instant is in the ledger by then."""
    if period_of(timezone.now() - OPEN_FOR) <= period:
        raise Conflict(
            f"{period:%B %Y} can be closed from {next_period(period):%-d %B %Y}, 00:15 UTC.",
            field="period",
        )


def _require_settled(period: date) -> None:
    left = between(Call.objects.filter(ended_as=None), period, last_day(period)).count()
    if left:
        raise Conflict(
            f"{left} calls of {period:%B %Y} are not settled. They are within 15 minutes; "
            "close the month then.",
            field="period",
        )
    if owed := upward.sources.owed(period, last_day(period)):
        raise Conflict(
            f"{owed} runs of jobs that ended in {period:%B %Y} are not billed. They are within "
            "a minute; close the month then.",
            field="period",
        )


def _close(tenant_id, period: date, currency: str, by, ran: list[upward.Ran]) -> None:
    place = {"tenant_id": tenant_id, "period": period, "currency": currency}
    statement, _ = Statement.objects.get_or_create(**place)
    if statement.status == StatementStatus.CLOSED:
        return
    statement.lines = live_lines(tenant_id, period, currency)
    statement.total_nano = sum(line["nano"] for line in statement.lines)
    statement.closed_at, statement.closed_by = timezone.now(), by
    statement.certificate = _certify(statement, ran)
    frozen = ["lines", "total_nano", "closed_at", "closed_by", "certificate"]
    statement.save(update_fields=frozen)
    facts = {"total_nano": str(statement.total_nano), "currency": currency}
    try:
        advance(
            statement,
            StatementStatus.CLOSED,
            by=by,
            digest=statement.certificate["digest"],
            **facts,
        )
    except Overtaken:
        raise Conflict(f"{period:%B %Y} is being closed by somebody else.") from None


def _certify(statement: Statement, ran: list[upward.Ran]) -> dict:
    """What was compared: calls that were answered and runs of jobs that ended, those that cost
    something, and their transactions."""
    period, mine = statement.period, {"tenant": statement.tenant_id}
    mine["currency"] = statement.currency
    calls = between(Call.objects.filter(**mine, amount_nano__gt=0), period, last_day(period))
    entered = Posting.objects.filter(transaction=OuterRef("pk"), account="usage")
    owed = Posting.objects.filter(**mine, period=period, account="usage", cause=Cause.CALL)
    settled = owed.values("transaction").distinct().count()
    return {
        "answered": calls.count(),
        "settled": settled,
        "missing": calls.filter(~Exists(entered)).count(),
        "twice": owed.count() - settled,
        "digest": digest_of(statement.lines),
    } | _certify_runs(ran)


def _certify_runs(ran: list[upward.Ran]) -> dict:
    """Runs that ended in the month, those with a transaction, without one, with several."""
    if not ran:
        return {}
    lines = Posting.objects.filter(
        transaction__in=[one.id for one in ran], account="usage", cause=Cause.JOB
    )
    found = list(lines.values_list("transaction", flat=True))
    entered = len(set(found))
    return {"ran": len(ran), "charged": entered, "unbilled": len(ran) - entered,
            "charged_twice": len(found) - entered}  # fmt: skip


def digest_of(lines: list[dict]) -> str:
    """SHA-256 of the lines as canonical JSON."""
    text = json.dumps(lines, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
