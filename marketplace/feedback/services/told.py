"""Who is told what about ratings and reports; rows of the transaction they tell of."""

from collections import defaultdict

from marketplace.feedback.lifecycle import ReportStatus
from marketplace.feedback.models import Rating, Reply, Report
from portal.core import tenancy
from portal.notices import services as notices
from tenants.directory.models import Membership, Tenant, User
from tenants.directory.roles import TenantRole

ANSWERING = (TenantRole.PUBLISHER, TenantRole.OWNER)
NEWS = {
    ReportStatus.CONFIRMED: ("{provider} confirmed your report on {model}", "info"),
    ReportStatus.DECLINED: ("{provider} declined your report on {model}", "warn"),
    ReportStatus.FIXED: ("Fixed in version {fixed_in} of {model}", "ok"),
}

AFFECTED = {
    ReportStatus.CONFIRMED: "{provider} confirmed a problem with {model} that affects you",
    ReportStatus.DECLINED: "{provider} declined a problem with {model} that affects you",
    ReportStatus.FIXED: "Fixed in version {fixed_in} of {model}",
}


def publishers_of(tenant: Tenant):
    """Who answers for the models of `tenant`."""
    seats = Membership.objects.filter(tenant=tenant, role__in=ANSWERING)
    return User.objects.filter(is_active=True, pk__in=seats.values("user"))


def of_rating(rating: Rating) -> None:
    title = f"{rating.model} was given {rating.stars} of 5 stars"
    tone = "warn" if rating.stars <= 2 else "info"
    _tell_publishers(rating, rating.person, title, rating.sentence, tone)


def of_report(report: Report) -> None:
    title = f"{report.model}: a problem was reported"
    _tell_publishers(report, report.reporter, title, report.title, "warn")


def of_reply(reply: Reply) -> None:
    """The other side hears of it."""
    report = reply.report
    title = f"Reply on {report.model}: {report.title}"
    if reply.by_publisher:
        _tell_reporter(report, title, reply.text, "info")
    else:
        _tell_publishers(report, reply.author, title, reply.text, "info")


def of_move(report: Report, *, by) -> None:
    """Its reporter and all whom it affects hear what the publishers did; they, of a reopening."""
    if report.status in NEWS:
        words, tone = NEWS[report.status]
        facts = {"provider": report.provider, "model": report.model, "fixed_in": report.fixed_in}
        said = f"{report.title}. {report.reason}".strip()
        _tell_reporter(report, words.format(**facts), said, tone)
        _tell_affected(report, AFFECTED[report.status].format(**facts), said, tone)
    elif report.status == ReportStatus.OPEN:
        title = f"Still wrong: {report.model}, {report.title}"
        _tell_publishers(report, by, title, report.reason, "warn")


def _tell_publishers(subject, speaker, title: str, body: str, tone: str) -> None:
    people = publishers_of(subject.provider).exclude(pk=speaker.pk)
    href = subject.get_absolute_url()
    notices.tell(people, tenant=subject.provider, title=title, href=href, body=body, tone=tone)


def _tell_reporter(report: Report, title: str, body: str, tone: str) -> None:
    href = report.get_absolute_url()
    notices.tell(
        [report.reporter], tenant=report.tenant, title=title, href=href, body=body, tone=tone
    )


def _tell_affected(report: Report, title: str, body: str, tone: str) -> None:
    """They are of many tenants, and none learns of another."""
    people = defaultdict(list)
    with tenancy.as_system():
        for row in report.affected.select_related("person", "tenant"):
            people[row.tenant].append(row.person)
    href = report.get_absolute_url()
    for tenant, persons in people.items():
        notices.tell(persons, tenant=tenant, title=title, href=href, body=body, tone=tone)
