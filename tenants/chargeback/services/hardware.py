"""Time on hardware in the ledger: charged once when it ends, given back where policy says so."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from tenants.chargeback.models import Cause, Price
from tenants.chargeback.services.ledger import write
from tenants.chargeback.settlement import lines_of, period_of


@dataclass(frozen=True)
class Used:
    """What the ledger must know of a stretch of hardware; `Billed` of a call is the same.

    `key_id` is who used it: for a call its key, for hardware its job.
    """

    id: UUID
    tenant_id: UUID
    provider_id: UUID
    key_id: UUID | None
    model_id: UUID
    model_slug: str
    price_id: UUID
    currency: str


@transaction.atomic
def charge(
    id: UUID, *, tenant: UUID, user: UUID, price: Price, meter: str, quantity: Decimal,
    ended_at: datetime,
) -> int:  # fmt: skip
    """Enter `quantity` (unit-seconds) of hardware, used by the job `user` of `tenant`.

    The transaction has the id of what was used, so that a second time violates the ledger's
    key. It belongs to the month in which the use ended, or to this one if that is closed.
    Returns what it cost in nano-units; nothing is entered for 0.
    """
    nano = price.nano_for(quantity)
    used = Used(
        id, tenant, price.tenant_id, user, price.model_id, price.model_slug, price.pk,
        price.currency,
    )  # fmt: skip
    if nano:
        period = period_of(ended_at)
        rows = lines_of(
            used, transaction=id, cause=Cause.JOB, nano=nano, at=timezone.now(), period=period,
            meter=meter, quantity=quantity,
        )  # fmt: skip
        write(rows, period)
    return nano
