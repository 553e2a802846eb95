"""Saying that a problem that somebody else reported is one's own too."""

from django.db import transaction

from marketplace.feedback.models import Affected, Report
from marketplace.feedback.services import rules
from portal.audit.services import denied, record
from portal.core import tenancy
from portal.core.errors import Conflict
from tenants.directory.models import Tenant

ONLY = "Only people whose team may call the model, and did not report it, are affected too."


def could_be_affected(report: Report, user) -> list[Tenant]:
    """The tenants on whose behalf this person may say so; none for who reported it."""
    return [] if report.reporter_id == user.pk else rules.callers(user, report.model)


@transaction.atomic
def affects(report: Report, *, by, tenant: Tenant | None = None) -> Affected:
    """Say that a report one may read concerns oneself; a second time changes nothing.

    For `tenant`, or the first of one's tenants that may call the model. `Conflict` where it is
    solved.
    """
    able = could_be_affected(report, by)
    speaker = rules.speaking_for(
        able, tenant, verb="be affected by", model=report.model, by=by, why=ONLY
    )
    if not report.is_unsolved:
        raise Conflict(f"It is {report.get_status_display().lower()}. Report what is still wrong.")
    with tenancy.as_system():
        said, new = Affected.objects.get_or_create(
            report=report, person=by, defaults={"tenant": speaker, "provider": report.provider}
        )
    if new:
        record("said it affects them", said, by=by, model=report.model.slug)
    return said


@transaction.atomic
def spares(report: Report, *, by) -> None:
    """Take that back; nothing happens where it was never said."""
    if by.is_auditor:
        raise denied("be affected by", report, by=by, why=ONLY)
    with tenancy.as_system():
        said = report.affected.filter(person=by).select_related("tenant").first()
        if said is not None:
            record("said it no longer affects them", said, by=by, model=report.model.slug)
            said.delete()
