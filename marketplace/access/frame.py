"""What access puts into the navigation, and into the rows of the catalogue."""

from django.urls import reverse

from marketplace.access.models import AccessRequest, Grant
from marketplace.catalog import columns, known
from portal.core import shell, tenancy
from tenants.directory.roles import TenantRole


def waiting(user) -> int:
    """How many requests wait for this person."""
    return AccessRequest.objects.decidable_by(user).count()


def works_somewhere(user) -> bool:
    return bool(user.standing)


def decides(user) -> bool:
    return bool(user.tenants_as(TenantRole.OWNER)) and not user.is_auditor


shell.register(
    verb="Use", order=20, label="My access", url_name="access:mine", icon="unlock", short="Access",
    shown=works_somewhere,
)  # fmt: skip
shell.register(
    verb="Decide", order=10, label="Review queue", url_name="access:queue", icon="queue",
    short="Queue", shown=decides, tally=waiting,
)  # fmt: skip


def cells(models, user) -> dict:
    """How this person's teams stand to each model, with the one thing to do next."""
    ids = [model.pk for model in models]
    held = Grant.objects.visible_to(user).held_by(user).in_force().filter(model__in=ids)
    asked = AccessRequest.objects.visible_to(user).open().filter(model__in=ids)
    mine = asked.filter(tenant__in=user.standing)
    waiting = {request.model_id: request for request in mine.order_by("-id")}
    ends: dict = {}
    for grant in held:
        ends.setdefault(grant.model_id, []).append(grant)
    return {
        model.pk: cell
        for model in models
        if (cell := _cell(model, ends.get(model.pk), waiting.get(model.pk), user))
    }


def _cell(model, held, waiting, user) -> columns.Access | None:
    if held:
        where = ", ".join(sorted(grant.environment for grant in held))
        href = reverse("endpoints:how_to", args=[model.slug])
        return columns.Access("You can use it", "ok", "unlock", where, href, "Use it")
    if waiting:
        note = waiting.environment
        href = waiting.get_absolute_url()
        return columns.Access("Waiting for a decision", "warn", "wait", note, href, "Follow it")
    others = set(user.tenants_as(TenantRole.CONSUMER)) - {model.tenant_id}
    if not model.listed or user.is_auditor or not others:
        return None
    href = reverse("access:ask", args=[model.slug])
    return columns.Access("No access", "idle", "lock", "", href, "Ask for access")


def consumers(model, user) -> int:
    """How many tenants beside its own may call a model now: a number, whoever asks."""
    with tenancy.as_system():
        held = Grant.objects.in_force().filter(model=model).exclude(tenant=model.tenant_id)
        return held.order_by().values("tenant").distinct().count()


columns.connect("access", cells)
known.connect("consumers", consumers)
