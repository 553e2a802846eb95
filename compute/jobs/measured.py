"""What the page of a job shows of how busy its hardware is."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.safestring import SafeString

from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job, Measure
from portal.core import charts

SHOWN = timedelta(minutes=15)
SLOTS = 60
SLOT = SHOWN / SLOTS
TITLE = "Hardware in use, last 15 minutes"
FRESH = timedelta(minutes=2)


@dataclass(frozen=True)
class Figure:
    """One chart with the value of now in words."""

    name: str
    now: str
    chart: SafeString


@dataclass(frozen=True)
class Panel:
    """How busy a job is; `words` say why there is nothing to see, or how old it is."""

    job: Job
    title: str
    figures: tuple[Figure, ...] = ()
    words: str = ""
    idle_since: object = None
    live: bool = False


def panel(job: Job) -> Panel:
    """The last quarter of an hour of a job that this person sees, or the one before its end."""
    if job.started_at is None:
        return Panel(job, TITLE, words=_nothing(job))
    running = job.status == JobStatus.RUNNING
    until = job.ended_at or timezone.now()
    rows = Measure.objects.filter(job_id=job.pk, at__gt=until - SHOWN, at__lte=until)
    measures = list(rows.order_by("at"))
    title = "Hardware in use" if running else TITLE
    if not measures:
        return Panel(job, title, words=_nothing(job), live=running)
    late = running and timezone.now() - measures[-1].at > FRESH
    words = "No new measures for more than two minutes." if late else ""
    idle = job.idle_since if running else None
    return Panel(job, title, _figures(job, measures, until), words, idle, running)


def _nothing(job: Job) -> str:
    if not settings.PROMETHEUS_URL:
        return "Nothing is measured here: this installation has no Prometheus."
    if job.started_at is None:
        return "Measures begin when the job runs."
    if job.ended:
        return "Nothing was measured in its last 15 minutes."
    return "Nothing is measured yet. The first figures come within a minute."


def _figures(job: Job, measures: list[Measure], until) -> tuple[Figure, ...]:
    labels = [f"{until - SHOWN + SLOT * (n + 1):%H:%M}" for n in range(SLOTS)]
    memory = float(job.memory_gb) * job.nodes
    gpu_memory = float(job.flavour.memory_gb * job.all_gpus) if job.flavour_id else 0.0
    wanted = [
        ("GPU busy", "gpu", 100, "%", 100, None),
        ("GPU memory", "gpu_memory_gb", 1, "GB", None, gpu_memory or None),
        ("CPU", "cpu", 100, "%", 100, None),
        ("Memory", "memory_gb", 1, "GB", None, memory),
    ]
    made = (_figure(measures, until, labels, *each) for each in wanted)
    return tuple(figure for figure in made if figure)


def _figure(measures, until, labels, name, field, factor, unit, top, limit) -> Figure | None:
    values = _slots(measures, until, field, factor)
    known = [value for value in values if value is not None]
    if not known:
        return None

    def show(value: float) -> str:
        return f"{value:,.0f} {unit}" if value >= 10 or value == 0 else f"{value:,.1f} {unit}"

    latest = show(known[-1]) if not limit else f"{show(known[-1])} of {limit:,.4g} {unit}"
    chart = charts.Chart(
        finding=f"{name}, last 15 minutes: {latest}",
        labels=labels,
        series=[charts.Series(name, values, latest)],
        show=show,
        axis="Time, UTC",
        limit=limit if limit else None,
        limit_name="Asked for",
        size="low",
    )
    return Figure(name, latest, charts.line(chart))


def _slots(measures: list[Measure], until, field: str, factor: float) -> list[float | None]:
    """The newest value of each slot; one without a sample is a gap."""
    found: list[float | None] = [None] * SLOTS
    for measure in measures:
        value = getattr(measure, field)
        place = int((measure.at - (until - SHOWN)) / SLOT)
        if value is not None and 0 <= place < SLOTS:
            found[place] = value * factor
    return found
