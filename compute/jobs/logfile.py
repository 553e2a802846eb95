"""A whole log as text, a part at a time: it can be larger than what fits into memory.

Each part is read in a transaction of its own with the reach of who asked, because the request
has ended by then; somebody who may not read it any more gets no further.
"""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.db import connection

from compute.jobs import logs
from compute.jobs.models import Job, LogLine
from compute.jobs.rendering import plain
from portal.core import tenancy


def whole_text(job: Job, user) -> Iterator[bytes]:
    """The log of a job, for a server that does not await."""
    last = 0
    while part := _part(job, user, last):
        yield as_text(part).encode()
        last = part[-1].n


async def whole_text_awaited(job: Job, user) -> AsyncIterator[bytes]:
    """The same for one that does. A slow reader holds no connection while it reads."""
    last = 0
    while part := await sync_to_async(_part_alone)(job, user, last):
        yield as_text(part).encode()
        last = part[-1].n


def as_text(lines: list[LogLine]) -> str:
    """Lines with their exact time in UTC, as a terminal would have shown them."""
    return "".join(f"{line.at:%Y-%m-%dT%H:%M:%S.%f}Z {plain(line.text)}\n" for line in lines)


def _part(job: Job, user, last: int) -> list[LogLine]:
    with tenancy.acting_as(user):
        if not Job.objects.readable_by(user).filter(pk=job.pk).exists():
            return []
        return logs.lines_after(job, last, logs.MOST)


def _part_alone(job: Job, user, last: int) -> list[LogLine]:
    try:
        return _part(job, user, last)
    finally:
        connection.close()
