"""What each office finds on the start page beside its own desk: a few rows, and a way on."""

from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from marketplace.access.models import AccessRequest, Grant
from marketplace.catalog import services as catalog
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel
from marketplace.catalog.rows import dress
from marketplace.feedback.models import Report
from marketplace.imports.lifecycle import ImportStatus
from marketplace.imports.models import Import
from portal.audit.models import Event
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Posting
from tenants.directory.roles import TenantRole

SHOWN = 6
LONG = timedelta(days=3)  # a request that nobody has decided for so long
SOON = timedelta(days=14)


@dataclass(frozen=True)
class Line:
    """One row: what it is, where it is, what about it, and since or until when."""

    label: str
    href: str
    note: str = ""
    at: object = None


@dataclass(frozen=True)
class Section:
    """A few rows under a title; `quiet` is said where there are none."""

    key: str
    title: str
    lines: list[Line]
    more: str
    href: str
    quiet: str


def sections(user) -> list[Section]:
    """The lists of every office that this person holds, at most six rows each."""
    found = []
    if user.is_finance:
        found += [_months(), _corrections()]
    if user.is_governor:
        found += [_long_waits(user), _ending(user)]
    if user.is_auditor:
        found.append(_denials(user))
    if user.is_operator:
        found.append(_imports(user))
    if user.tenants_as(TenantRole.PUBLISHER) and not user.is_auditor:
        found += [_drafts(user), _problems(user)]
    return found


def _months() -> Section:
    close = reverse("chargeback:close")
    lines = [
        Line(f"{month:%B %Y}", f"{close}?month={month:%Y-%m}", "over, and still open")
        for month in chargeback.closable_months()[:SHOWN]
    ]
    quiet = "Every month that is over is closed."
    return Section("months", "Months to close", lines, "Close a month", close, quiet)


def _corrections() -> Section:
    rows = Posting.objects.corrections()[:SHOWN]
    lines = [
        Line(row.tenant.name, reverse("chargeback:corrections"), row.note, row.at) for row in rows
    ]
    href = reverse("chargeback:corrections")
    return Section("corrections", "Newest corrections", lines, "Corrections", href, "None yet.")


def _long_waits(user) -> Section:
    open_ones = AccessRequest.objects.visible_to(user).open()
    old = open_ones.filter(created_at__lt=timezone.now() - LONG).select_related("model", "tenant")
    lines = [
        Line(row.model.slug, row.get_absolute_url(), f"for {row.tenant.name}", row.created_at)
        for row in old.order_by("created_at")[:SHOWN]
    ]
    quiet = "No request has waited for more than three days."
    href = reverse("access:queue")
    return Section("waits", "Requests that wait long", lines, "Review queue", href, quiet)


def _ending(user) -> Section:
    held = Grant.objects.visible_to(user).in_force()
    soon = held.filter(ends_at__lt=timezone.now() + SOON).select_related("model", "tenant")
    lines = [
        Line(row.model.slug, row.get_absolute_url(), f"held by {row.tenant.name}", row.ends_at)
        for row in soon.order_by("ends_at")[:SHOWN]
    ]
    quiet = "No grant ends within two weeks."
    href = reverse("audit:list")
    return Section("ending", "Grants about to end", lines, "Audit trail", href, quiet)


def _denials(user) -> Section:
    rows = Event.objects.visible_to(user).filter(verb__startswith="denied ").newest_first()
    lines = [
        Line(str(row), row.get_absolute_url(), row.facts.get("note", ""), row.at)
        for row in rows[:SHOWN]
    ]
    href = reverse("audit:list")
    return Section("denials", "Newest denials", lines, "Audit trail", href, "Nobody was refused.")


def _imports(user) -> Section:
    wrong = [ImportStatus.FAILED, ImportStatus.UPLOADED, ImportStatus.CHECKED]
    rows = Import.objects.visible_to(user).filter(status__in=wrong)[:SHOWN]
    lines = [
        Line(row.name, row.get_absolute_url(), row.get_status_display().lower(), row.created_at)
        for row in rows
    ]
    quiet = "No import waits for you."
    href = reverse("imports:list")
    return Section("imports", "Imports to go on with", lines, "Imports", href, quiet)


def _drafts(user) -> Section:
    mine = AIModel.objects.editable_by(user).filter(status=ModelStatus.DRAFT)
    rows = dress(list(mine.defer("words").order_by("-changed_at")[:SHOWN]))
    lines = []
    for model in rows:
        lacking = [i.label.lower() for i in catalog.missing(model, fresh=False) if i.required]
        note = f"missing: {', '.join(lacking)}" if lacking else "ready to publish"
        lines.append(Line(model.slug, model.get_absolute_url(), note, model.changed_at))
    href = reverse("catalog:mine")
    return Section("drafts", "Your drafts", lines, "My models", href, "You have no draft.")


def _problems(user) -> Section:
    rows = Report.objects.visible_to(user).waiting_for(user).to_show().order_by("id")[:SHOWN]
    lines = [
        Line(
            row.title,
            row.get_absolute_url(),
            f"{row.model}, from {row.tenant.name}",
            row.created_at,
        )
        for row in rows
    ]
    href = reverse("feedback:list")
    quiet = "No problem waits for an answer."
    return Section("problems", "Problems with your models", lines, "Problem reports", href, quiet)
