"""Reporting a problem, and talking about it."""

from django.db import transaction

from marketplace.catalog.models import AIModel
from marketplace.feedback.models import Reply, Report
from marketplace.feedback.services import rules, told
from portal.audit.services import denied, record
from portal.core import tenancy
from portal.core.errors import Conflict, Refused
from portal.vault import services as vault
from tenants.directory.models import Tenant

ONLY = "Only people whose team may call the model report problems with it."
LARGEST_EXAMPLE = 64 * 1024
MOST_UNSOLVED = 20
TITLE = Report._meta.get_field("title").max_length
TEXT = Report._meta.get_field("text").max_length
MANY = "You have {} unsolved reports on this model. Add to one of them, or close one first."


@transaction.atomic
def report(
    model: AIModel,
    *,
    by,
    title: str,
    text: str = "",
    version: int | None = None,
    example: str = "",
    public: bool = False,
    tenant: Tenant | None = None,
) -> Report:
    """Say that `model` is wrong on some kind of input. The publishers are told.

    `example` (text, at most 64 KiB) is sealed; the reporting tenant and the publishers of the
    model read it, nobody else. `public` lets everybody who finds the model read title, text and
    replies, without names. Raises `Refused` with the field, `Conflict` for too many at once.
    """
    able, refusal = rules.callers(by, model), {"model": model, "by": by, "why": ONLY}
    speaker = rules.speaking_for(able, tenant, verb="report a problem with", **refusal)
    said = {
        "title": rules.words(
            title, TITLE, "title", needed="Say in a line what is wrong.", one_line=True
        ),
        "text": rules.words(text, TEXT, "text"),
        "version": rules.version_of(model, version, "version"),
    }
    if len(example.encode("utf-8", "replace")) > LARGEST_EXAMPLE:
        raise Refused("Use an example of 64 KiB or less.", field="example")
    mine = Report.objects.visible_to(by).filter(reporter=by, model=model)
    if mine.unsolved().count() >= MOST_UNSOLVED:
        raise Conflict(MANY.format(MOST_UNSOLVED))
    made = Report.objects.create(
        model=model, tenant=speaker, provider=model.tenant, reporter=by, public=public,
        has_example=bool(example.strip()), **said,
    )  # fmt: skip
    if made.has_example:
        vault.keep(made, "example", example.encode("utf-8", "replace").decode())
    record("reported", made, by=by, public=public, version=version, example=made.has_example)
    told.of_report(made)
    return made


@transaction.atomic
def reply(report: Report, *, by, text: str) -> Reply:
    """Say something about a report: its team, and the publishers of the model."""
    publisher = rules.publishes(report, by)
    if not publisher and not rules.speaks_for_reporter(report, by):
        why = f"Only {report.provider} and the team that reported it reply."
        raise denied("reply to", report, by=by, why=why)
    if report.reporter_id == by.pk:
        publisher = False  # whoever reports on their own model speaks as who reported
    said = rules.words(text, TEXT, "text", needed="Write something first.")
    made = Reply.objects.create(
        report=report, tenant=report.tenant, provider=report.provider, author=by,
        by_publisher=publisher, text=said,
    )  # fmt: skip
    record("replied", report, by=by, by_publisher=publisher)
    told.of_reply(made)
    return made


def example_of(report: Report, *, by) -> str:
    """The sealed example, for the reporting team and the publishers alone; each look is noted."""
    if not (rules.publishes(report, by) or rules.speaks_for_reporter(report, by)):
        why = f"Only {report.provider} and the team that reported it read the example."
        raise denied("read the example of", report, by=by, why=why)
    if not report.has_example:
        raise Refused("This report has no example.")
    with tenancy.as_system():
        text = vault.reveal(report, "example")
    record("read the example", report, by=by)
    return text
