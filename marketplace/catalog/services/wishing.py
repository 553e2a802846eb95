"""What people keep of a search, and what they ask the publishers for."""

from django.db import transaction
from django.utils import timezone

from marketplace.catalog.lifecycle import WantedStatus
from marketplace.catalog.models import AIModel
from marketplace.catalog.search import search
from marketplace.catalog.wishes import SavedView, WantedModel
from portal.audit.services import advance, denied, record
from portal.core.errors import Conflict, Refused
from portal.core.tenancy import as_system
from portal.notices.services import tell
from tenants.directory.models import Tenant, User
from tenants.directory.roles import PlatformRole, TenantRole

MOST_VIEWS = 50
MOST_OPEN = 20
MOST_TOLD = 10  # tenants whose publishers hear of one wish


@transaction.atomic
def keep_view(*, by, name: str, query: str, replace: bool = False) -> SavedView:
    """Keep the address of a search under a name; one that is in use only to `replace` it."""
    name = " ".join(name.split())[:60]
    if not name:
        raise Refused("Give the view a name.", field="name")
    if len(query) > 2000:
        raise Refused("This search is too long to keep. Take some filters away.", field="query")
    mine = SavedView.objects.filter(person=by)
    known = mine.filter(name=name).first()
    if known and not replace and known.query != query:
        words = f"You keep a view as {name} already. Choose another name, or replace it."
        raise Conflict(words, field="name")
    if not known and mine.count() >= MOST_VIEWS:
        raise Refused(f"You keep {MOST_VIEWS} views. Forget one first.", field="name")
    view, _ = SavedView.objects.update_or_create(person=by, name=name, defaults={"query": query})
    record("kept a view", view, by=by, query=query[:500])
    return view


@transaction.atomic
def forget_view(view: SavedView, *, by) -> None:
    """Delete a view of one's own."""
    if view.person_id != by.pk:
        raise denied("forget", view, by=by, why="This view is somebody else's.")
    record("forgot a view", view, by=by)
    view.delete()


@transaction.atomic
def want(
    *, by, tenant: Tenant, title: str, need: str, searched: str = "", expected_calls=None
) -> WantedModel:
    """Ask for a model that the catalogue does not have, for a tenant one works in.

    Governance hears of it, and the publishers whose models come closest.
    """
    if not by.may(TenantRole.CONSUMER, tenant):
        raise denied("wish for", tenant, by=by, why="Ask for a team that you belong to.")
    title, need = " ".join(title.split())[:120], need.strip()
    if not title:
        raise Refused("Say in a few words what the model should do.", field="title")
    if not need:
        raise Refused("Say what you would use it for; publishers read this.", field="need")
    if WantedModel.objects.asked_by(by).open().count() >= MOST_OPEN:
        raise Refused(f"{MOST_OPEN} of your wishes are open. Withdraw one first.")
    wanted = WantedModel.objects.create(
        tenant=tenant, requester=by, title=title, need=need[:2000],
        searched=searched.strip()[:200], expected_calls_per_month=expected_calls,
    )  # fmt: skip
    record("wished for a model", wanted, by=by, searched=wanted.searched)
    _tell_who_can_help(wanted)
    return wanted


@transaction.atomic
def plan(wanted: WantedModel, *, by, answer: str = "") -> WantedModel:
    """A publisher or governance says that somebody works on it."""
    require_helper("plan", wanted, by)
    return _answer(wanted, WantedStatus.PLANNED, by=by, answer=answer)


@transaction.atomic
def meet(wanted: WantedModel, model: AIModel, *, by, answer: str = "") -> WantedModel:
    """Name the model that does what was asked for; who asked must be able to find it."""
    require_helper("meet", wanted, by)
    if not AIModel.objects.listed_to(wanted.requester).filter(pk=model.pk).exists():
        words = f"{wanted.requester} does not find {model}. List it to {wanted.tenant} first."
        raise Refused(words, field="model")
    wanted.model = model
    return _answer(wanted, WantedStatus.MET, by=by, answer=answer)


@transaction.atomic
def decline(wanted: WantedModel, *, by, answer: str) -> WantedModel:
    """Governance says no, with a reason."""
    if not by.is_governor:
        raise denied("decline", wanted, by=by, why="Only governance declines a wish.")
    if not answer.strip():
        raise Refused("Say why; the team that asked reads it.", field="answer")
    return _answer(wanted, WantedStatus.DECLINED, by=by, answer=answer)


@transaction.atomic
def withdraw_wish(wanted: WantedModel, *, by) -> WantedModel:
    """Take a wish back: who asked, or an owner of their tenant."""
    if by.is_auditor or not (by == wanted.requester or by.may(TenantRole.OWNER, wanted.tenant)):
        why = "Only who asked, and owners of their team, can take it back."
        raise denied("withdraw", wanted, by=by, why=why)
    if not wanted.is_open:
        raise Conflict(f"It is {wanted.get_status_display().lower()} already.")
    advance(wanted, WantedStatus.WITHDRAWN, by=by)
    return wanted


def helps(user) -> bool:
    """Whether this person may answer wishes."""
    return user.is_governor or bool(user.tenants_as(TenantRole.PUBLISHER))


def require_helper(verb: str, wanted: WantedModel, by) -> None:
    """Publishers and governance answer wishes; others are refused, and it is written down."""
    if by.is_auditor or not helps(by):
        raise denied(verb, wanted, by=by, why="Publishers and governance answer wishes.")


def _answer(wanted: WantedModel, to: str, *, by, answer: str) -> WantedModel:
    if to not in wanted.lifecycle.moves[wanted.status]:
        raise Conflict(f"It is {wanted.get_status_display().lower()} already.")
    wanted.answer, wanted.answered_by = answer.strip()[:1000], by
    wanted.answered_at = timezone.now()
    wanted.save(update_fields=["answer", "answered_by", "answered_at", "model"])
    advance(wanted, to, by=by, note=wanted.answer)
    tell(
        [wanted.requester], tenant=wanted.tenant, href=wanted.get_absolute_url(),
        title=f"{wanted.get_status_display()}: {wanted.title}", body=wanted.answer,
        tone="ok" if to == WantedStatus.MET else "info",
    )  # fmt: skip
    return wanted


def _tell_who_can_help(wanted: WantedModel) -> None:
    words = {"title": f"Wanted: {wanted.title}", "href": wanted.get_absolute_url()}
    words["body"] = wanted.need[:500]
    group = PlatformRole.GOVERNANCE.group_name
    tell(User.objects.filter(groups__name=group), tenant=wanted.tenant, **words)
    with as_system():
        listed = AIModel.objects.filter(status="published", tenant__isnull=False)
        found = search(listed, wanted.searched or wanted.title)
        close = found.ids[:50] or [model.pk for model in found.near]
        owners = listed.filter(pk__in=close).exclude(tenant=wanted.tenant)
        tenants = Tenant.objects.filter(pk__in=owners.values("tenant"))[:MOST_TOLD]
        for tenant in tenants:
            roles = [TenantRole.PUBLISHER, TenantRole.OWNER]
            seats = tenant.memberships.filter(role__in=roles).values("user")
            tell(User.objects.filter(pk__in=seats), tenant=tenant, **words)
