"""Jobs as rows of a list: each with its needs in words, its times, and what it has cost so far."""

from dataclasses import dataclass

from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job
from compute.jobs.picture import ran_s
from compute.jobs.wording import WRONG, needs_in_words, span_in_words


@dataclass(frozen=True)
class Row:
    """One job; `times` says how long it waited or ran, `nano` is None where nobody has a price."""

    job: Job
    needs: str
    stuck: bool
    times: str
    limit: str
    nano: int | None
    currency: str


def rows_of(jobs: list[Job]) -> list[Row]:
    """The rows of these jobs, with one question for the costs of all of them."""
    costs = services.costs_so_far(jobs)
    return [_row(job, *costs.get(job.pk, (None, "EUR"))) for job in jobs]


def _row(job: Job, nano: int | None, currency: str) -> Row:
    needs, limit = needs_in_words(job, job.flavour), span_in_words(job.time_limit_s)
    return Row(job, needs, is_stuck(job), _times(job), limit, nano, currency)


def is_stuck(job: Job) -> bool:
    """Whether it waits for something that passes only when somebody changes something."""
    return job.waits and job.cause in WRONG


def _times(job: Job) -> str:
    if job.started_at is None:
        return f"waited {span_in_words(job.waited_s)}"
    ran = span_in_words(ran_s(job))
    return f"waits again, ran {ran}" if job.status == JobStatus.QUEUED else f"ran {ran}"
