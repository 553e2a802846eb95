"""The verbs of who decides: approve, deny, and both for many at once."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from marketplace.access.lifecycle import RequestStatus
from marketplace.access.models import AccessRequest, Grant
from marketplace.access.services import facts, holding, told
from portal.audit.services import advance, denied
from portal.core.errors import Conflict, Outdated, Refused
from portal.core.lifecycle import ForbiddenMove, Overtaken
from tenants.directory.roles import TenantRole

CHANGED = "What you were shown has changed. Read it again and decide on what is there now."
OVERTAKEN = "Somebody was faster."
LONGEST = 1000


@dataclass(frozen=True)
class Outcome:
    """What became of one of many decisions: an HTTP status and words, the request if decided."""

    id: str
    status: int
    detail: str
    request: AccessRequest | None = None


@transaction.atomic
def approve(
    request: AccessRequest, *, by, digest: str | None, days: int | None = None, note: str = ""
) -> Grant:
    """Grant what was asked, for `days` (default: as asked, at most as asked).

    `digest` names what the decider was shown; None decides on what is there now. A request that
    follows a grant in force extends it. Raises `Outdated` (412), `Overtaken` (409).
    """
    _require_say(request, by)
    holding.hold(request.model)
    _require_shown(request, digest)
    given = _narrowed(request, days)
    if not request.model.listed:
        raise Conflict(f"{request.model} is no longer published, so there is nothing to grant.")
    _decide(request, RequestStatus.APPROVED, by=by, note=note, days=given)
    grant = holding.give(request, days=given, by=by)
    told.of_decision(request, grant=grant)
    return grant


@transaction.atomic
def deny(request: AccessRequest, *, by, digest: str | None, note: str) -> AccessRequest:
    """Say no, and why. Raises `Outdated` (412), `Overtaken` (409)."""
    _require_say(request, by)
    if not note.strip():
        raise Refused("Say why, so that they know what to change.", field="note")
    _require_shown(request, digest)
    _decide(request, RequestStatus.DENIED, by=by, note=note, days=None)
    told.of_decision(request, grant=None)
    return request


def decide_many(
    chosen: list[tuple[AccessRequest, str | None]], *, by, verb: str, note: str = ""
) -> list[Outcome]:
    """Approve or deny each (request, digest) by itself; one that fails undoes no other."""
    # In one order for everybody, so that two deciders never wait for each other in a circle.
    ordered = sorted(chosen, key=lambda pair: (pair[0].model_id, pair[0].pk))
    found = {request.pk: _one(request, digest, by, verb, note) for request, digest in ordered}
    return [found[request.pk] for request, _ in chosen]


def can_decide(request: AccessRequest, user) -> bool:
    """Whether this person has a say on this request, decided or not."""
    return facts.deciders_of(request).filter(pk=user.pk).exists()


def _one(request, digest, by, verb, note) -> Outcome:
    try:
        with transaction.atomic():
            if verb == "approve":
                grant = approve(request, by=by, digest=digest, note=note)
                words = f"Approved until {told.day(grant.ends_at)}."
            else:
                deny(request, by=by, digest=digest, note=note)
                words = "Denied."
    except Refused as refused:
        return Outcome(str(request.pk), refused.http_status, refused.detail)
    except (Overtaken, ForbiddenMove):
        return Outcome(str(request.pk), 409, OVERTAKEN)
    except PermissionDenied as no:
        return Outcome(str(request.pk), 403, str(no))
    return Outcome(str(request.pk), 200, words, request)


def _require_say(request: AccessRequest, by) -> None:
    if not can_decide(request, by):
        raise denied("decide", request, by=by, why=_why_not(request, by), tenant=request.provider)


def _why_not(request: AccessRequest, by) -> str:
    if by.pk == request.requester_id:
        return "Nobody decides what they asked for."
    if by.may(TenantRole.OWNER, request.provider) and not by.is_auditor:
        return f"You act for {request.tenant}. Another owner of {request.provider} decides."
    return f"Owners of {request.provider} decide this."


def _require_shown(request: AccessRequest, digest: str | None) -> None:
    if digest is not None and digest != facts.digest_of(request):
        raise Outdated(CHANGED, field="digest")


def _narrowed(request: AccessRequest, days: int | None) -> int:
    asked = request.duration_days
    if days is not None and not 1 <= days <= asked:
        raise Refused(f"Give 1 to {asked} days: {asked} were asked for.", field="days")
    return days or asked


def _decide(request: AccessRequest, to: str, *, by, note: str, days: int | None) -> None:
    reason = note.replace("\0", "").strip()
    if len(reason) > LONGEST:
        raise Refused(f"Shorten the reason to {LONGEST:,} characters.", field="note")
    digest = facts.digest_of(request)
    more = {} if days is None else {"days": days, "asked_days": request.duration_days}
    advance(request, to, by=by, note=reason, digest=digest, **more)
    request.decided_by, request.decided_at = by, timezone.now()
    request.decided_digest, request.reason, request.granted_days = digest, reason, days
    decided = ["decided_by", "decided_at", "decided_digest", "reason", "granted_days"]
    request.save(update_fields=decided)
