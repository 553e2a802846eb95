"""Will it fit, when, and what will it cost: told before a job is asked for, and while it waits."""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.utils import timezone

from compute.capacity.models import GpuFlavour
from compute.jobs import calibration, ranges, waiting
from compute.jobs.models import Estimate, Job
from compute.jobs.services import asking, costing, needs, queueing
from compute.jobs.services.hardware import hardware_for
from compute.jobs.services.queueing import Queueing
from portal.audit.services import denied
from portal.core import tenancy
from portal.core.errors import Refused
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole

NOW, QUEUE, LARGE = "at once", "queue", "large"  # kinds of estimates, each judged by itself
HALF = 0.5  # of a node; what needs more in one place waits by other rules
LEAST_SPREAD = 0.05  # of the wait to each side
SOON_S = 60.0  # what fits now runs within this, as long as nothing else is known
LATEST = 200  # past estimates that are told of
HELD = Count("pk", filter=Q(low__lte=F("started_at"), high__gte=F("started_at")))
LEARNT = 100  # past estimates that the next ones learn from
FRESH = timedelta(seconds=60)  # then a waiting job is looked at again
LASTS_S, MOST = 2.0, 500
JUDGED = 20  # past estimates from which on a claim is made
CHOICES = 3  # flavours that are compared


@dataclass(frozen=True)
class Record:
    """How good past estimates were: of `of` jobs, `held` started within their range."""

    of: int
    held: int

    @property
    def tells(self) -> bool:
        """Whether there are enough to say how often such estimates hold."""
        return self.of >= JUDGED

    @property
    def share(self) -> float | None:
        return self.held / self.of if self.of else None


@dataclass(frozen=True)
class Span:
    """When a job should start: within `low` and `high` nine times in ten."""

    low: datetime
    middle: datetime
    high: datetime
    early_s: float
    late_s: float
    method: str

    @property
    def at_once(self) -> bool:
        return self.method == NOW

    @property
    def words(self) -> str:
        """The range as people read it."""
        return ranges.in_words(self.low, self.high)


@dataclass(frozen=True)
class Forecast:
    """The answer. `why` says in plain words why it can never run, `binding` what it waits for.

    `start` is None where it does not fit. `ahead` counts jobs that come first, `largest` the most
    units free on one node now. Money in nano-units of `currency`, None where nobody has priced
    the hardware; `usual_nano` is (low, high) by earlier runs, which `known_by` names.
    """

    fits: bool
    why: str = ""
    field: str = ""
    flavour: GpuFlavour | None = None
    region: str = ""
    start: Span | None = None
    binding: str = ""
    ahead: int = 0
    largest: float = 0
    units: float = 0
    record: Record = Record(0, 0)
    hour_nano: int | None = None
    limit_nano: int | None = None
    usual_nano: tuple[int, int] | None = None
    known_by: str = ""
    currency: str = ""

    @property
    def low(self) -> datetime | None:
        return self.start and self.start.low

    @property
    def high(self) -> datetime | None:
        return self.start and self.start.high


def forecast(tenant: Tenant, *, by, template=None, **asks) -> Forecast:
    """What would become of a job with these `asks`, changing nothing.

    `fits` is False, with words and the field at fault, for what could never run. The values
    themselves are checked as when submitting: raises `Refused`. 403 for people of other tenants,
    because the answer tells how busy this one is.
    """
    if not (by.is_operator or by.may(TenantRole.CONSUMER, tenant)):
        why = f"Only people of {tenant} and operators ask what its jobs would wait for."
        raise denied("forecast a job for", tenant, by=by, why=why, tenant=tenant)
    facts = needs.checked({"name": "A job"} | asks)
    asking.require_rank(by, tenant, facts.get("priority", "normal"))
    job = Job(tenant=tenant, person=by, template=template, **facts)
    asking.bind(job)
    return of_job(job, name=asks.get("name", ""))


def of_job(job: Job, *, name: str = "", queues: dict | None = None) -> Forecast:
    """The same for a job that is asked for, or is about to be. `queues` by flavour were read a
    moment ago; what is missing is added."""
    try:
        flavours = hardware_for(job)[:CHOICES]
    except Refused as refused:
        return Forecast(False, why=refused.detail, field=refused.field)
    with tenancy.as_system():  # the queue is everybody's; only counts and times leave it
        found = [_on(flavour, job, {} if queues is None else queues) for flavour in flavours]
    best = min(found, key=lambda each: each.start.middle if each.start else _never())
    if best.start is None:
        return best
    return replace(best, **costing.costs(job, best.flavour, name or job.name))


def estimate(job: Job, *, queues: dict | None = None) -> Estimate | None:
    """Write down when a waiting job should start; its first and its newest estimate are kept.

    None where nothing can be said of it. `queues` as `of_job` has it.
    """
    found = of_job(job, queues=queues)
    if not job.waits or job.started_at or found.start is None:
        return None
    start, now = found.start, timezone.now()
    facts = {
        "tenant_id": job.tenant_id, "flavour": found.flavour, "low": start.low,
        "middle": start.middle, "high": start.high, "early_s": start.early_s,
        "late_s": start.late_s, "method": start.method, "told_at": now,
    }  # fmt: skip
    Estimate.objects.get_or_create(job_id=job.pk, first=True, defaults=facts)
    row, _ = Estimate.objects.update_or_create(job_id=job.pk, first=False, defaults=facts)
    return row


def told_estimate(job: Job) -> Estimate | None:
    """The newest estimate of a job that still waits."""
    if not job.waits:
        return None
    told = Estimate.objects.filter(job_id=job.pk, first=False, started_at=None)
    return told.select_related("flavour").first()


