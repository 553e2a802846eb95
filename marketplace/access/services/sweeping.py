"""What happens by the clock: grants end, are warned of, follow models; the index is compared."""

import logging
from datetime import timedelta

from django.contrib.auth.models import Group
from django.db.models import Count, F, Q
from django.utils import timezone

from marketplace.access.lifecycle import GrantStatus, RequestStatus
from marketplace.access.models import AccessRequest, Grant
from marketplace.access.services import holding, told
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel, Environment
from portal.audit.services import advance, record
from portal.core import permissions, tenancy
from portal.core.lifecycle import ForbiddenMove, Overtaken
from tenants.directory.models import Tenant, group_name
from tenants.directory.roles import TenantRole

log = logging.getLogger(__name__)

WARNED_BEFORE = timedelta(days=7)
BATCH = 500
OVER = "Its time was over."
RETIRED = "The model was retired."


def sweep() -> None:
    """Everything that follows from the time and from the models; safe to repeat at any moment."""
    end_overdue()
    follow_models()


def end_overdue() -> int:
    """End the grants whose time is over, warn of those with a week left; counts the ended."""
    warn()
    return _end(Grant.objects.overdue(), OVER)


def warn() -> int:
    """Tell the holders, once, that a grant ends within seven days; returns how many were told."""
    soon = timezone.now() + WARNED_BEFORE
    due = Grant.objects.in_force().filter(warned_at=None, ends_at__lte=soon)
    return sum(_warn(pk) for pk in _ids(due))


def follow_models() -> int:
    """Do what follows from published and retired models; returns the number of changes.

    An owner holds what it publishes, until it retires it. Other grants of a retired model pause:
    their time runs on, calls are refused, the holders are told, and told again if it is back.
    """
    with tenancy.as_system():
        lacking = list(_lacking())
    changed = sum(len(holding.give_standing(model)) for model in lacking)
    active = Grant.objects.filter(status=GrantStatus.ACTIVE)
    retired = active.filter(model__status=ModelStatus.RETIRED)
    changed += _end(retired.filter(tenant=F("provider")), RETIRED)
    paused = retired.exclude(tenant=F("provider")).filter(paused_at=None)
    changed += sum(_pause(pk) for pk in _ids(paused))
    back = active.filter(model__status=ModelStatus.PUBLISHED, paused_at__isnull=False)
    changed += sum(_resume(pk) for pk in _ids(back))
    waiting = AccessRequest.objects.open().filter(model__status=ModelStatus.RETIRED)
    return changed + sum(_turn_down(pk) for pk in _ids(waiting))


def compare_index() -> list[str]:
    """Compare grants with the permission index; what differs goes to the trail, unrepaired.

    Returns a line for each difference: "digits: claims consumer missing".
    """
    with tenancy.as_system():
        odd = _odd()
        # Once more: what was given or ended between the two reads is no difference.
        odd = sorted(odd & _odd(), key=str) if odd else []
        models = AIModel._base_manager.in_bulk({model for model, _, _ in odd})
        groups = _group_names() if odd else {}
        lines = []
        for model, group, what in odd:
            line = f"{groups.get(group, f'group {group}')} {what}"
            lines.append(f"{models[model]}: {line}")
            record("index differs", models[model], by=None, note=line)
    if lines:
        log.warning("the permission index differs from the grants in %s places", len(lines))
    return lines


def _odd() -> set[tuple]:
    """(model, group, what) wherever grants and index disagree."""
    expected, actual = _expected(), permissions.index_of(holding.USE, holding.INDEX)
    missing = {(*pair, "missing") for pair in expected - actual}
    return missing | {(*pair, "without a grant") for pair in actual - expected}


def _ids(rows) -> list:
    with tenancy.as_system():
        return list(rows.values_list("pk", flat=True)[:BATCH])


def _end(rows, why: str) -> int:
    return sum(_end_one(pk, why) for pk in _ids(rows))


