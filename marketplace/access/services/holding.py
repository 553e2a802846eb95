"""The verbs of who holds: give, extend, renew, revoke, and the standing grants of an owner."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from marketplace.access.lifecycle import GrantStatus
from marketplace.access.models import AccessRequest, Grant
from marketplace.access.services import asking, facts, told
from marketplace.catalog.models import AIModel, AIModelGroupPermission, Environment
from portal.audit.services import advance, denied, record
from portal.core import events, permissions, tenancy
from portal.core.errors import Conflict, Refused
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole

USE = "use_aimodel"
INDEX = AIModelGroupPermission
LONGEST = 1000


def hold(model: AIModel) -> AIModel:
    """Lock the grants of `model` until the end of the transaction, and read its status anew.

    Whoever gives or ends a grant holds the model first, so that the permission index is never
    taken away under a grant that is being given.
    """
    locked = AIModel._base_manager.select_for_update(no_key=True)
    model.refresh_from_db(fields=["status"], from_queryset=locked)
    return model


def give(request: AccessRequest, *, days: int, by) -> Grant:
    """The grant of an approved request: extends the one in force, or opens a new one."""
    active = facts.active_grant(request.model_id, request.tenant_id, request.environment)
    if active and active.in_force:
        return _extend(active, days=days, by=by, request_id=request.pk)
    if active:
        end(active, by=None, note="Its time was over.")
    now = timezone.now()
    grant = Grant.objects.create(
        tenant=request.tenant, provider=request.provider, model=request.model,
        environment=request.environment, request_id=request.pk,
        starts_at=now, ends_at=now + timedelta(days=days),
    )  # fmt: skip
    index(grant)
    record("granted", grant, by=by, ends_at=grant.ends_at, request=str(request.pk))
    return grant


@transaction.atomic
def extend(grant: Grant, *, by, days: int, note: str = "") -> Grant:
    """Let a grant end `days` later: owners of the model who do not act for the holder."""
    _require_extender(grant, by)
    if not 1 <= days <= asking.MOST_DAYS:
        raise Refused(f"Extend by 1 to {asking.MOST_DAYS} days.", field="days")
    hold(grant.model)
    if not grant.model.listed:
        raise Conflict(f"{grant.model} is no longer published, so its grants are not extended.")
    now_active = facts.active_grant(grant.model_id, grant.tenant_id, grant.environment)
    if now_active is None or now_active.pk != grant.pk or not now_active.in_force:
        raise Conflict("This grant has ended. Its holder can ask again.")
    extended = _extend(now_active, days=days, by=by, note=note.strip())
    told.of_extension(extended)
    return extended


@transaction.atomic
def renew(
    grant: Grant,
    *,
    by,
    days: int | None = None,
    purpose: str = "",
    expected_calls_per_month: int | None = None,
    note: str = "",
) -> Grant | AccessRequest:
    """More time: an owner of the model extends the grant at once, its holder asks for it.

    What is left out is as it was asked before. The answer is the longer grant, or the request.
    """
    with tenancy.as_system():
        before = AccessRequest.objects.filter(pk=grant.request_id).first()
    length = days if days is not None else (before.duration_days if before else 90)
    if can_extend(grant, by):
        return extend(grant, by=by, days=length, note=note)
    if grant.is_standing:
        raise Refused(f"{grant.tenant} holds its own model; there is no end to renew.")
    calls = expected_calls_per_month
    return asking.submit(
        grant.model, grant.tenant, by=by, environment=grant.environment,
        purpose=purpose or (before.purpose if before else ""),
        expected_calls_per_month=(
            calls if calls is not None else before.expected_calls_per_month if before else 0
        ),
        duration_days=length, renews=grant,
    )  # fmt: skip


@transaction.atomic
def revoke(grant: Grant, *, by, note: str) -> Grant:
    """End a grant before its time: owners of the model or of the holding tenant, governance."""
    if grant.tenant_id == grant.provider_id:
        why = f"{grant.tenant} holds its own model. Retire the model to end this."
        raise Refused(why)
    owner = by.may(TenantRole.OWNER, grant.provider) or by.may(TenantRole.OWNER, grant.tenant)
    if by.is_auditor or not (owner or by.is_governor):
        why = f"Owners of {grant.provider} or {grant.tenant}, and governance, can revoke this."
        raise denied("revoke", grant, by=by, why=why)
    reason = note.replace("\0", "").strip()
    if not reason:
        raise Refused("Say why, so that the holders know what to change.", field="note")
    if len(reason) > LONGEST:
        raise Refused(f"Shorten the reason to {LONGEST:,} characters.", field="note")
    hold(grant.model)
    grant.refresh_from_db(fields=["status", "ends_at"])
    if grant.status != GrantStatus.ACTIVE:
        raise Conflict(_over(grant), row=grant)
    _finish(grant, GrantStatus.REVOKED, by=by, note=reason)
    title = f"Your access to {grant.model} in {grant.environment} was revoked"
    told.of_end(grant, title=title, body=reason, tone="bad")
    return grant


@transaction.atomic
def give_standing(model: AIModel) -> list[Grant]:
    """Let the owning tenant call its published model everywhere, without end; what is new."""
    given = []
    with tenancy.as_system():
        hold(model)
        if not model.listed or model.tenant_id is None:
            return given
        mine = Grant.objects.filter(model=model, tenant=model.tenant, status=GrantStatus.ACTIVE)
        held = set(mine.values_list("environment", flat=True))
        for environment in Environment.values:
            if environment not in held:
                given.append(_stand(model, environment))
    return given


def can_extend(grant: Grant, user) -> bool:
    """Whether this person may give more time without being asked."""
    if grant.is_standing or grant.status != GrantStatus.ACTIVE:
        return False
    return facts.deciders_for(grant.provider, grant.tenant).filter(pk=user.pk).exists()


def end(grant: Grant, *, by, note: str) -> Grant:
    """Let a grant end because its time or its model is over; the caller holds the model."""
    _finish(grant, GrantStatus.ENDED, by=by, note=note)
    return grant


def index(grant: Grant) -> None:
    """Write the permission that makes the model usable, for every role of the tenant."""
    for role in TenantRole:
        permissions.allow(grant.tenant.group(role), USE, grant.model)
    events.tell(events.access_changed, model_id=str(grant.model_id))


def _finish(grant: Grant, to: str, *, by, note: str) -> None:
    advance(grant, to, by=by, note=note)
    now = timezone.now()
    if grant.ends_at is None or grant.ends_at > now:
        grant.ends_at = now
    grant.ended_reason = note
    grant.save(update_fields=["ends_at", "ended_reason"])
    _unindex(grant.model, grant.tenant)
    events.tell(events.grant_ended, grant_id=str(grant.pk))
    events.tell(events.access_changed, model_id=str(grant.model_id))


def _over(grant: Grant) -> str:
    """That there is nothing to revoke, and since when."""
    since = told.moment(grant.ends_at)
    if grant.status == GrantStatus.REVOKED:
        return f"This access is revoked already, since {since}."
    return f"This access has ended already, on {since}. There is nothing to revoke."


def _unindex(model: AIModel, tenant: Tenant) -> None:
    """Take the permission away with the last active grant of this tenant."""
    if Grant.objects.filter(model=model, tenant=tenant, status=GrantStatus.ACTIVE).exists():
        return
    for role in TenantRole:
        permissions.disallow(tenant.group(role), USE, model)


def _extend(grant: Grant, *, days: int, by, note: str = "", request_id=None) -> Grant:
    if grant.ends_at is None:
        raise Conflict(f"{grant.tenant} already holds this without end.")
    before, grant.ends_at = grant.ends_at, grant.ends_at + timedelta(days=days)
    grant.warned_at, grant.request_id = None, request_id or grant.request_id
    grant.save(update_fields=["ends_at", "warned_at", "request_id"])
    record("extended", grant, by=by, note=note, before=before, after=grant.ends_at)
    return grant


def _stand(model: AIModel, environment: str) -> Grant:
    grant = Grant.objects.create(
        tenant=model.tenant, provider=model.tenant, model=model, environment=environment
    )
    index(grant)
    record("granted", grant, by=None, note=f"{model.tenant} owns the model.")
    return grant


def _require_extender(grant: Grant, by) -> None:
    if not facts.deciders_for(grant.provider, grant.tenant).filter(pk=by.pk).exists():
        why = f"Owners of {grant.provider} who do not act for {grant.tenant} extend this."
        raise denied("extend", grant, by=by, why=why, tenant=grant.provider)
