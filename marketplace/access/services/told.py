"""Who is told what: rows of notices, written in the transaction of what they tell of."""

from datetime import UTC

from django.db.models import Q
from django.utils import timezone
from django.utils.dateformat import format as format_date

from marketplace.access import broadcast
from marketplace.access.models import AccessRequest, Grant
from marketplace.access.services.facts import deciders_of
from portal.core import tenancy
from portal.notices import services as notices
from tenants.directory.models import Membership, Tenant, User
from tenants.directory.roles import PlatformRole, TenantRole


def day(moment) -> str:
    """A date as notices write it, the same for all who read it: 1 May 2027 UTC."""
    return f"{format_date(moment.astimezone(UTC), 'j F Y')} UTC"


def moment(at) -> str:
    """A time to the minute, the same for all who read it: 1 May 2027, 09:30 UTC."""
    return f"{format_date(at.astimezone(UTC), 'j F Y, H:i')} UTC"


def of_new_request(request: AccessRequest) -> None:
    """Tell the deciders that somebody waits; tell the operators when there is nobody to decide."""
    deciders = list(deciders_of(request))
    if deciders:
        title = f"{request.tenant} asks for {request.model} in {request.environment}"
        _tell(deciders, request.provider, title, request, body=request.purpose)
    else:
        operators = User.objects.filter(groups__name=PlatformRole.OPERATOR.group_name)
        title = f"Nobody can decide on {request.model} for {request.tenant}"
        body = f"Make somebody who is not of {request.tenant} an owner of {request.provider}."
        _tell(operators, request.provider, title, request, body=body, tone="warn")
    broadcast.moved(request.pk, deciders=[person.pk for person in deciders])


def of_decision(request: AccessRequest, *, grant: Grant | None) -> None:
    """Tell who asked how it was decided."""
    what = f"{request.model} in {request.environment}"
    if grant:
        title, tone = f"You may use {what} until {day(grant.ends_at)}", "ok"
    else:
        title, tone = f"{request.provider} did not approve {what}", "bad"
    _tell([request.requester], request.tenant, title, request, body=request.reason, tone=tone)
    of_move(request)


def of_move(request: AccessRequest) -> None:
    """Refresh the pages that show the request and the queues it was in."""
    people = deciders_of(request).values_list("pk", flat=True)
    broadcast.moved(request.pk, deciders=list(people))


def of_extension(grant: Grant) -> None:
    what = f"{grant.model} in {grant.environment}"
    title = f"{what} was extended until {day(grant.ends_at)}"
    _tell(holders_of(grant), grant.tenant, title, grant, tone="ok")


def of_end(grant: Grant, *, title: str, body: str, tone: str) -> None:
    """Tell the holders that a grant ended or will end."""
    _tell(holders_of(grant), grant.tenant, title, grant, body=body, tone=tone)


def holders_of(grant: Grant) -> list[User]:
    """Whom the end of a grant concerns: who asked for it, and the owners of its tenant.

    Where there is neither, everybody in the tenant.
    """
    with tenancy.as_system():
        asked = AccessRequest.objects.filter(pk=grant.request_id)
        asker = list(asked.values_list("requester", flat=True))
    owners = _seats(grant.tenant, TenantRole.OWNER)
    people = _in(grant.tenant).filter(Q(pk__in=asker) | Q(pk__in=owners))
    return list(people) or list(_in(grant.tenant))


def _in(tenant: Tenant):
    return User.objects.filter(is_active=True, pk__in=_seats(tenant))


def _seats(tenant: Tenant, *roles: str):
    seats = Membership.objects.filter(tenant=tenant)
    return (seats.filter(role__in=roles) if roles else seats).values("user")


def _tell(people, tenant: Tenant, title: str, subject, *, body: str = "", tone: str = "info"):
    notices.tell(
        people, tenant=tenant, title=title, href=subject.get_absolute_url(), body=body, tone=tone
    )
    if isinstance(subject, AccessRequest):
        subject.told_at = timezone.now()
        subject.save(update_fields=["told_at"])
