"""Reading logs: what comes after or before a line, where a text is, and all of it as a stream.

Whose log a caller may read is decided before: jobs come from `Job.objects.readable_by(person)`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from compute.jobs.models import Job, LogLine

MOST = 2000
CHUNK = 5000
MOST_FOUND = 1000
SEARCH_PATIENCE = "8s"
# Colours are no part of what people look for.
FIND = r"""
SELECT n FROM compute_logline
WHERE job_id = %(job)s AND (CASE WHEN strpos(text, chr(27)) > 0
    THEN regexp_replace(text, E'\x1b\\[[0-9;:?]*[@-~]', '', 'g') ELSE text END) ILIKE %(pattern)s
ORDER BY n LIMIT %(most)s
"""


@dataclass(frozen=True)
class Found:
    """The numbers of lines that hold a text, in order; `more` says that there are others."""

    numbers: list[int]
    more: bool = False

    @property
    def count(self) -> int:
        return len(self.numbers)


def lines_after(job: Job, n: int, limit: int = 500) -> list[LogLine]:
    """The lines numbered above `n`, at most `limit`, in order."""
    return list(_of(job).filter(n__gt=n).order_by("n")[: _bounded(limit)])


def lines_before(job: Job, n: int | None, limit: int = 500) -> list[LogLine]:
    """The last lines numbered below `n` (None: of all), at most `limit`, in order."""
    rows = _of(job) if n is None else _of(job).filter(n__lt=n)
    return list(rows.order_by("-n")[: _bounded(limit)])[::-1]


def lines_around(job: Job, n: int, limit: int = 500) -> list[LogLine]:
    """About as many lines before `n` as from it on, together at most `limit`, in order."""
    half = max(1, _bounded(limit) // 2)
    return [*lines_before(job, n, half), *lines_after(job, n - 1, half)]


def found(job: Job, text: str, limit: int = MOST_FOUND) -> Found:
    """Where `text` is, whatever its case, in the first `limit` lines that hold it.

    Runs in the transaction of the caller, who is told by `OperationalError` if a huge log takes
    longer than `SEARCH_PATIENCE`.
    """
    if not text:
        return Found([])
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [SEARCH_PATIENCE])
        cursor.execute(FIND, {"job": job.pk, "pattern": _pattern(text), "most": limit + 1})
        numbers = [n for (n,) in cursor.fetchall()]
        cursor.execute("SELECT set_config('statement_timeout', '0', true)")
    return Found(numbers[:limit], more=len(numbers) > limit)


def everything(job: Job, chunk: int = CHUNK) -> Iterator[list[LogLine]]:
    """All lines in order, some at a time; each step is a query of its own."""
    last = 0
    while rows := list(_of(job).filter(n__gt=last).order_by("n")[:chunk]):
        yield rows
        last = rows[-1].n


def _of(job: Job):
    return LogLine.objects.filter(job_id=job.pk)


def _bounded(limit: int) -> int:
    return max(1, min(limit, MOST))


def _pattern(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"
