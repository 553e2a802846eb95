"""What a page shows of a log: a window of its lines, and where in it a search is."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe

from compute.jobs import logs
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job
from compute.jobs.rendering import shown
from compute.jobs.tailing import ranks_of

SHOWN = 300
MOST = 1000
MOST_QUERY = 200
BEING_READ = "The last lines are being read"


@dataclass(frozen=True)
class Window:
    """Some lines as HTML: the numbers they cover, 0 and 0 where there are none."""

    html: SafeString
    first: int = 0
    last: int = 0
    folded: int = 0  # of them, how many a later redraw of the same progress bar replaced


@dataclass(frozen=True)
class Panel:
    """The log on the page of a job. `at` counts from 1 in what was `found`."""

    job: Job
    readable: bool
    window: Window = Window(mark_safe(""))
    query: str = ""
    found: logs.Found = logs.Found([])
    at: int = 0

    @property
    def kept_until(self):
        return logs.kept_until(self.job)

    @property
    def days(self) -> int:
        return settings.LOG_DAYS

    @property
    def state(self) -> str:
        """Whether all that was printed is here."""
        if not self.job.ended:
            return ""
        return BEING_READ if self.unread else "Complete"

    @cached_property
    def unread(self) -> bool:
        return any(logs.unread(run) for run in self.job.runs.all())

    @property
    def previous(self) -> int:
        return (self.at - 2) % max(1, self.found.count) + 1

    @property
    def following(self) -> int:
        return self.at % max(1, self.found.count) + 1

    @property
    def empty(self) -> str:
        """What to say where there is no line."""
        if self.job.ended:
            gone = f"Logs are kept {self.days} days; this one is gone."
            if self.job.last_line:
                return gone
            return f"{BEING_READ}." if self.unread else "It printed nothing."
        if self.job.status == JobStatus.RUNNING:
            return "It has printed nothing yet. Lines appear here as they are printed."
        return "The log begins when the job starts."


def window(job: Job, *, after=None, before=None, around=None, limit=SHOWN, mark="") -> Window:
    """Lines behind, before or around a number; the newest without one."""
    limit = max(1, min(limit, MOST))
    if after is not None:
        rows = logs.lines_after(job, after, limit)
    elif around is not None:
        rows = logs.lines_around(job, around, limit)
    else:
        rows = logs.lines_before(job, before, limit)
    if not rows:
        return Window(mark_safe(""))
    ranks = ranks_of([job.pk]).get(job.pk)
    lines = shown(rows, ranks=ranks, mark=mark, after=after, before=before)
    html = "".join(line.html for line in lines)
    rest = sum(line.html.startswith('<div class="log-line') for line in lines)
    return Window(mark_safe(html), rows[0].n, rows[-1].n, len(rows) - rest)


def panel(job: Job, asked) -> Panel:
    """The log of a job `with_rights`, as the address asks: `q`, and `at` which match."""
    if not job.may_read:
        return Panel(job, readable=False)
    if not job.last_line:
        return Panel(job, True, query=words(asked.get("q", "")))
    query = words(asked.get("q", ""))
    found = logs.found(job, query) if query else logs.Found([])
    if not found.count:
        return Panel(job, True, window(job, mark=query), query, found)
    at = min(max(1, number(asked.get("at")) or found.count), found.count)
    near = window(job, around=found.numbers[at - 1], mark=query)
    return Panel(job, True, near, query, found, at)


def words(text: str) -> str:
    """What somebody searches for, as it can be searched."""
    return text.replace("\0", "").strip()[:MOST_QUERY]


def number(text: str | None) -> int | None:
    """A number of the address; None for anything else."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
