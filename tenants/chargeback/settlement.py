"""How a reservation ends: the rows and the SQL, shared by the gateway and by the sweep.

Knows no Django. Both callers, in one transaction: `SETTLE_SQL` with `ending_of(…)`; if it gave a
row back, the reservation was still open and, if it cost something, `HOLD_SQL` with `month_key(…)`
runs and then `POSTING_SQL` once for each of `postings_for(…)`. Exactly once, because `ended_as IS
NULL` lets one of two hands through and a posting's key is its transaction and line. Placeholders
are those of psycopg.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Protocol
from uuid import UUID

NANO = 1_000_000_000

SETTLE_SQL = """
UPDATE tenants_call SET ended_as = %s, ended_at = %s, http_status = %s, status_class = %s,
  latency_ms = %s, ttfb_ms = %s, overhead_ms = %s, quantities = %s::jsonb, amount_nano = %s
WHERE id = %s AND ended_as IS NULL
RETURNING id
"""
# Until the end of the transaction nobody closes the month. Closing takes `CLOSE_SQL` and waits for
# every hold, so what is posted is either on the statement or sees that its month is closed. A hold
# is a statement of its own: within `POSTING_SQL` it would wait with an old view of the statements.
HOLD_SQL = "SELECT pg_advisory_xact_lock_shared(hashtext(%s))"
CLOSE_SQL = "SELECT pg_advisory_xact_lock(hashtext(%s))"
# A posting whose month was closed meanwhile goes to the month in which it is written.
POSTING_SQL = """
INSERT INTO tenants_posting (transaction, line, tenant_id, account, nano, currency, cause, period,
  at, meter, quantity, price_id, subject, subject_id, key_id, corrects, note)
SELECT p.transaction, p.line, p.tenant_id, p.account, p.nano, p.currency, p.cause,
  CASE WHEN EXISTS (
    SELECT 1 FROM tenants_statement s WHERE s.period = p.period AND s.status = 'closed'
  ) THEN date_trunc('month', p.at AT TIME ZONE 'UTC')::date ELSE p.period END,
  p.at, p.meter, p.quantity, p.price_id, p.subject, p.subject_id, p.key_id, p.corrects, p.note
FROM (VALUES (%s::uuid, %s::smallint, %s::uuid, %s::varchar, %s::bigint, %s::varchar, %s::varchar,
  %s::date, %s::timestamptz, %s::varchar, %s::numeric, %s::uuid, %s::varchar, %s::uuid, %s::uuid,
  %s::uuid, %s::text)) AS p (transaction, line, tenant_id, account, nano, currency, cause, period,
  at, meter, quantity, price_id, subject, subject_id, key_id, corrects, note)
"""


class Billed(Protocol):
    """What the ledger must know of a call; a `Call` row has it, and so may anything else."""

    id: UUID
    tenant_id: UUID
    provider_id: UUID
    key_id: UUID | None
    model_id: UUID
    model_slug: str
    price_id: UUID
    currency: str


def nano_for(amount: Decimal, per: int, quantity: int | Decimal) -> int:
    """What `quantity` units cost at `amount` for each `per`: nano-units, rounded half to even."""
    return round(Fraction(amount) * Fraction(quantity) * NANO / per)


def period_of(moment: datetime) -> date:
    """The month, by its first day in UTC, that `moment` belongs to."""
    return moment.astimezone(UTC).date().replace(day=1)


def month_key(period: date) -> str:
    """The value for `HOLD_SQL` and `CLOSE_SQL`: what names the month that begins on `period`."""
    return f"close {period}"


def ending_of(
    call_id: UUID,
    *,
    ended_as: str,
    at: datetime,
    nano: int,
    quantities: Mapping[str, int],
    http_status: int | None = None,
    latency_ms: float | None = None,
    ttfb_ms: float | None = None,
    overhead_ms: float | None = None,
) -> tuple:
    """The values for `SETTLE_SQL`. `ended_as` is settled, voided (then `nano` is 0) or estimated.

    `quantities` by meter, for example `{"calls": 1, "predictions": 3}`; the reservation holds
    the quantities that are expected, in the same shape.
    """
    status_class = http_status // 100 if http_status else None
    counted = json.dumps(dict(quantities))
    times = (latency_ms, ttfb_ms, overhead_ms)
    return (ended_as, at, http_status, status_class, *times, counted, nano, call_id)


def postings_for(
    call_row: Billed,
    quantity: int,
    nano: int,
    at: datetime,
    period: date,
    meter: str = "predictions",
) -> list[tuple]:
    """The lines of a settled call for `POSTING_SQL`: what its tenant owes, what the owner earns.

    `period` is `period_of` the call's start. A voided call, or one that cost nothing, has none.
    """
    if not nano:
        return []
    return lines_of(
        call_row, transaction=call_row.id, cause="call", nano=nano, at=at, period=period,
        meter=meter, quantity=quantity,
    )  # fmt: skip


def lines_of(
    call_row: Billed,
    *,
    transaction: UUID,
    cause: str,
    nano: int,
    at: datetime,
    period: date,
    meter: str,
    quantity: int | Decimal,
    corrects: UUID | None = None,
    note: str = "",
) -> list[tuple]:
    """Two lines that sum to zero, about `call_row`."""
    sides = ((1, call_row.tenant_id, "usage", nano), (2, call_row.provider_id, "revenue", -nano))
    before = [(transaction, *side, call_row.currency, cause, period, at) for side in sides]
    about = (call_row.price_id, call_row.model_slug, call_row.model_id, call_row.key_id)
    return [(*start, meter, quantity, *about, corrects, note) for start in before]
