"""Who may call which model now: read from the rows for every call, never from a memory."""

import hmac
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from compute.gateway.refusals import Denial, Refusal, unavailable
from compute.gateway.routes import Wanted
from tenants.keys.format import Parts, parse

ENVIRONMENTS = ("production", "staging", "development")
NO_KEY = "Send an API key as Authorization: Bearer mw_live_…"
BAD_KEY = "This API key is unknown, revoked or expired. Check it, or make a new one."
NO_MODEL = "There is no model of this name that you may see. Check the name in the catalogue."
NOBODY = bytes(32)
# `coming`: it is being started, or started again, and may be waited for.
STATE = """CASE
  WHEN endpoint.wanted AND endpoint.status = 'ready' AND endpoint.address <> '' THEN 'ready'
  WHEN endpoint.wanted AND endpoint.status IN ('requested', 'starting', 'unhealthy') THEN 'coming'
  ELSE 'down' END"""

ADMIT = f"""
WITH RECURSIVE line AS (
  SELECT t.id, t.parent_id FROM tenants_tenant t
  JOIN tenants_apikey k ON k.tenant_id = t.id WHERE k.public_id = %(public_id)s
  UNION
  SELECT t.id, t.parent_id FROM tenants_tenant t JOIN line ON t.id = line.parent_id
)
SELECT
  k.id AS key_id, k.digest, k.pepper, k.scopes, k.model_slugs, k.tenant_id, k.holder_id,
  k.status = 'active' AND k.expires_at > now() AS in_force,
  k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute' AS unseen,
  holder.username, holder.is_active AND EXISTS (
    SELECT FROM tenants_membership seat
    WHERE seat.user_id = k.holder_id AND (
      seat.tenant_id = k.tenant_id
      OR seat.role = 'owner' AND seat.tenant_id IN (SELECT id FROM line))
  ) AS stands,
  model.id AS model_id, model.slug AS model_slug, model.tenant_id AS provider_id,
  model.status AS model_status,
  model.tenant_id = k.tenant_id
    OR model.status IN ('published', 'retired') AND (model.visibility = 'everyone' OR EXISTS (
      SELECT FROM marketplace_listing shown
      WHERE shown.model_id = model.id AND shown.tenant_id = k.tenant_id
        AND model.visibility = 'named'))
    OR EXISTS (
      SELECT FROM marketplace_grant held
      WHERE held.model_id = model.id AND held.tenant_id = k.tenant_id AND held.status = 'active'
        AND (held.ends_at IS NULL OR held.ends_at > now())) AS visible,
  way.*,
  price.id AS price_id, price.amount, price.per, price.meter, price.currency
FROM tenants_apikey k
JOIN tenants_user holder ON holder.id = k.holder_id
LEFT JOIN marketplace_aimodel model ON model.slug = %(slug)s
LEFT JOIN LATERAL (
  SELECT grant_.id AS grant_id, grant_.environment, endpoint.id AS endpoint_id,
    endpoint.region, endpoint.address, version.number AS version, secret.sealed AS token,
    {STATE} AS state,
    (%(number)s::int IS NULL OR version.number = %(number)s)
      AND (%(alias)s::text IS NULL OR %(alias)s = ANY (version.aliases)) AS fits
  FROM marketplace_grant grant_
  LEFT JOIN compute_route route
    ON route.model_id = grant_.model_id AND route.environment = grant_.environment
  LEFT JOIN compute_endpoint endpoint ON endpoint.id = route.endpoint_id
  LEFT JOIN marketplace_modelversion version ON version.id = endpoint.version_id
  LEFT JOIN LATERAL (SELECT 'compute.endpoint:' || endpoint.id AS name OFFSET 0) kept ON true
  LEFT JOIN portal_secret secret ON secret.about = kept.name AND secret.field = 'token'
  WHERE grant_.tenant_id = k.tenant_id AND grant_.model_id = model.id
    AND grant_.status = 'active' AND grant_.starts_at <= now()
    AND (grant_.ends_at IS NULL OR grant_.ends_at > now())
    AND (%(environment)s::text IS NULL OR grant_.environment = %(environment)s)
  ORDER BY coalesce((%(number)s::int IS NULL OR version.number = %(number)s)
      AND (%(alias)s::text IS NULL OR %(alias)s = ANY (version.aliases)), false) DESC,
    endpoint.id IS NULL,
    array_position(ARRAY['production', 'staging', 'development'], grant_.environment::text)
  LIMIT 1
) way ON true
LEFT JOIN LATERAL (
  SELECT one.id, one.amount, one.per, one.meter, one.currency FROM tenants_price one
  WHERE one.model_id = model.id AND one.valid_from <= now()
    AND (one.valid_to IS NULL OR one.valid_to > now())
  ORDER BY one.version DESC LIMIT 1
) price ON true
WHERE k.public_id = %(public_id)s
"""
AGAIN = f"""
SELECT {STATE} AS state, endpoint.address, secret.sealed AS token
FROM compute_endpoint endpoint
JOIN portal_secret secret ON secret.field = 'token'
  AND secret.about = 'compute.endpoint:' || endpoint.id
JOIN tenants_apikey k ON k.id = %s AND k.status = 'active' AND k.expires_at > now()
JOIN marketplace_grant held ON held.id = %s AND held.status = 'active'
WHERE endpoint.id = %s
"""
USED = """
UPDATE tenants_apikey SET last_used_at = now() WHERE id IN (
  SELECT id FROM tenants_apikey WHERE id = %s FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True)
class Admitted:
    """A call that may be made: who pays, under which grant, where it goes, at which price.

    `state` is ready, coming or down: whether the model answers there now.
    """

    key_id: UUID
    public_id: str
    tenant_id: UUID
    holder_id: UUID
    provider_id: UUID
    grant_id: UUID
    model_id: UUID
    model_slug: str
    version: int
    environment: str
    endpoint_id: UUID
    region: str
    state: str
    address: str
    price_id: UUID
    meter: str
    amount: Decimal
    per: int
    currency: str
    token: str = field(repr=False)  # sealed, as it is in the vault


FROM_ROW = tuple(name for name in Admitted.__dataclass_fields__ if name != "public_id")


def presented(authorization: str) -> Parts:
    """The key of a request, checked for shape and checksum without asking the database."""
    kind, _, text = authorization.partition(" ")
    parts = parse(text.strip()) if kind.lower() == "bearer" else None
    if parts is None:
        raise Refusal(401, BAD_KEY if text else NO_KEY)
    return parts


async def admit(
    connection, parts: Parts, wanted: Wanted, environment: str | None, peppers: dict[int, bytes]
) -> Admitted:
    """One query for everything that decides. Raises `Refusal`; psycopg's errors pass through."""
    asked = {
        "public_id": parts.public_id,
        "slug": wanted.slug,
        "number": wanted.version,
        "alias": wanted.alias,
        "environment": environment,
    }
    row = await (await connection.execute(ADMIT, asked)).fetchone()
    if not _proven(row, parts, peppers) or not row.in_force or not row.stands:
        raise Refusal(401, BAD_KEY)
    if row.unseen:
        await connection.execute(USED, [row.key_id])
    _permit(row, parts, wanted, environment)
    return _located(row, parts, wanted)


