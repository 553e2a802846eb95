"""The verbs of who asks: submit, ask again, withdraw."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from marketplace.access.lifecycle import RequestStatus
from marketplace.access.models import AccessRequest, Grant
from marketplace.access.services import facts, told
from marketplace.catalog.models import AIModel, Environment
from portal.audit.services import advance, denied, record
from portal.core.errors import Conflict, Refused
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole

MOST_CALLS = 1_000_000_000
MOST_DAYS = 365
LONGEST = AccessRequest._meta.get_field("purpose").max_length
ONE_OPEN = "one_open_request"


@transaction.atomic
def submit(
    model: AIModel,
    tenant: Tenant,
    *,
    by,
    environment: str,
    purpose: str,
    expected_calls_per_month: int,
    duration_days: int,
    renews: Grant | None = None,
) -> AccessRequest:
    """Ask for `model` on behalf of `tenant`. People of that tenant, for models they can find.

    Refused for the owning tenant, for values out of bounds, and while a grant is in force that
    is not renewed; a Conflict while another request for the same is open.
    """
    _require_asker(model, tenant, by)
    facts_given = _checked(environment, purpose, expected_calls_per_month, duration_days)
    if model.tenant_id == tenant.pk:
        raise Refused(f"{tenant} owns this model and needs no request.", field="tenant")
    _require_free(model, tenant, environment, renews)
    request = AccessRequest(
        model=model, tenant=tenant, provider=model.tenant, requester=by,
        renews_id=renews.pk if renews else None, **facts_given,
    )  # fmt: skip
    request.asked_digest = facts.digest_of(request)
    _store(request)
    record(
        "asked", request, by=by, note=request.purpose, days=duration_days,
        calls_a_month=expected_calls_per_month, digest=request.asked_digest,
    )  # fmt: skip
    told.of_new_request(request)
    return request


@transaction.atomic
def withdraw(request: AccessRequest, *, by) -> AccessRequest:
    """Take an open request back: who asked, or an owner of the asking tenant."""
    mine = by.pk == request.requester_id and by.may(TenantRole.CONSUMER, request.tenant)
    if by.is_auditor or not (mine or by.may(TenantRole.OWNER, request.tenant)):
        why = f"Only who asked, or an owner of {request.tenant}, can withdraw this."
        raise denied("withdraw", request, by=by, why=why)
    advance(request, RequestStatus.WITHDRAWN, by=by)
    request.decided_by, request.decided_at = by, timezone.now()
    request.save(update_fields=["decided_by", "decided_at"])
    told.of_move(request)
    return request


def asked_before(model: AIModel, tenant: Tenant, environment: str) -> AccessRequest | None:
    """The open request for the same, if there is one."""
    same = AccessRequest.objects.open().filter(tenant=tenant, environment=environment)
    return same.filter(model=model).first()


def _require_asker(model: AIModel, tenant: Tenant, by) -> None:
    if by.is_auditor or not by.may(TenantRole.CONSUMER, tenant):
        why = f"Only people of {tenant} can ask on its behalf."
        raise denied("ask for", model, by=by, why=why, tenant=tenant)
    if not AIModel.objects.visible_to(by).filter(pk=model.pk).exists():
        why = "There is nothing here that you may see."
        raise denied("ask for", model, by=by, why=why, tenant=tenant)
    if not model.listed or model.tenant_id is None:
        raise Refused("This model is not published, so it cannot be asked for.", field="model")


def _checked(environment: str, purpose: str, calls: int, days: int) -> dict:
    said = purpose.replace("\0", "").strip()
    if environment not in Environment.values:
        raise Refused(f"Choose one of {', '.join(Environment.values)}.", field="environment")
    if not said:
        raise Refused("Say what you will use it for.", field="purpose")
    if len(said) > LONGEST:
        raise Refused(f"Shorten the purpose to {LONGEST:,} characters.", field="purpose")
    if not 1 <= calls <= MOST_CALLS:
        why = f"Expect between 1 and {MOST_CALLS:,} calls a month."
        raise Refused(why, field="expected_calls_per_month")
    if not 1 <= days <= MOST_DAYS:
        raise Refused(f"Ask for 1 to {MOST_DAYS} days.", field="duration_days")
    return {
        "environment": environment,
        "purpose": said,
        "expected_calls_per_month": calls,
        "duration_days": days,
    }


def _require_free(model: AIModel, tenant: Tenant, environment: str, renews: Grant | None) -> None:
    same = (model.pk, tenant.pk, environment)
    if renews and (renews.model_id, renews.tenant_id, renews.environment) != same:
        raise Refused("What is renewed is for something else.", field="renews")
    waiting = asked_before(model, tenant, environment)
    if waiting:
        raise _already_asked(waiting)
    held = facts.active_grant(*same)
    if held and held.in_force and (renews is None or renews.pk != held.pk):
        until = f"until {told.day(held.ends_at)}" if held.ends_at else "without end"
        why = f"{tenant.name} already holds this {until}. Renew what it holds."
        raise Conflict(why, field="environment", row=held)


def _store(request: AccessRequest) -> None:
    """Insert; of two hands at once the slower one learns of the faster."""
    try:
        with transaction.atomic():
            request.save(force_insert=True)
    except IntegrityError as collision:
        if ONE_OPEN not in str(collision):
            raise
        waiting = asked_before(request.model, request.tenant, request.environment)
        raise _already_asked(waiting) from collision


def _already_asked(waiting: AccessRequest | None) -> Conflict:
    why = "Your team already waits for a decision on this environment. Follow that request."
    return Conflict(why, field="environment", row=waiting)