def _end_one(pk, why: str) -> bool:
    """One grant, one transaction, so that one that cannot end holds up no other."""
    try:
        with tenancy.as_system():
            grant = Grant.objects.to_show().get(pk=pk)
            holding.hold(grant.model)
            grant.refresh_from_db(fields=["status", "ends_at"])
            if why == OVER and grant.in_force:
                return False
            holding.end(grant, by=None, note=why)
            if grant.tenant_id != grant.provider_id:
                title = f"Your access to {grant.model} in {grant.environment} ended"
                told.of_end(grant, title=title, body=why, tone="warn")
    except (Overtaken, ForbiddenMove):
        return False
    return True


def _warn(pk) -> bool:
    with tenancy.as_system():
        here = Grant.objects.in_force().filter(pk=pk, warned_at=None)
        if not here.update(warned_at=timezone.now()):
            return False
        grant = Grant.objects.to_show().get(pk=pk)
        what = f"{grant.model} in {grant.environment}"
        title = f"Your access to {what} ends on {told.day(grant.ends_at)}"
        told.of_end(grant, title=title, body="Renew it there to keep it.", tone="warn")
    return True


def _pause(pk) -> bool:
    with tenancy.as_system():
        here = Grant.objects.filter(pk=pk, status=GrantStatus.ACTIVE, paused_at=None)
        if not here.update(paused_at=timezone.now()):
            return False
        grant = Grant.objects.to_show().get(pk=pk)
        record("paused", grant, by=None, note=RETIRED)
        title = f"{grant.model} was retired"
        body = (
            f"Calls in {grant.environment} are refused. Your access comes back if the model does."
        )
        told.of_end(grant, title=title, body=body, tone="bad")
    return True


def _resume(pk) -> bool:
    with tenancy.as_system():
        here = Grant.objects.filter(pk=pk, status=GrantStatus.ACTIVE, paused_at__isnull=False)
        if not here.update(paused_at=None):
            return False
        grant = Grant.objects.to_show().get(pk=pk)
        record("resumed", grant, by=None)
        title = f"{grant.model} is published again"
        body = f"You may call it in {grant.environment} until {told.day(grant.ends_at)}."
        told.of_end(grant, title=title, body=body, tone="ok")
    return True


def _turn_down(pk) -> bool:
    try:
        with tenancy.as_system():
            request = AccessRequest.objects.to_show().get(pk=pk)
            advance(request, RequestStatus.DENIED, by=None, note=RETIRED)
            request.decided_at, request.reason = timezone.now(), RETIRED
            request.save(update_fields=["decided_at", "reason"])
            told.of_decision(request, grant=None)
    except (Overtaken, ForbiddenMove):
        return False
    return True


def _lacking():
    """Published models whose owner does not hold each environment."""
    own = Q(grants__status=GrantStatus.ACTIVE, grants__tenant=F("tenant"))
    counted = AIModel._base_manager.filter(status=ModelStatus.PUBLISHED, tenant__isnull=False)
    return counted.annotate(own=Count("grants", filter=own)).filter(own__lt=len(Environment))[
        :BATCH
    ]


def _expected() -> set[tuple]:
    """(model, group) for each role group of each tenant that has an active grant."""
    held = (
        Grant.objects.filter(status=GrantStatus.ACTIVE).values_list("model", "tenant").distinct()
    )
    ids = dict(Group.objects.filter(name__startswith="tenant:").values_list("name", "pk"))
    names = ((model, f"tenant:{tenant}:{role}") for model, tenant in held for role in TenantRole)
    return {(model, ids[name]) for model, name in names if name in ids}


def _group_names() -> dict[int, str]:
    """Role groups by id, in words: "claims consumer"."""
    words = {
        group_name(tenant, role): f"{tenant} {role}"
        for tenant in Tenant.objects.all()
        for role in TenantRole
    }
    return {pk: words.get(name, name) for pk, name in Group.objects.values_list("pk", "name")}
