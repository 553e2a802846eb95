"""What pre-emption took: a line for people, a receipt, and what is given back."""

from compute.engines.jobs import Eviction, JobSighting
from compute.jobs.models import Attempt, Job, Receipt
from compute.jobs.services import told

LOOP = 5  # more pre-emptions than this are told to owners and operators


def note_evictions(job: Job, attempt: Attempt, seen: JobSighting) -> None:
    """Write down each time that hardware was taken away, once. Holds the row of the job."""
    fresh = [one for one in seen.evictions if _note(job, attempt, one)]
    if not fresh:
        return
    attempt.evictions = max(attempt.evictions, len(seen.evictions))
    attempt.save(update_fields=["evictions"])
    count = job.receipts.count()
    if count > LOOP and told.happened(
        job, "loop", "loop", f"Pre-empted {count} times. Owners and operators were told.",
        tone="warn",
    ):  # fmt: skip
        told.of_loop(job, count)


def _note(job: Job, attempt: Attempt, eviction: Eviction) -> bool:
    words = eviction.words or "Its hardware was given to another job."
    _, fresh = Receipt.objects.get_or_create(
        attempt=attempt,
        at=eviction.at,
        defaults={"tenant_id": job.tenant_id, "job": job, "rule": eviction.rule[:60],
                  "by_job": eviction.by[:80], "words": words,
                  "lost_since": job.checkpointed_at},
    )  # fmt: skip
    if fresh:
        key = f"evicted {attempt.number} {eviction.at.isoformat()}"
        told.happened(job, key, "evicted", words, tone="warn", at=eviction.at)
        told.of_eviction(job, words)
    return fresh
