"""The verbs of keys: issue, rotate, revoke."""

from datetime import UTC, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.audit.models import Event
from portal.audit.services import advance, denied, record
from portal.core import events
from portal.core.errors import Conflict, Refused
from portal.vault.services import digest
from tenants.directory.roles import TenantRole
from tenants.keys import format, reach
from tenants.keys.lifecycle import KeyStatus
from tenants.keys.models import PLATFORM_TENANT, ApiKey, Scope

LONGEST_DAYS = 90
LONGEST_DAYS_OF_OWNERS = 365
LONGEST_OVERLAP = 7 * 24 * 3600
MOST_MODELS = 50


@transaction.atomic
def issue(
    tenant,
    *,
    by,
    name: str,
    scopes,
    model_slugs=(),
    expires_in_days: int = LONGEST_DAYS,
    for_portal: bool = False,
) -> tuple[ApiKey, str]:
    """A new key that `by` holds for `tenant`, and its text, which is given here and never again.

    `scopes` are some of `Scope`; no `model_slugs` means every model the tenant holds a grant
    for. Raises `Refused` with the field that needs another value, 403 for other people's tenants.
    """
    _require_seat(by, tenant)
    name = name.strip()
    if not name:
        raise Refused("Give the key a name that says where it is used.", field="name")
    if len(name) > 80:
        raise Refused("Use 80 characters or fewer for the name.", field="name")
    facts = {
        "tenant": tenant,
        "holder": by,
        "name": name,
        "scopes": _scopes(scopes, tenant),
        "model_slugs": _models(model_slugs, by),
        "expires_at": timezone.now() + timedelta(days=_days(expires_in_days, by, tenant)),
        "for_portal": for_portal,
    }
    key, text = _mint(facts)
    record("issued", key, by=by, scopes=key.scopes, models=key.model_slugs, until=key.expires_at)
    events.tell(events.key_changed, public_id=key.public_id)
    return key, text


@transaction.atomic
def rotate(key: ApiKey, *, by, overlap_seconds: int) -> tuple[ApiKey, str]:
    """Replace `key` by one with the same reach and span; returns it and its text, given once.

    The old one keeps working for `overlap_seconds` (0 s to 7 days), then ends by itself. Only
    its holder may: whoever sees the new text can act as them.
    """
    if by.pk != key.holder_id:
        raise denied("rotate", key, by=by, why="Only the holder of a key can rotate it.")
    _require_seat(by, key.tenant)
    if not 0 <= overlap_seconds <= LONGEST_OVERLAP:
        raise Refused("Choose an overlap between 0 s and 7 days.", field="overlap_seconds")
    old = ApiKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    if not old.in_force:
        raise Conflict("This key no longer works. Make a new one.")
    if ApiKey.objects.filter(rotated_from_id=old.pk).exists():
        raise Conflict("This key was rotated before. Rotate the one that replaced it.")
    now = timezone.now()
    fresh, text = _mint(_same_reach(old, now))
    old.expires_at = min(old.expires_at, now + timedelta(seconds=overlap_seconds))
    old.save(update_fields=["expires_at"])
    record("rotated", fresh, by=by, replaces=old.public_id, old_until=old.expires_at)
    for public_id in (old.public_id, fresh.public_id):
        events.tell(events.key_changed, public_id=public_id)
    key.expires_at = old.expires_at
    return fresh, text


@transaction.atomic
def revoke(key: ApiKey, *, by, note: str = "") -> None:
    """End `key` now: by its holder, owners of its tenant, operators, governance, or the system."""
    if by is not None and not _may_revoke(by, key):
        why = f"Only the holder, owners of {key.tenant}, operators and governance can do this."
        raise denied("revoke", key, by=by, why=why)
    if key.status == KeyStatus.REVOKED:
        raise Conflict(_revoked_before(key), row=key)
    advance(key, KeyStatus.REVOKED, by=by, note=note)
    events.tell(events.key_changed, public_id=key.public_id)


def refused_models(key: ApiKey) -> list[str]:
    """The slugs that `key` is limited to though its tenant holds no grant for them now.

    Calls to these are refused until access is given. Empty for a key that makes no predictions.
    """
    if Scope.PREDICT not in key.scopes or not key.model_slugs:
        return []
    held = reach.held_by([key.tenant]).get(key.tenant_id, [])
    return [slug for slug in key.model_slugs if slug not in held]


def longest_days(user, tenant) -> int:
    """How long a key of `user` for `tenant` may live, in days."""
    return LONGEST_DAYS_OF_OWNERS if user.may(TenantRole.OWNER, tenant) else LONGEST_DAYS


def _revoked_before(key: ApiKey) -> str:
    line = Event.objects.about(key).filter(verb=str(KeyStatus.REVOKED)).newest_first().first()
    since = f", since {line.at.astimezone(UTC):%d %B %Y, %H:%M} UTC" if line else ""
    return f"This key is revoked already{since}."


def _may_revoke(by, key: ApiKey) -> bool:
    mine = by.pk == key.holder_id or by.may(TenantRole.OWNER, key.tenant)
    return mine or by.is_operator or by.is_governor


def _require_seat(by, tenant) -> None:
    """People hold keys for their own tenants; the platform's staff for the platform's."""
    if by.may(TenantRole.CONSUMER, tenant):
        return
    if by.platform_roles and tenant.slug == PLATFORM_TENANT:
        return
    why = f"Only people of {tenant} can hold its keys."
    raise denied("issue a key for", tenant, by=by, why=why, tenant=tenant)


def _scopes(wanted, tenant) -> list[str]:
    chosen = [scope for scope in Scope.values if scope in set(wanted)]
    if not chosen or set(wanted) - set(Scope.values):
        raise Refused(f"Choose one or more of {', '.join(Scope.values)}.", field="scopes")
    if tenant.slug == PLATFORM_TENANT and Scope.PREDICT in chosen:
        raise Refused("The platform makes no predictions. Choose the scope api.", field="scopes")
    return chosen


def _models(slugs, by) -> list[str]:
    wanted = sorted(set(slugs))
    if len(wanted) > MOST_MODELS:
        raise Refused(f"Choose {MOST_MODELS} models or fewer, or all.", field="models")
    unknown = reach.unknown_to(by, wanted)
    if unknown:
        raise Refused(f"There is no model {unknown[0]} that you may see.", field="models")
    return wanted


def _days(days: int, by, tenant) -> int:
    longest = longest_days(by, tenant)
    if not 1 <= days <= longest:
        raise Refused(f"Choose between 1 and {longest} days.", field="expires_in_days")
    return days


def _mint(facts: dict) -> tuple[ApiKey, str]:
    parts, text = format.mint()
    pepper = settings.KEY_PEPPER_IN_USE
    sealed = digest(parts.secret, pepper=pepper)
    key = ApiKey.objects.create(public_id=parts.public_id, digest=sealed, pepper=pepper, **facts)
    return key, text


def _same_reach(old: ApiKey, now) -> dict:
    """What a successor inherits: everything, for as many days as the old one was given."""
    same = ("tenant", "holder", "name", "scopes", "model_slugs", "for_portal")
    longest = timedelta(days=longest_days(old.holder, old.tenant))
    span = min(old.expires_at - old.created_at, longest)
    facts = {field: getattr(old, field) for field in same}
    return facts | {"expires_at": now + span, "rotated_from_id": old.pk}
