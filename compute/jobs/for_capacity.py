"""What the pages of capacity show of jobs: those that wait, and those that hold hardware."""

import re
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, Count, F, Min, OuterRef, Subquery, Sum, When
from django.db.models.fields.json import KT

from compute.capacity import upward
from compute.engines.jobs import WaitCause
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Estimate, Job
from portal.core.templatetags._words import number

WAITS = (JobStatus.SUBMITTED, JobStatus.QUEUED)
NAME = re.compile(r"j-([0-9a-f]{32})-\d+")
WRONG = {cause.value for cause in WaitCause if cause.wrong}
UNITS = Sum(
    Case(When(job__gpus__gt=0, then=F("job__gpus")), default=F("job__cpu")) * F("job__nodes")
)


def waiting(user, *, most: int, flavour=None) -> upward.Queued:
    """What waits for hardware, as far as `user` may see; the next `most` with why and since when.

    Counted by the database: thousands that wait cost as much as ten.
    """
    seen = Attempt.objects.filter(
        ended_at=None, job__in=Job.objects.visible_to(user).filter(status__in=WAITS)
    ).annotate(best=KT("order__flavours__0"))
    if flavour is not None:
        seen = seen.filter(cluster=flavour.cluster_id, best=flavour.slug)
    grouped = seen.values("cluster", "best", "job__tenant__slug").annotate(
        jobs=Count("pk"), units=UNITS, since=Min("job__created_at")
    )
    flavours: dict[tuple, upward.Count] = {}
    tenants, total, since = {}, upward.Count(), None
    for row in grouped.order_by():
        here = upward.Count(row["jobs"], row["units"] or Decimal(0))
        kind = (row["cluster"], row["best"])
        tenants[*kind, row["job__tenant__slug"]] = here
        flavours[kind] = _sum(flavours.get(kind), here)
        total = _sum(total, here)
        since = min(since or row["since"], row["since"])
    first = _next(seen, most) if total.jobs else []
    return upward.Queued(total, since, flavours, tenants, first)


def holders(user, names) -> dict[str, upward.Holder]:
    """The jobs behind names of attempts, by that name, as far as `user` may see them."""
    ids = {name: UUID(found[1]) for name in names if (found := NAME.fullmatch(name))}
    jobs = Job.objects.visible_to(user).filter(pk__in=set(ids.values())).only("name")
    known = {job.pk: upward.Holder(job.name, job.get_absolute_url()) for job in jobs}
    return {name: known[pk] for name, pk in ids.items() if pk in known}


def _next(attempts, most: int) -> list[upward.Waiting]:
    """Those that are expected to start first, by the newest range; where nobody knows, those that
    came first."""
    newest = Estimate.objects.filter(job_id=OuterRef("pk"), started_at=None).order_by("first")
    jobs = Job.objects.filter(pk__in=attempts.values("job")).select_related("tenant")
    told = jobs.annotate(
        low=Subquery(newest.values("low")[:1]), high=Subquery(newest.values("high")[:1])
    )
    return [_told(job) for job in told.order_by(F("low").asc(nulls_last=True), "pk")[:most]]


def _told(job: Job) -> upward.Waiting:
    return upward.Waiting(
        name=job.name,
        href=job.get_absolute_url(),
        tenant=job.tenant.slug,
        needs=_needs(job),
        since=job.created_at,
        why=job.reason,
        wrong=job.cause in WRONG,
        low=job.low,
        high=job.high,
    )


def _needs(job: Job) -> str:
    """ "4 GPUs of 40 GB", "2 GPUs on each of 4 nodes", "8 cores"."""
    count = job.gpus or job.cpu
    unit = ("GPU" if job.gpus else "core") + ("" if count == 1 else "s")
    memory = f" of {job.gpu_memory_gb} GB" if job.gpu_memory_gb else ""
    spread = f" on each of {job.nodes} nodes" if job.nodes > 1 else ""
    return f"{number(count)} {unit}{memory}{spread}"


def _sum(before: upward.Count | None, here: upward.Count) -> upward.Count:
    before = before or upward.Count()
    return upward.Count(before.jobs + here.jobs, before.units + here.units)


upward.connect(waiting=waiting, holders=holders)
