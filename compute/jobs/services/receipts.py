"""What pre-emption took: a line for people, a receipt, and what is given back.

Lost is what ran after the last checkpoint, until the hardware was given up; without a checkpoint
all of it. Of what was lost to another tenant `PREEMPTION_REFUND` is given back, at the price at
which it was charged. What one's own tenant took by its priorities is not.
"""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from compute.engines.jobs import Eviction, JobSighting
from compute.jobs.models import Attempt, Job, LogLine, Receipt, Run, RunEnd
from compute.jobs.models.running import NAME
from compute.jobs.services import metering, told
from portal.core import tenancy
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import HOUR

LOOP = 5  # more pre-emptions than this are told to owners and operators
BETWEEN_TENANTS = "InCohort"  # how the rules of a cluster begin by which others take what is lent
CHECKPOINT = "millwright: checkpoint"
SURE_AFTER = timedelta(minutes=1)  # without any pod: it was evicted before one ran
LOGS_WITHIN = timedelta(minutes=10)
OTHERWISE = "Its hardware was given to another job."


def note_evictions(job: Job, attempt: Attempt, seen: JobSighting) -> None:
    """Write down each time that hardware was taken away, once. Holds the row of the job."""
    fresh = [one for one in seen.evictions if _note(job, attempt, one)]
    if not fresh:
        return
    attempt.evictions = attempt.receipts.count()
    attempt.save(update_fields=["evictions"])
    count = job.receipts.count()
    said = f"Lost its hardware {count} times. Owners and operators were told."
    if count > LOOP and not job.happenings.filter(key="loop").exists():
        told.happened(job, "loop", "loop", said, tone="warn")
        told.of_loop(job, count)


def _note(job: Job, attempt: Attempt, eviction: Eviction) -> bool:
    words = eviction.words or OTHERWISE
    facts = {"tenant_id": job.tenant_id, "job": job, "words": words, "by_job": eviction.by[:80]}
    facts |= {"rule": eviction.rule[:60], "by_tenant": _tenant_of(eviction.by)}
    _, fresh = Receipt.objects.get_or_create(attempt=attempt, at=eviction.at, defaults=facts)
    if fresh:
        key = f"evicted {attempt.number} {eviction.at.isoformat()}"
        told.happened(job, key, "evicted", words, tone="warn", at=eviction.at)
        told.of_eviction(job, words)
    return fresh


def _tenant_of(name: str) -> str:
    """The slug of the tenant whose attempt has this name; empty if it is none of ours."""
    found = NAME.fullmatch(name)
    rows = Job.objects.filter(pk=found[1]) if found else Job.objects.none()
    return rows.values_list("tenant__slug", flat=True).first() or ""


def settle(job_ids: Iterable[UUID]) -> None:
    """Work out and give back what is owed on receipts whose runs are billed. Safe to repeat."""
    with tenancy.as_system():
        open_ones = Receipt.objects.filter(job__in=job_ids, settled_at=None).order_by("at")
        ids = list(open_ones.values_list("pk", flat=True))
    for receipt_id in ids:
        _settle(receipt_id)


@transaction.atomic
def _settle(receipt_id) -> None:
    with tenancy.as_system():
        held = Receipt.objects.select_for_update(of=("self",)).select_related("job__tenant")
        receipt = held.get(pk=receipt_id)
        runs = _runs_of(receipt)
        if receipt.settled_at or runs is None:
            return
        saved_at = _checkpoint(receipt.job, runs)
        lost = {run.pk: _lost(run, saved_at) for run in runs}
        receipt.lost_since = saved_at or min((run.started_at for run in runs), default=receipt.at)
        receipt.lost_seconds = sum(lost.values(), Decimal(0))
        receipt.lost_nano = sum(metering.nano_of(run, lost[run.pk]) for run in runs)
        receipt.currency = next((run.currency for run in runs if run.currency), "")
        _give_back(receipt, lost)
        receipt.settled_at = timezone.now()
        receipt.save()
        told.moved(receipt.job)


def _give_back(receipt: Receipt, lost: dict) -> None:
    share = share_of(receipt)
    parts = {run: round(quantity * share, 6) for run, quantity in lost.items() if quantity}
    if not share or not parts:
        return
    hours = receipt.lost_seconds / HOUR
    note = f"{hours:.2f} hours lost to pre-emption on {receipt.at:%Y-%m-%d, %H:%M} UTC"
    receipt.refunded_nano = chargeback.refund(receipt.pk, parts=parts, note=note)
    receipt.refund = receipt.pk if receipt.refunded_nano else None


def share_of(receipt: Receipt) -> Decimal:
    """How much of the loss the policy gives back, from 0 to 1."""
    if receipt.by_tenant:
        other = receipt.by_tenant != receipt.job.tenant.slug
    else:
        other = receipt.rule.startswith(BETWEEN_TENANTS)
    return settings.PREEMPTION_REFUND if other else Decimal(0)


def _runs_of(receipt: Receipt) -> list[Run] | None:
    """The runs that this pre-emption ended; None as long as that is not sure."""
    places = list(Receipt.objects.filter(attempt=receipt.attempt_id).order_by("at"))
    mine = []
    for run in Run.objects.filter(attempt=receipt.attempt_id, started_at__isnull=False):
        owner = next((one for one in places if one.at >= run.started_at), None)
        if owner is None and run.end == RunEnd.EVICTED:
            owner = places[-1]
        if owner == receipt and run.end != RunEnd.COMPLETED:
            mine.append(run)
    if any(run.billed_at is None for run in mine):
        return None
    now = timezone.now()
    if not mine and receipt.created_at > now - SURE_AFTER:
        return None
    if receipt.job.checkpoint and any(
        run.log_read_at is None and run.ended_at > now - LOGS_WITHIN for run in mine
    ):
        return None
    return mine


def _checkpoint(job: Job, runs: list[Run]):
    """When work was last saved before the runs ended; None if never, or if nobody can resume."""
    if not job.checkpoint or not runs:
        return None
    until = max(run.ended_at for run in runs)
    if job.checkpointed_at is None or job.checkpointed_at <= until:
        return job.checkpointed_at
    lines = LogLine.objects.filter(job=job, at__lte=until, text__contains=CHECKPOINT)
    return lines.order_by("-n").values_list("at", flat=True).first()


def _lost(run: Run, saved_at) -> Decimal:
    """Unit-seconds that have to be done again."""
    since = max(run.started_at, saved_at) if saved_at else run.started_at
    seconds = Decimal((run.ended_at - since) // timedelta(microseconds=1)) * metering.MICRO
    return metering.quantity(run.units, max(Decimal(0), seconds))
