"""Tells the room of money what hardware there is, and what ran on it."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import connection

from compute.capacity.models import GpuFlavour
from compute.jobs.models import Run
from compute.jobs.services.metering import meter_of
from tenants.chargeback import upward

SHOWN = 20
CHECKS = (
    (
        "Run {0} cost {1} nano-units, and the ledger holds {2} for it.",
        """
        SELECT coalesce(r.id, p.transaction), r.nano, p.nano FROM compute_run r
        FULL JOIN (SELECT transaction, nano FROM tenants_posting
          WHERE cause = 'job' AND account = 'usage') p ON p.transaction = r.id
        WHERE coalesce(p.nano, 0) <> coalesce(CASE WHEN r.billed_at IS NOT NULL THEN r.nano END, 0)
        """,
    ),
    (
        "Run {0} lasted {1} seconds, and {2} were billed.",
        """
        SELECT id, extract(epoch FROM ended_at - started_at), seconds FROM compute_run
        WHERE billed_at IS NOT NULL AND seconds <> extract(epoch FROM ended_at - started_at)
        """,
    ),
    (
        "Receipt {0} gave back {1} nano-units, and the ledger holds {2} for it.",
        """
        SELECT coalesce(r.id, p.transaction), r.refunded_nano, p.nano FROM compute_receipt r
        FULL JOIN (SELECT transaction, -sum(nano) AS nano FROM tenants_posting
          WHERE cause = 'refund' AND account = 'usage' GROUP BY transaction) p
          ON p.transaction = r.id
        WHERE coalesce(p.nano, 0) <> coalesce(r.refunded_nano, 0)
        """,
    ),
)


def hardware_ids(user):
    """A subquery of the ids of kinds of hardware that `user` may know of."""
    return GpuFlavour.objects.visible_to(user).values("pk")


def kind(user, id: UUID) -> upward.Kind | None:
    """A kind of hardware as the price book must know it."""
    found = _seen_by(user).filter(pk=id).first()
    return found and _as_kind(found)


def kinds(user) -> list[upward.Kind]:
    """All kinds of hardware that `user` may know of."""
    return [_as_kind(each) for each in _seen_by(user)]


def owed(since: date, until: date) -> int:
    """How many runs ended on these days and are not billed."""
    return _ended(since, until).filter(billed_at=None).count()


def ran(since: date, until: date) -> list[upward.Ran]:
    """The runs that ended on these days and cost something."""
    rows = _ended(since, until).filter(billed_at__isnull=False, nano__gt=0)
    return [upward.Ran(*row) for row in rows.values_list("pk", "tenant_id", "currency", "nano")]


def amiss() -> list[str]:
    """Runs and receipts that do not agree with the ledger, in words; at most 20 of each kind.

    The caller reaches everything.
    """
    return [said for words, sql in CHECKS for said in _ask(words, sql)]


def _seen_by(user):
    return GpuFlavour.objects.visible_to(user).select_related("cluster__provider")


def _as_kind(found: GpuFlavour) -> upward.Kind:
    return upward.Kind(found.pk, found.slug, found.name, found.tenant, meter_of(found))


def _ended(since: date, until: date):
    start, end = (datetime.combine(day, time.min, UTC) for day in (since, until))
    return Run.objects.filter(ended_at__gte=start, ended_at__lt=end + timedelta(days=1))


def _ask(words: str, sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} LIMIT {SHOWN}")
        return [words.format(*row) for row in cursor.fetchall()]


upward.connect(hardware=hardware_ids, kind=kind, kinds=kinds, owed=owed, ran=ran, amiss=amiss)
