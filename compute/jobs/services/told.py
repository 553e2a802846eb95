"""Who is told what of a job: lines of its timeline, once each, and notices to people."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta

from django.db import connection
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from compute.jobs import broadcast
from compute.jobs.lifecycle import ENDED, JobStatus
from compute.jobs.models import Happening, Job
from compute.jobs.services import following
from portal.core.templatetags._words import span
from portal.notices import services as notices
from tenants.directory.models import Membership, User
from tenants.directory.roles import PlatformRole, TenantRole

LONG_WAIT = timedelta(minutes=10)
HOW = {
    JobStatus.SUCCEEDED: "succeeded",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "was cancelled",
}
TONES = {JobStatus.SUCCEEDED: "ok", JobStatus.FAILED: "bad", JobStatus.CANCELLED: "info"}
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
WORDS = Happening._meta.get_field("words").max_length


def happened(
    job: Job, key: str, kind: str, words: str, *, tone: str = "info", at=None, detail: str = ""
) -> None:
    """Put one line on the timeline, unless the same `key` stands there already."""
    tell([line(job, key, kind, words, tone=tone, at=at, detail=detail)])


def line(
    job: Job, key: str, kind: str, words: str, *, tone: str = "info", at=None, detail: str = ""
) -> Happening:
    """A line that is still to be told."""
    return Happening(
        tenant_id=job.tenant_id, job=job, at=at or timezone.now(), kind=kind, tone=tone,
        words=words[:WORDS], key=key, detail=detail,
    )  # fmt: skip


def tell(lines: Iterable[Happening]) -> None:
    """Put lines on timelines, but for those that stand there already."""
    Happening.objects.bulk_create(lines, ignore_conflicts=True)


def of_start(job: Job, at) -> None:
    """Tell the submitter that work began, where it was waited for long."""
    waited = at - job.created_at
    if waited > LONG_WAIT and not _others(job).filter(started_at__isnull=False).exists():
        body = f"It waited {span(waited.total_seconds())}."
        to_submitter(job, f"{job.name} is running", body=body)


def of_ends(jobs: Iterable[Job]) -> None:
    """Tell submitters how these ended, which are written down; a cancellation only if it was
    another person's."""
    series = defaultdict(list)
    for job in sorted(jobs, key=lambda job: job.pk):
        if job.series:
            series[job.series].append(job)
        elif not (job.status == JobStatus.CANCELLED and _by_submitter(job)):
            title = f"{job.name} {HOW[job.status]}"
            to_submitter(job, title, body=job.reason, tone=TONES[job.status])
    for key in sorted(series):  # two hands that end jobs of the same two never wait in a ring
        _of_series(series[key])


def _by_submitter(job: Job) -> bool:
    return job.cancel_reason.startswith(f"Cancelled by {job.person.username}.")


def _others(job: Job):
    """The other jobs of its series."""
    same = Job.objects.exclude(pk=job.pk)
    return same.filter(series=job.series) if job.series else same.none()


def _of_series(jobs: list[Job]) -> None:
    """A series tells of its first failure and of its end, not of each of its jobs."""
    job = jobs[-1]
    with connection.cursor() as cursor:  # of the last two that end one sees that it is the last
        cursor.execute(ONE_AT_A_TIME, [str(job.series)])
    by_status = Job.objects.filter(series=job.series).order_by().values_list("status")
    counts = Counter(dict(by_status.annotate(Count("pk"))))
    failed = [job for job in jobs if job.status == JobStatus.FAILED]
    if counts.keys() <= ENDED:
        if counts.keys() == {JobStatus.CANCELLED} and _by_submitter(job):
            return
        ends = ", ".join(f"{n} {s}" for s in sorted(ENDED) if (n := counts[s]))
        tone = TONES[JobStatus.FAILED if counts[JobStatus.FAILED] else job.status]
        href = f"{reverse('jobs:list')}?series={job.series}&tenant={job.tenant.slug}"
        to_submitter(job, f"{job.name.rpartition(' ')[0]}: {ends}", tone=tone, href=href)
    elif failed and counts[JobStatus.FAILED] == len(failed):
        first = failed[0]
        body = f"{first.reason} The others of its series go on."
        to_submitter(first, f"{first.name} failed", body=body, tone=TONES[first.status])


def of_eviction(job: Job, words: str) -> None:
    """Tell the submitter that the hardware was taken away; `words` say why."""
    title = f"{job.name} lost its hardware and waits again"
    to_submitter(job, title, body=words, tone="warn")


def of_loop(job: Job, count: int) -> None:
    """Tell owners and operators that a job is put off again and again."""
    seats = Membership.objects.filter(tenant=job.tenant, role=TenantRole.OWNER)
    owners = User.objects.filter(pk__in=seats.values("user"))
    operators = User.objects.filter(groups__name=PlatformRole.OPERATOR.group_name)
    body = (
        "Each time it begins again from its last checkpoint. A higher guaranteed quota, a "
        "higher priority or a checkpoint that is written more often helps."
    )
    notices.tell(
        (owners | operators).distinct(), tenant=job.tenant, body=body, tone="warn",
        title=f"{job.name} lost its hardware {count} times", href=job.get_absolute_url(),
    )  # fmt: skip


def to_submitter(
    job: Job, title: str, *, body: str = "", tone: str = "info", href: str = ""
) -> None:
    """A notice to who submitted the job, if they wanted any and are still of the tenant."""
    if not job.notify or not Job.objects.visible_to(job.person).filter(pk=job.pk).exists():
        return
    href = href or job.get_absolute_url()
    notices.tell([job.person], tenant=job.tenant, title=title, href=href, body=body, tone=tone)


def listed(jobs: list[Job]) -> None:
    """Refresh the lists for many new jobs of one tenant."""
    following.jobs_moved(jobs)
    broadcast.listed(jobs[0].tenant_id)


def moved(*jobs: Job) -> None:
    """Refresh the pages that show these jobs, and let those hear who follow them."""
    following.jobs_moved(list(jobs))
    for job in jobs:
        broadcast.moved(job.pk, tenant_id=job.tenant_id)
