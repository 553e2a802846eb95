"""Reserve before a call is forwarded, end it exactly once: the money of one call, in SQL."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from compute.gateway.admission import Admitted

RESERVE = """
INSERT INTO tenants_call (
  id, tenant_id, provider_id, key_id, holder_id, grant_id, model_id, model_slug, version,
  endpoint_id, environment, region, protocol, started_at, price_id, reserved_nano, currency
) VALUES (
  %(id)s, %(tenant_id)s, %(provider_id)s, %(key_id)s, %(holder_id)s, %(grant_id)s, %(model_id)s,
  %(slug)s, %(version)s, %(endpoint_id)s, %(environment)s, %(region)s, %(protocol)s,
  %(started_at)s, %(price_id)s, %(reserved_nano)s, %(currency)s
)
"""
END = """
WITH ended AS (
  UPDATE tenants_call SET
    ended_at = now(), ended_as = %(ended_as)s, amount_nano = %(amount_nano)s,
    http_status = %(http_status)s, status_class = %(http_status)s / 100,
    latency_ms = %(latency_ms)s, ttfb_ms = %(ttfb_ms)s, overhead_ms = %(overhead_ms)s,
    quantities = %(quantities)s::jsonb
  WHERE id = %(id)s AND ended_as IS NULL
  RETURNING id, tenant_id, provider_id, key_id, model_id, model_slug, price_id, currency,
    amount_nano, date_trunc('month', started_at AT TIME ZONE 'UTC')::date AS month
), placed AS (
  SELECT ended.*, CASE WHEN EXISTS (
      SELECT FROM tenants_statement closed
      WHERE closed.tenant_id = ended.tenant_id AND closed.period = ended.month
        AND closed.status = 'closed')
    THEN date_trunc('month', now() AT TIME ZONE 'UTC')::date ELSE ended.month END AS period
  FROM ended
), posted AS (
  INSERT INTO tenants_posting (
    transaction, line, tenant_id, account, nano, currency, cause, period, at, meter, quantity,
    price_id, subject, subject_id, key_id)
  SELECT placed.id, side.line, CASE side.line WHEN 1 THEN tenant_id ELSE provider_id END,
    side.account, side.sign * amount_nano, currency, 'call', period, now(), %(meter)s,
    %(quantity)s, price_id, model_slug, model_id, key_id
  FROM placed, (VALUES (1, 'usage', 1), (2, 'revenue', -1)) AS side (line, account, sign)
  WHERE amount_nano > 0
)
SELECT count(*) AS ended FROM ended
"""

KEPT = (
    "tenant_id", "provider_id", "key_id", "holder_id", "grant_id", "model_id", "slug", "version",
    "endpoint_id", "environment", "region", "price_id", "currency",
)  # fmt: skip


@dataclass(frozen=True)
class Reservation:
    """What a call may cost at most, in nano-units, for `rows` predictions."""

    id: UUID
    admitted: Admitted
    protocol: str
    started_at: datetime
    rows: int
    reserved_nano: int


@dataclass(frozen=True)
class Ending:
    """How a call ended: settled, voided or estimated; times in milliseconds."""

    id: UUID
    ended_as: str
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
    admitted = wish.admitted
    facts = {name: getattr(admitted, name) for name in KEPT}
    own = {
        "id": wish.id,
        "protocol": wish.protocol,
        "started_at": wish.started_at,
        "reserved_nano": wish.reserved_nano,
    }
    await connection.execute(RESERVE, facts | own)


async def end(connection, ending: Ending) -> bool:
    """End a reservation and write its two postings, in the caller's transaction.

    False when it had ended before, or was never written: then nothing is changed.
    """
    facts = ending.__dict__ | {"quantities": json.dumps(ending.quantities)}
    row = await (await connection.execute(END, facts)).fetchone()
    return row.ended == 1
