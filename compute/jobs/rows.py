"""Jobs as rows of a list: each with its needs in words, its times, and what it has cost so far."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job
from compute.jobs.picture import ran_s
from compute.jobs.wording import WRONG, needs_in_words, span_in_words

MOST = 140  # letters of a reason
WELL = (JobStatus.RUNNING, JobStatus.SUCCEEDED)


@dataclass(frozen=True)
class Row:
    """One job; `why` is the reason it does not run or came to nothing, `times` say how long it
    waited or ran, `nano` is None where nobody has a price."""

    job: Job
    needs: str
    stuck: bool
    why: str
    times: str
    limit: str
    nano: int | None
    currency: str


@dataclass(frozen=True)
class SeriesState:
    """How the jobs of a series stand; `going` of them could be cancelled by who looks."""

    first: Job
    count: int
    words: str
    going: int

    @property
    def name(self) -> str:
        return self.first.name.rpartition(" ")[0]


def series_of(user, series: UUID) -> SeriesState | None:
    """A series of which this person may see jobs."""
    jobs = Job.objects.visible_to(user).filter(series=series)
    first = jobs.order_by("pk").first()
    if first is None:
        return None
    by_status = jobs.order_by().values_list("status").annotate(Count("pk"))
    counts = Counter(dict(by_status))
    words = ", ".join(f"{counts[one]} {one.label.lower()}" for one in JobStatus if counts[one])
    mine = Job.objects.changeable_by(user).filter(series=series, cancel_asked_at=None)
    return SeriesState(first, counts.total(), words, mine.unfinished().count())


def rows_of(jobs: list[Job]) -> list[Row]:
    """The rows of these jobs, with one question for the costs of all of them."""
    costs = services.costs_so_far(jobs)
    return [_row(job, *costs.get(job.pk, (None, "EUR"))) for job in jobs]


def _row(job: Job, nano: int | None, currency: str) -> Row:
    needs, limit = needs_in_words(job, job.flavour), span_in_words(job.time_limit_s)
    return Row(job, needs, is_stuck(job), _why(job), _times(job), limit, nano, currency)


def is_stuck(job: Job) -> bool:
    """Whether it waits for something that passes only when somebody changes something."""
    return job.waits and job.cause in WRONG


def _why(job: Job) -> str:
    if job.status in WELL:
        return ""
    return job.reason if len(job.reason) <= MOST else f"{job.reason[: MOST - 1]}…"


def _times(job: Job) -> str:
    if job.started_at is None:
        return f"waited {_short(job.waited_s)}"
    ran = _short(ran_s(job))
    return f"waits again, ran {ran}" if job.status == JobStatus.QUEUED else f"ran {ran}"


def _short(seconds: float | None) -> str:
    """Without seconds where there are minutes to compare."""
    whole = seconds is not None and seconds >= 60
    return span_in_words(seconds // 60 * 60 if whole else seconds)
