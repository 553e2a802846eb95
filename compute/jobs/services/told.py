"""Who is told what of a job: lines of its timeline, once each, and notices to people."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db import connection
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
TONES = {JobStatus.SUCCEEDED: "ok", JobStatus.FAILED: "bad", JobStatus.CANCELLED: "info"}
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
WORDS = Happening._meta.get_field("words").max_length


def happened(
    job: Job, key: str, kind: str, words: str, *, tone: str = "info", at=None, detail: str = ""
) -> None:
    """Put one line on the timeline, unless the same `key` stands there already."""
    happened_to([job], key, kind, words, tone=tone, at=at, detail=detail)


def happened_to(
    jobs: Iterable[Job], key: str, kind: str, words: str, *, tone: str = "info", at=None, detail=""
) -> None:
    """The same line on the timelines of several."""
    told = {"at": at or timezone.now(), "kind": kind, "tone": tone, "words": words[:WORDS]}
    told |= {"key": key, "detail": detail}
    lines = [Happening(tenant_id=job.tenant_id, job=job, **told) for job in jobs]
    Happening.objects.bulk_create(lines, ignore_conflicts=True)


def of_start(job: Job, at) -> None:
    """Tell the submitter that work began, where it was waited for long."""
    waited = at - job.created_at
    if waited > LONG_WAIT and not _others(job).filter(started_at__isnull=False).exists():
        body = f"It waited {span(waited.total_seconds())}."
        to_submitter(job, f"{job.name} is running", body=body)


def of_end(job: Job) -> None:
    """Tell the submitter how it ended; a cancellation only if it was another person's."""
    titles = {
        JobStatus.SUCCEEDED: f"{job.name} succeeded",
        JobStatus.FAILED: f"{job.name} failed",
        JobStatus.CANCELLED: f"{job.name} was cancelled",
    }
    by_me = job.cancel_reason.startswith(f"Cancelled by {job.person.username}.")
    if job.series:
        _of_series(job, by_me)
    elif not (job.status == JobStatus.CANCELLED and by_me):
        to_submitter(job, titles[job.status], body=job.reason, tone=TONES[job.status])


def _others(job: Job):
    """The other jobs of its series."""
    same = Job.objects.exclude(pk=job.pk)
    return same.filter(series=job.series) if job.series else same.none()


def _of_series(job: Job, by_me: bool) -> None:
    """A series tells of its first failure and of its end, not of each of its jobs."""
    with connection.cursor() as cursor:  # of the last two that end one sees that it is the last
        cursor.execute(ONE_AT_A_TIME, [str(job.series)])
    stem, others = job.name.rpartition(" ")[0], list(_others(job).values_list("status", flat=True))
    failed = job.status == JobStatus.FAILED
    if set(others) <= ENDED:
        counts = Counter([*others, job.status])
        if by_me and counts.keys() == {JobStatus.CANCELLED}:
            return
        ends = ", ".join(f"{n} {s}" for s in sorted(ENDED) if (n := counts[s]))
        tone = TONES[JobStatus.FAILED if counts[JobStatus.FAILED] else job.status]
        href = f"{reverse('jobs:list')}?series={job.series}&tenant={job.tenant.slug}"
        to_submitter(job, f"{stem}: {ends}", tone=tone, href=href)
    elif failed and JobStatus.FAILED not in others:
        body = f"{job.reason} The others of its series go on."
        to_submitter(job, f"{job.name} failed", body=body, tone=TONES[JobStatus.FAILED])


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
