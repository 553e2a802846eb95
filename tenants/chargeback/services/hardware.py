"""Time on hardware in the ledger: charged once when it ends, given back where policy says so."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from tenants.chargeback.models import Cause, Posting, Price
from tenants.chargeback.services.ledger import Used, held_charge, write
from tenants.chargeback.settlement import lines_of, period_of
from tenants.directory.models import Tenant


@dataclass(frozen=True)
class Use:
    """`quantity` unit-seconds of hardware, used by the job `user` of `tenant`."""

    id: UUID
    tenant: Tenant
    user: UUID
    price: Price
    meter: str
    quantity: Decimal
    ended_at: datetime

    @property
    def nano(self) -> int:
        """What it costs in nano-units."""
        return self.price.nano_for(self.quantity)


@transaction.atomic
def charge(uses: Iterable[Use]) -> None:
    """Enter what was used, all or nothing.

    Each transaction has the id of what was used, so that a second time violates the ledger's
    key. It belongs to the month in which the use ended, or to this one if that is closed.
    Nothing is entered for what costs 0.
    """
    months: dict = defaultdict(list)
    now = timezone.now()
    for use in uses:
        if nano := use.nano:
            period = period_of(use.ended_at)
            months[period] += lines_of(
                _used(use), transaction=use.id, cause=Cause.JOB, nano=nano, at=now, period=period,
                meter=use.meter, quantity=use.quantity,
            )  # fmt: skip
    for period in sorted(months):
        write(months[period], period)


def _used(use: Use) -> Used:
    price = use.price
    return Used(
        use.id, use.tenant, price.tenant_id, use.user, price.model_id, price.model_slug, price.pk,
        price.currency,
    )  # fmt: skip


@transaction.atomic
def refund(id: UUID, *, parts: Mapping[UUID, Decimal], note: str) -> int:
    """Give back `parts`: unit-seconds of hardware by id of what was charged, at its own price.

    One transaction with the id of the reason, once, in the month that runs now. Of each charge at
    most what is left of it. Returns what was given back in nano-units. The platform does this.
    """
    now, rows, whole = timezone.now(), [], 0
    for charged, quantity in sorted(parts.items()):
        first, left = held_charge(charged)
        if first is None or left <= 0:
            continue
        price = Price.objects.get(pk=first.price_id)
        back = min(left, price.nano_for(quantity))
        rows += _back(id, first, back, quantity, note, now, place=len(rows))
        whole += back
    write(rows, period_of(now))
    return whole


def _back(id, first: Posting, nano: int, quantity: Decimal, note: str, now, *, place: int) -> list:
    """Two lines that give `nano` back; lines of a transaction count on from `place`."""
    if not nano:
        return []
    earned = Posting.objects.get(transaction=first.transaction, line=2)
    used = Used(
        id, first.tenant, earned.tenant_id, first.key_id, first.subject_id, first.subject,
        first.price_id, first.currency,
    )  # fmt: skip
    lines = lines_of(
        used, transaction=id, cause=Cause.REFUND, nano=-nano, at=now, period=period_of(now),
        meter=first.meter, quantity=-quantity, corrects=first.transaction, note=note,
    )  # fmt: skip
    return [(head, line + place, *rest) for head, line, *rest in lines]
