"""Reserve before a call is forwarded, end it exactly once: the money of one call."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from compute.gateway.admission import Admitted
from tenants.chargeback.settlement import (
    HOLD_SQL,
    POSTING_SQL,
    SETTLE_SQL,
    Billed,
    ending_of,
    month_key,
    period_of,
    postings_for,
)

RESERVE = """
INSERT INTO tenants_call (
  id, tenant_id, provider_id, key_id, holder_id, grant_id, model_id, model_slug, version,
  endpoint_id, environment, region, protocol, started_at, price_id, reserved_nano, currency,
  quantities
) VALUES (
  %(id)s, %(tenant_id)s, %(provider_id)s, %(key_id)s, %(holder_id)s, %(grant_id)s, %(model_id)s,
  %(model_slug)s, %(version)s, %(endpoint_id)s, %(environment)s, %(region)s, %(protocol)s,
  %(started_at)s, %(price_id)s, %(reserved_nano)s, %(currency)s, %(expected)s::jsonb
)
"""
KEPT = (
    "tenant_id", "provider_id", "key_id", "holder_id", "grant_id", "model_id", "model_slug",
    "version", "endpoint_id", "environment", "region", "price_id", "currency",
)  # fmt: skip
LARGEST = 2**63 - 1  # what an amount in nano-units may be


@dataclass(frozen=True)
class Reservation:
    """What a call may cost at most, in nano-units, for `rows` predictions."""

    id: UUID
    admitted: Admitted
    protocol: str
    started_at: datetime
    rows: int
    reserved_nano: int

    @property
    def bill(self) -> "Bill":
        """To whom the postings of this call go."""
        kept = ("tenant_id", "provider_id", "key_id", "model_id", "model_slug", "price_id")
        facts = {name: getattr(self.admitted, name) for name in (*kept, "currency")}
        return Bill(id=self.id, started_at=self.started_at, **facts)


@dataclass(frozen=True)
class Bill:
    """What the ledger must know of a call."""

    id: UUID
    started_at: datetime
    tenant_id: UUID
    provider_id: UUID
    key_id: UUID
    model_id: UUID
    model_slug: str
    price_id: UUID
    currency: str


@dataclass(frozen=True)
class Ending:
    """How a call ended: settled, voided or estimated; times in milliseconds.

    `bill` is there whenever there is something to pay.
    """

    id: UUID
    ended_as: str
    bill: Billed | None = None
    amount_nano: int = 0
    meter: str = ""
    quantity: int = 0
    http_status: int | None = None
    latency_ms: float | None = None
    ttfb_ms: float | None = None
    overhead_ms: float | None = None
    quantities: dict = field(default_factory=dict)


async def reserve(connection, wish: Reservation) -> None:
    """Write the row that makes the call somebody's debt; the caller commits before forwarding."""
    facts = {name: getattr(wish.admitted, name) for name in KEPT}
    own = {
        "id": wish.id,
        "protocol": wish.protocol,
        "started_at": wish.started_at,
        "reserved_nano": wish.reserved_nano,
        "expected": json.dumps({"calls": 1, "predictions": wish.rows}),
    }
    await connection.execute(RESERVE, facts | own)


async def end(connection, ending: Ending) -> bool:
    """End a reservation and write its two postings, in the caller's transaction.

    False when it had ended before, or was never written: then nothing is changed.
    """
    now = timezone.now()
    times = {n: getattr(ending, n) for n in ("latency_ms", "ttfb_ms", "overhead_ms")}
    values = ending_of(
        ending.id,
        ended_as=ending.ended_as,
        at=now,
        nano=ending.amount_nano,
        quantities=ending.quantities,
        http_status=ending.http_status,
        **times,
    )
    cursor = await connection.execute(SETTLE_SQL, values)
    if await cursor.fetchone() is None:
        return False
    if ending.amount_nano:
        bill, period = ending.bill, period_of(ending.bill.started_at)
        facts = (bill, ending.quantity, ending.amount_nano, now, period, ending.meter)
        await connection.execute(HOLD_SQL, [month_key(period)])
        await cursor.executemany(POSTING_SQL, postings_for(*facts))
    return True