async def look_again(connection, admitted: Admitted) -> Admitted:
    """The same call as the endpoint stands now; down if its key or grant has ended meanwhile."""
    ids = [admitted.key_id, admitted.grant_id, admitted.endpoint_id]
    row = await (await connection.execute(AGAIN, ids)).fetchone()
    if row is None:
        return replace(admitted, state="down")
    return replace(admitted, state=row.state, address=row.address, token=row.token)


def not_ready(admitted: Admitted) -> str:
    """Why nobody answers, for the caller."""
    return f"{admitted.model_slug} is not ready in {admitted.environment}. Try again soon."


def _proven(row, parts: Parts, peppers: dict[int, bytes]) -> bool:
    """In constant time, and with the same work for a key that does not exist."""
    pepper = peppers.get(row.pepper) if row else next(iter(peppers.values()))
    if pepper is None:
        return False
    shown = hmac.digest(pepper, parts.secret.encode(), "sha256")
    return hmac.compare_digest(shown, bytes(row.digest) if row else NOBODY) and row is not None


def _permit(row, parts: Parts, wanted: Wanted, environment: str | None) -> None:
    if "predict" not in row.scopes:
        why = "This API key has no scope predict. Use one that has it."
        raise Refusal(403, why, denial=_denial(row, parts, "tenants.apikey"))
    if not row.visible:
        raise Refusal(404, NO_MODEL)
    if row.model_slugs and row.model_slug not in row.model_slugs:
        why = f"This API key is limited to other models than {row.model_slug}."
        raise Refusal(403, why, denial=_denial(row, parts))
    if row.model_status != "published":
        why = f"{row.model_slug} is no longer offered. Choose another model in the catalogue."
        if row.model_status != "retired":
            why = f"{row.model_slug} is not published yet. Its publisher can do that on its page."
        raise Refusal(403, why, denial=_denial(row, parts))
    if row.grant_id is None:
        where = f" in {environment}" if environment else ""
        why = (
            f"Your tenant holds no grant for {row.model_slug}{where}. Ask for access on its page."
        )
        raise Refusal(403, why, denial=_denial(row, parts))


def _located(row, parts: Parts, wanted: Wanted) -> Admitted:
    if row.endpoint_id is not None and not row.fits:
        why = f"{wanted} is not served in an environment that your tenant holds a grant for."
        raise Refusal(404, why)
    if row.token is None:
        where = f"{row.model_slug} is not served yet in {row.environment}"
        raise unavailable(f"{where}. Try again soon.", 5)
    if row.price_id is None:
        raise unavailable(
            f"{row.model_slug} has no price in force. Its publisher can set one.", 60
        )
    same = {name: getattr(row, name) for name in FROM_ROW}
    return Admitted(public_id=parts.public_id, **same)


def _denial(row, parts: Parts, subject: str = "marketplace.aimodel") -> Denial:
    about_model = subject == "marketplace.aimodel"
    return Denial(
        holder_id=row.holder_id,
        holder=row.username,
        key=parts.public_id,
        tenant_id=row.tenant_id,
        subject_type=subject,
        subject_id=row.model_id if about_model else row.key_id,
        label=row.model_slug if about_model else f"mw_live_{parts.public_id}…",
    )
