"""Writing to the ledger outside of the gateway: corrections, and what a crash left open."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from portal.audit.services import denied, record
from portal.core import tenancy
from portal.core.errors import Refused
from portal.core.ids import floor_id, moment_of, new_id
from tenants.chargeback.models import Call, Cause, Ending, Posting, Price
from tenants.chargeback.settlement import (
    HOLD_SQL,
    POSTING_SQL,
    SETTLE_SQL,
    ending_of,
    lines_of,
    month_key,
    period_of,
    postings_for,
)
from tenants.directory.models import Tenant


@dataclass(frozen=True)
class Used:
    """What the ledger must know of a stretch of hardware, as of a call; `key_id` is its job."""

    id: UUID
    tenant: Tenant
    provider_id: UUID
    key_id: UUID | None
    model_id: UUID
    model_slug: str
    price_id: UUID
    currency: str

    @property
    def tenant_id(self) -> UUID:
        return self.tenant.pk


OPEN_FOR = timedelta(minutes=15)
BATCH = 500
MOST = 10**18  # nano-units: far above any price times any quantity, below what a column holds


@transaction.atomic
def correct(call_id: UUID, *, by, nano: int, note: str) -> UUID:
    """Add `nano` (negative is a credit) to what a call, or the run of a job, cost; returns the
    new transaction's id.

    Finance only. Nothing is edited: two new lines in the month that runs now name what they
    correct. All corrections together take back no more than it cost.
    """
    call = Call.objects.visible_to(by).select_for_update().filter(pk=call_id).first()
    used = call or charged_run(by, call_id)
    if used is None:
        raise Refused("There is no call or run of a job with this id.", field="call")
    subject = call or used.tenant
    if not by.is_finance:
        raise denied("correct", subject, by=by, why="Only finance corrects the ledger.")
    note = note.strip()
    if not note:
        raise Refused("Say why. It stands on the statement.", field="note")
    if not nano or abs(nano) > MOST:
        raise Refused("Choose an amount other than 0.", field="amount")
    first, left = held_charge(call_id)
    if first is None:
        raise Refused("This call cost nothing, so there is nothing to correct.", field="call")
    if left + nano < 0:
        what = "call" if call else "run"
        raise Refused(f"This takes back more than the {what} cost.", field="amount")
    now = timezone.now()
    made = new_id()
    rows = lines_of(
        used, transaction=made, cause="correction", nano=nano, at=now, period=period_of(now),
        meter=first.meter, quantity=0, corrects=call_id, note=note,
    )  # fmt: skip
    write(rows, period_of(now))
    facts = {"nano": nano, "currency": first.currency, "entry": str(made)}
    about = {} if call else {"run": str(call_id)}
    record("corrected", subject, by=by, note=note, **facts, **about)
    return made


def settle_estimated() -> int:
    """End reservations that nobody settled for 15 minutes, at what was reserved; says how many.

    Whoever should have settled them died. They are flagged as estimated, once, whatever runs
    beside: another sweep, or the gateway after all.
    """
    done = 0
    while True:
        with tenancy.as_system():
            found = _estimate_batch(timezone.now())
        done += found
        if found < BATCH:
            return done


def ledger_of(id: UUID) -> list[Posting]:
    """The lines that a call or run left, and those that corrected it, in the order of time."""
    mine = list(Posting.objects.filter(transaction=id).select_related("tenant").order_by("line"))
    later = Posting.objects.filter(corrects=id, transaction__gt=id)
    return mine + list(later.select_related("tenant").order_by("transaction", "line"))


def keep_partitions(months: int = 13) -> int:
    """Make the monthly partitions of calls and ledger from last month on; says how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT millwright_keep_partitions((now() - interval '1 month')::date, %s)", [months]
        )
        return cursor.fetchone()[0]


def _estimate_batch(now) -> int:
    overdue = Call.objects.filter(ended_as=None, pk__lt=floor_id(now - OPEN_FOR))
    calls = list(overdue.select_for_update(skip_locked=True).order_by("pk")[:BATCH])
    meters = dict(
        Price.objects.filter(pk__in={call.price_id for call in calls}).values_list("pk", "meter")
    )
    for call in calls:
        _estimate(call, meters[call.price_id], now)
    return len(calls)


def _estimate(call: Call, meter: str, now) -> None:
    nano, quantity = call.reserved_nano, int(call.quantities.get(meter, 0))
    ending = ending_of(
        call.pk, ended_as=Ending.ESTIMATED, at=now, nano=nano, quantities=call.quantities
    )
    with connection.cursor() as cursor:
        cursor.execute(SETTLE_SQL, ending)
        if cursor.fetchone() is None:
            return
    period = period_of(moment_of(call.pk))
    write(postings_for(call, quantity, nano, now, period, meter), period)


def charged_run(user, id: UUID) -> Used | None:
    """The run of a job as the ledger knows it, if `user` may see it."""
    lines = Posting.objects.filter(transaction=id, cause=Cause.JOB).order_by("line")
    owed = Posting.objects.visible_to(user).filter(transaction=id, cause=Cause.JOB, line=1)
    if not owed.exists():
        return None
    with tenancy.as_system():
        first, second = lines.select_related("tenant")
    return Used(
        id, first.tenant, second.tenant_id, first.key_id, first.subject_id, first.subject,
        first.price_id, first.currency,
    )  # fmt: skip


def held_charge(id: UUID) -> tuple[Posting | None, int]:
    """The line that a call or run left in the ledger, and what is left of it after corrections
    and refunds. Nobody else changes that until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"charge {id}"])
    first = Posting.objects.filter(transaction=id, account="usage").first()
    if first is None:
        return None, 0
    since = Posting.objects.filter(
        tenant=first.tenant_id, account="usage", corrects=id, transaction__gt=id
    )
    changed = since.aggregate(nano=Sum("nano"))["nano"] or 0
    return first, first.nano + changed


def write(rows: list[tuple], period: date) -> None:
    """Post `rows` of `lines_of` to the month, which is not closed meanwhile."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(HOLD_SQL, [month_key(period)])
        cursor.executemany(POSTING_SQL, rows)