def record_of(method: str, flavour: GpuFlavour | None = None) -> Record:
    """How good estimates of this kind were: those of the same hardware where there are any.

    Everybody's count; no more than the two numbers are told of them.
    """
    with tenancy.as_system():
        same = _record(_past(method).filter(flavour=flavour)) if flavour else Record(0, 0)
        return same if same.of else _record(_past(method))


def _record(rows) -> Record:
    return Record(**rows[:LATEST].aggregate(of=Count("pk"), held=HELD))


def _on(flavour: GpuFlavour, job: Job, queues: dict) -> Forecast:
    queue = queues.get(flavour.pk)
    if queue is None or job.tenant_id.hex not in queue.shares:
        queue = queues[flavour.pk] = queueing.read(flavour, job.tenant_id)
    scene = queue.scene(queueing.rank_of(job))
    waiter = queueing.waiter_of(job, flavour)
    seen = waiting.expected(scene, waiter)
    region = flavour.region or flavour.cluster.region
    told = {"flavour": flavour, "region": region, "units": waiter.units}
    told |= {"ahead": len(scene.line), "largest": waiting.largest_block(scene)}
    if seen is waiting.NEVER:
        words = "No node with such hardware takes work now. It waits until one does."
        return Forecast(True, binding=words, **told)
    start = _span(seen, flavour, _method(seen, waiter, scene))
    return Forecast(
        True, start=start, binding=_binding(queue, scene, waiter, job.tenant, seen),
        record=record_of(start.method, flavour), **told,
    )  # fmt: skip


def _method(seen: waiting.Expected, waiter: waiting.Waiter, scene: waiting.Scene) -> str:
    if seen.at_once:
        return NOW
    largest = max(scene.nodes.values(), default=0.0)
    return LARGE if waiter.block > HALF * largest else QUEUE


def _span(seen: waiting.Expected, flavour: GpuFlavour, method: str) -> Span:
    """The played range, stretched by how past ones of its kind did."""
    least = LEAST_SPREAD * seen.middle
    early_s = max(seen.middle - seen.low, least)
    late_s = SOON_S if seen.at_once else max(seen.high - seen.middle, least)
    factor = calibration.stretch(_scores(method, flavour))
    now = timezone.now()
    middle = now + timedelta(seconds=seen.middle)
    low = max(now, middle - timedelta(seconds=early_s * factor.early))
    high = middle + timedelta(seconds=late_s * factor.late)
    return Span(low, middle, high, early_s, late_s, method)


def _scores(method: str, flavour: GpuFlavour) -> list[calibration.Past]:
    """Past estimates that are known to be right or wrong, those that are overdue among them."""
    names, now = ("middle", "early_s", "late_s"), timezone.now()
    past = _past(method)
    same = past.filter(flavour=flavour)
    ended = (same if same.exists() else past).values_list(*names, "started_at")[:LEARNT]
    waits = Job.objects.filter(status__in=queueing.WAITS, started_at=None).values("pk")
    late = Estimate.objects.filter(
        method=method, flavour=flavour, first=True, started_at=None, middle__lt=now,
        job_id__in=waits,
    ).values_list(*names)  # fmt: skip
    rows = [*ended, *((*row, now) for row in late[:LEARNT])]
    return [
        calibration.Past((began - middle).total_seconds(), early_s, late_s)
        for middle, early_s, late_s, began in rows
    ]


def _past(method: str):
    """Estimates of jobs that have started, the newest first."""
    return Estimate.objects.filter(
        method=method, first=True, started_at__isnull=False, middle__isnull=False
    ).order_by("-id")  # fmt: skip


def _binding(queue: Queueing, scene, waiter, tenant: Tenant, seen: waiting.Expected) -> str:
    """What the job waits for, the nearest reason first."""
    if seen.at_once:
        return "There is room now."
    unit, name = queue.flavour.unit, queue.flavour.name
    share = scene.share(waiter.tenant)
    mine = queue.held.get(waiter.tenant, 0.0)
    most = min(share.ceiling, queue.size)
    if mine + waiter.units > most:
        return f"{tenant} has {mine:g} of the {most:g} {unit}s of {name} that it may have in use."
    free = queue.size - sum(queue.held.values())
    if free < waiter.units:
        lead = "all" if free <= 0 else f"{queue.size - free:g}"
        return f"It needs {_some(waiter.units, unit)}, and {lead} of {queue.size:g} are in use."
    largest = waiting.largest_block(scene)
    if largest < waiter.block:
        needed = _some(waiter.block, unit)
        return f"It needs {needed} in one node, and the largest free block is {largest:g}."
    return f"{_some(len(scene.line), 'job')} {'comes' if len(scene.line) == 1 else 'come'} first."


def _some(count: float, what: str) -> str:
    return f"{count:g} {what}" if count == 1 else f"{count:g} {what}s"


def _never() -> datetime:
    return timezone.now() + timedelta(days=36_500)


def refresh(within_s: float = LASTS_S) -> int:
    """Estimate anew what waits and was told longest ago, for so many seconds; says how many."""
    until = time.monotonic() + within_s
    old = timezone.now() - FRESH
    with tenancy.as_system():
        told = Estimate.objects.filter(first=False, job_id=OuterRef("pk"))
        waits = Job.objects.filter(status__in=queueing.WAITS, started_at=None)
        waits = waits.annotate(told_at=Subquery(told.values("told_at")[:1]))
        due = waits.filter(Q(told_at=None) | Q(told_at__lte=old))
        due = list(due.order_by(F("told_at").asc(nulls_first=True), "id").to_show()[:MOST])
    done, queues = 0, {}
    for job in due:
        if time.monotonic() > until:
            break
        with tenancy.as_system():
            estimate(job, queues=queues)
        done += 1
    return done
