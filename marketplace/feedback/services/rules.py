"""Who may speak about a model, and for which team."""

from uuid import UUID

from marketplace.catalog import facts
from marketplace.catalog.models import AIModel, AIModelGroupPermission
from marketplace.feedback.models import Report
from portal.audit.services import denied
from portal.core.errors import Refused
from portal.core.permissions import holders
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole

USE = "use_aimodel"


def callers(user, model: AIModel) -> list[Tenant]:
    """The tenants on whose behalf this person may call `model` now, by slug."""
    if user.is_auditor:
        return []
    mine = holders(USE, model, AIModelGroupPermission).filter(user=user)
    ids = {UUID(name.split(":")[1]) for name in mine.values_list("name", flat=True)}
    return list(Tenant.objects.filter(pk__in=ids).order_by("slug")) if ids else []


def raters(user, model: AIModel) -> list[Tenant]:
    """The same without the owning tenant: nobody rates what their own team publishes."""
    if user.may(TenantRole.CONSUMER, model.tenant):
        return []
    return callers(user, model)


def speaking_for(
    allowed: list[Tenant], wanted: Tenant | None, *, verb: str, model: AIModel, by, why: str
) -> Tenant:
    """The tenant to speak for: the one that was named, or the first. 403 where there is none."""
    if not allowed or (wanted and wanted not in allowed):
        raise denied(verb, model, by=by, why=why)
    return wanted or allowed[0]


def speaks_for_reporter(report: Report, user) -> bool:
    """Whether this person is of the team that reported."""
    return not user.is_auditor and user.may(TenantRole.CONSUMER, report.tenant)


def publishes(report: Report, user) -> bool:
    """Whether this person answers for the model."""
    return not user.is_auditor and user.may(TenantRole.PUBLISHER, report.provider)


def words(value, longest: int, field: str, *, needed: str = "", one_line: bool = False) -> str:
    """Somebody's text as it is kept. Raises `Refused` at `field` if too long, or missing."""
    raw = str(value or "").strip()
    if len(raw) > longest:
        raise Refused(f"Use {longest:,} characters or fewer.", field=field)
    clean = facts.line(raw, longest) if one_line else facts.text(raw, longest)
    if needed and not clean.strip():
        raise Refused(needed, field=field)
    return clean


def version_of(model: AIModel, number: int | None, field: str) -> int | None:
    """`number` if the model has such a version. Raises `Refused` otherwise."""
    if number is not None and not model.versions.filter(number=number).exists():
        raise Refused(f"{model.slug} has no version {number}.", field=field)
    return number
