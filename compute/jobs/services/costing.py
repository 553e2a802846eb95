"""What a job would cost: at its time limit, and by how long its like took before."""

from decimal import Decimal

from compute.capacity import services as capacity
from compute.capacity.models import GpuFlavour
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job

RUNS, LEAST = 20, 3  # earlier runs that count; fewer tell nothing
LOW, HIGH = 0.1, 0.9
HOUR = 3600


def costs(job: Job, flavour: GpuFlavour, name: str) -> dict:
    """The money of a forecast by field; empty where nobody has priced the hardware."""
    price = capacity.hourly(flavour)
    if price is None:
        return {}
    units = (job.gpus if flavour.has_gpus else job.cpu) * job.nodes
    seconds, known_by = usual_seconds(job, name)
    usual = tuple(price.nano_for(_used(units, each)) for each in seconds) if seconds else None
    return {
        "hour_nano": price.nano_for(_used(units, HOUR)),
        "limit_nano": price.nano_for(_used(units, job.time_limit_s)),
        "usual_nano": usual,
        "known_by": known_by,
        "currency": price.currency,
    }


def usual_seconds(job: Job, name: str) -> tuple[tuple[float, float] | None, str]:
    """How long earlier runs of the same template or name took, as (low, high) seconds, never
    above the time limit; with words that say which. None where there are too few."""
    ended = Job.objects.filter(
        tenant=job.tenant, status=JobStatus.SUCCEEDED, started_at__isnull=False
    ).order_by("-id")  # fmt: skip
    ways = []
    if job.template_id:
        ways.append((ended.filter(template=job.template_id), "of this template"))
    if name:
        ways.append((ended.filter(name=name), "of this name"))
    for rows, words in ways:
        took = sorted(
            (end - start).total_seconds()
            for start, end in rows.values_list("started_at", "ended_at")[:RUNS]
        )
        if len(took) >= LEAST:
            most = float(job.time_limit_s)
            low, high = (
                min(most, took[int(part * (len(took) - 1) + 0.5)]) for part in (LOW, HIGH)
            )
            return (low, high), f"{len(took)} earlier runs {words}"
    return None, ""


def _used(units: Decimal, seconds: float) -> Decimal:
    return round(Decimal(units) * Decimal(str(seconds)), 6)
