"""Stretches of hardware: written down from what the engine saw, billed once, added up."""

from collections.abc import Iterable
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

AT_ONCE = 100
MISSED = timedelta(seconds=5)  # a look that began before a run was written may not know of it
SECOND = timedelta(seconds=1)
MICRO = Decimal("0.000001")
PRICED = (
    *("job", "flavour", "units", "started_at", "ended_at"),
    *("billed_at", "price_id", "nano", "currency"),
)
GONE = "It was removed from outside. Counted until it was last seen."


class Sightings:
    """Runs as they were seen, of any number of attempts; `write` stores what is new of them."""

    def __init__(self, looked_at: datetime) -> None:
        self._looked_at = looked_at
        self._begun: list[Run] = []
        self.ended: list[Run] = []

    def add(
        self, job: Job, attempt: Attempt, seen: JobSighting, *, over: bool = False
    ) -> list[Run]:
        """Note the pods of an attempt; all of its runs. Holds the row of the job.

        A run that is no longer in sight has ended when it was last seen; `over`: also one that
        was written a moment ago, because there is nothing left.
        """
        runs = {run.pod: run for run in attempt.runs.all()}
        hidden = dict(runs)
        for pod in seen.pods:
            if pod.started_at is None:
                continue
            hidden.pop(pod.uid, None)
            run = runs[pod.uid] = runs.get(pod.uid) or self._began(job, attempt, seen, pod)
            if run.ended_at is None and pod.ended_at:
                end = pod.end or seen.end or ""
                self._ends(run, pod.ended_at, end, pod.exit_code, pod.reason)
        for run in hidden.values():
            if run.ended_at is None and (over or run.created_at < self._looked_at - MISSED):
                self._ends(run, job.seen_at or run.started_at, RunEnd.GONE, None, GONE)
        return list(runs.values())

    def write(self) -> None:
        """In two statements at most."""
        Run.objects.bulk_create(self._begun)
        known = [run for run in self.ended if run not in self._begun]
        Run.objects.bulk_update(known, ["ended_at", "end", "exit_code", "reason"])

    def _began(self, job: Job, attempt: Attempt, seen: JobSighting, pod: PodSighting) -> Run:
        order = attempt.order
        slug = pod.flavour or seen.flavour
        flavour = attempt.flavour(slug) or attempt.flavour(order["flavours"][0])
        units = Decimal(order["gpus"] if flavour.has_gpus else order["cpu"])
        run = Run(
            tenant_id=job.tenant_id, job=job, attempt=attempt, pod=pod.uid, pod_name=pod.name,
            index=pod.index, node=pod.node, flavour=flavour, units=units,
            started_at=pod.started_at,
        )  # fmt: skip
        self._begun.append(run)
        return run

    def _ends(self, run: Run, at: datetime, end: str, exit_code: int | None, reason: str) -> None:
        run.ended_at, run.exit_code, run.reason = max(at, run.started_at), exit_code, reason
        run.end = end if end in RunEnd.values else RunEnd.STOPPED
        self.ended.append(run)


def bill(job_ids: Iterable[UUID]) -> int:
    """Enter what ended of these and is owed into the ledger; says how many runs.

    `AT_ONCE` in a transaction, all of those or none. Whoever comes second finds them billed; the
    ledger holds each run's id once.
    """
    with tenancy.as_system():
        owed = Run.objects.filter(job__in=job_ids, billed_at=None, ended_at__isnull=False)
        ids = list(owed.values_list("pk", flat=True))
    return sum(_bill(ids[at : at + AT_ONCE]) for at in range(0, len(ids), AT_ONCE))


@transaction.atomic
def _bill(ids: list[UUID]) -> int:
    with tenancy.as_system():
        rows = Run.objects.select_for_update(of=("self",)).filter(pk__in=ids, billed_at=None)
        runs = list(rows.select_related("flavour__cluster", "tenant").order_by("pk"))
        prices = chargeback.prices_of({run.flavour_id for run in runs})
        now = timezone.now()
        chargeback.charge(filter(None, [_price(run, prices, now) for run in runs]))
        told = ["seconds", "nano", "price_id", "currency", "billed_at"]
        Run.objects.bulk_update(runs, told)
    return len(runs)


def _price(run: Run, prices: dict[UUID, list[Price]], now: datetime) -> chargeback.Use | None:
    """Set what it costs; what is to be entered, if anybody has set a price."""
    run.seconds, run.nano, run.billed_at = seconds_of(run, run.ended_at), 0, now
    price = _at_start(run, prices)
    if price is None:
        return None
    use = chargeback.Use(
        run.pk, run.tenant, run.job_id, price, meter_of(run.flavour),
        quantity(run.units, run.seconds), run.ended_at,
    )  # fmt: skip
    run.price_id, run.currency, run.nano = price.pk, price.currency, use.nano
    return use


def _at_start(run: Run, prices: dict[UUID, list[Price]]) -> Price | None:
    """The price in force when the run began."""
    versions = prices.get(run.flavour_id, [])
    return next((one for one in versions if one.covers(run.started_at)), None)


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


def costs_so_far(jobs: list[Job]) -> dict[UUID, tuple[int | None, str]]:
    """(nano-units, currency) of all that each job used, by its id, running included, less
    refunds; with three questions for all of them that ever began.

    None where a job used hardware that nobody has set a price for; jobs that used none are
    left out.
    """
    now = timezone.now()
    ids = [job.pk for job in jobs if job.started_at or not job.waits]
    runs = list(Run.objects.filter(job__in=ids, started_at__isnull=False).only(*PRICED))
    prices = chargeback.prices_of({run.flavour_id for run in runs if run.billed_at is None})
    sums: dict[UUID, tuple[int | None, str]] = {}
    for run in runs:
        nano, currency = _cost(run, prices, now)
        before, known = sums.get(run.job_id, (None, ""))
        both = None if before is None and nano is None else (before or 0) + (nano or 0)
        sums[run.job_id] = (both, known or currency)
    given = Receipt.objects.filter(job__in=list(sums), refunded_nano__gt=0)
    for job_id, back in given.values_list("job").annotate(Sum("refunded_nano")):
        nano, currency = sums[job_id]
        sums[job_id] = ((nano or 0) - back, currency)
    return sums


def _cost(run: Run, prices: dict, now: datetime) -> tuple[int | None, str]:
    if run.billed_at:
        return (run.nano, run.currency) if run.price_id else (None, "")
    price = _at_start(run, prices)
    if price is None:
        return None, ""
    used = quantity(run.units, seconds_of(run, run.ended_at or now))
    return price.nano_for(used), price.currency
