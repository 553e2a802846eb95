"""Stretches of hardware: written down from what the engine saw, billed once, added up."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from compute.capacity.models import GpuFlavour
from compute.engines.jobs import JobSighting, PodSighting
from compute.jobs.models import Attempt, Job, Receipt, Run, RunEnd
from portal.core import tenancy
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Meter, Price

MISSED = timedelta(seconds=5)  # a look that began before a run was written may not know of it
SECOND = timedelta(seconds=1)
MICRO = Decimal("0.000001")
GONE = "It was removed from outside. Counted until it was last seen."


def note_runs(
    job: Job, attempt: Attempt, seen: JobSighting, *, looked_at: datetime, over: bool = False
) -> bool:
    """Write down the pods of a sighting; whether one has ended. Holds the row of the job.

    A run that is no longer in sight has ended when it was last seen; `over`: also one that was
    written a moment ago, because there is nothing left.
    """
    known, ended = {run.pod: run for run in attempt.runs.all()}, False
    for pod in seen.pods:
        if pod.started_at is None:
            continue
        run = known.pop(pod.uid, None) or _begin(job, attempt, seen, pod)
        if run.ended_at is None and pod.ended_at:
            _end(run, pod.ended_at, pod.end or seen.end or "", pod.exit_code, pod.reason)
            ended = True
    for run in known.values():
        if run.ended_at is None and (over or run.created_at < looked_at - MISSED):
            _end(run, job.seen_at or run.started_at, RunEnd.GONE, None, GONE)
            ended = True
    return ended


def _begin(job: Job, attempt: Attempt, seen: JobSighting, pod: PodSighting) -> Run:
    order = attempt.order
    slug = pod.flavour or seen.flavour
    flavour = attempt.flavour(slug) or attempt.flavour(order["flavours"][0])
    units = Decimal(order["gpus"] if flavour.has_gpus else order["cpu"])
    return Run.objects.create(
        tenant_id=job.tenant_id, job=job, attempt=attempt, pod=pod.uid, pod_name=pod.name,
        index=pod.index, node=pod.node, flavour=flavour, units=units, started_at=pod.started_at,
    )  # fmt: skip


def _end(run: Run, at: datetime, end: str, exit_code: int | None, reason: str) -> None:
    run.ended_at, run.exit_code, run.reason = max(at, run.started_at), exit_code, reason
    run.end = end if end in RunEnd.values else RunEnd.STOPPED
    run.save(update_fields=["ended_at", "end", "exit_code", "reason"])


def bill(job_id) -> int:
    """Enter what ended and is owed into the ledger, each run in a transaction; says how many.

    Whoever comes second finds the run billed; the ledger holds each run's id once.
    """
    with tenancy.as_system():
        owed = Run.objects.filter(job=job_id, billed_at=None, ended_at__isnull=False)
        ids = list(owed.values_list("pk", flat=True))
    return sum(_bill(run_id) for run_id in ids)


@transaction.atomic
def _bill(run_id) -> bool:
    with tenancy.as_system():
        rows = Run.objects.select_for_update(of=("self",)).select_related(
            "flavour__cluster", "tenant"
        )
        run = rows.filter(pk=run_id, billed_at=None).first()
        if run is None:
            return False
        price = chargeback.price_at(run.flavour_id, run.started_at)
        run.seconds = seconds_of(run, run.ended_at)
        run.nano = 0
        if price:
            run.price_id, run.currency = price.pk, price.currency
            run.nano = chargeback.charge(
                run.pk, tenant=run.tenant, user=run.job_id, price=price,
                meter=meter_of(run.flavour), quantity=quantity(run.units, run.seconds),
                ended_at=run.ended_at,
            )  # fmt: skip
        run.billed_at = timezone.now()
        run.save(update_fields=["seconds", "nano", "price_id", "currency", "billed_at"])
    return True


def meter_of(flavour: GpuFlavour) -> str:
    """What is counted of a kind of hardware."""
    return Meter.GPU_SECONDS if flavour.has_gpus else Meter.CPU_SECONDS


def seconds_of(run: Run, until: datetime) -> Decimal:
    """Seconds of a run up to `until`, to the microsecond."""
    micros = (until - run.started_at) // timedelta(microseconds=1)
    return max(Decimal(0), Decimal(micros) * MICRO)


def quantity(units: Decimal, seconds: Decimal) -> Decimal:
    """What is billed: units times seconds, six decimals."""
    return round(units * seconds, 6)


def nano_of(run: Run, used: Decimal) -> int:
    """What `used` unit-seconds of a billed run cost."""
    price = Price.objects.filter(pk=run.price_id).first() if run.price_id else None
    return price.nano_for(used) if price else 0


def cost_so_far(job: Job) -> tuple[int, str]:
    """(nano-units, currency) of all that the job used, running included, less refunds."""
    nano, currency = costs_so_far([job]).get(job.pk, (None, ""))
    return nano or 0, currency or chargeback.CURRENCY


def costs_so_far(jobs: list[Job]) -> dict[UUID, tuple[int | None, str]]:
    """As `cost_so_far`, by id of job, with three questions for all of them.

    None where a job used hardware that nobody has set a price for; jobs that used none are
    left out.
    """
    now = timezone.now()
    ids = [job.pk for job in jobs]
    runs = list(Run.objects.filter(job__in=ids, started_at__isnull=False))
    prices = chargeback.prices_of({run.flavour_id for run in runs if run.billed_at is None})
    sums: dict[UUID, tuple[int | None, str]] = {}
    for run in runs:
        nano, currency = _cost(run, prices.get(run.flavour_id, []), now)
        before, known = sums.get(run.job_id, (None, ""))
        both = None if before is None and nano is None else (before or 0) + (nano or 0)
        sums[run.job_id] = (both, known or currency)
    given = Receipt.objects.filter(job__in=ids, refunded_nano__gt=0)
    for job_id, back in given.values_list("job").annotate(Sum("refunded_nano")):
        nano, currency = sums[job_id]
        sums[job_id] = ((nano or 0) - back, currency)
    return sums


def _cost(run: Run, prices: list[Price], now: datetime) -> tuple[int | None, str]:
    if run.billed_at:
        return (run.nano, run.currency) if run.price_id else (None, "")
    price = next((one for one in prices if one.covers(run.started_at)), None)
    if price is None:
        return None, ""
    used = quantity(run.units, seconds_of(run, run.ended_at or now))
    return price.nano_for(used), price.currency
