"""Which jobs a list shows: narrowed, and cut into pages that cost the same however many there are.

A page is found by the id next to it, never by counting: ids are made in order of time, so the
newest 25 of 600,000 jobs are the first 25 entries of an index.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from compute.capacity.models import GpuFlavour
from compute.jobs.lifecycle import JobStatus
from compute.jobs.wording import WRONG
from portal.core import shell
from portal.core.ids import floor_id
from tenants.directory.models import Tenant, User

SIZE = 25
SHORT = re.compile(r"(?:j-)?([0-9a-f]{6})", re.IGNORECASE)
WAITING = (JobStatus.SUBMITTED, JobStatus.QUEUED)
SEARCHED = 20_000  # of the newest jobs, a search for words looks at so many
NOTHING = uuid.UUID(int=0)
UNFINISHED, STUCK = "unfinished", "stuck"


@dataclass(frozen=True)
class Wanted:
    """The filters of a list; empty ones do not narrow. `words` are of a name, or an id."""

    words: str = ""
    status: str = ""  # a status, or one of UNFINISHED and STUCK
    tenant: str = ""
    person: str = ""
    priority: str = ""
    flavour: str = ""
    series: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def of(self, jobs):
        """The part of `jobs` that is wanted."""
        jobs = jobs.filter(**self._columns())
        if self.since:
            jobs = jobs.filter(pk__gte=floor_id(self.since))
        if self.until:
            jobs = jobs.filter(pk__lt=floor_id(self.until))
        return _with_words(_in_status(jobs, self.status), self.words)

    def _columns(self) -> dict:
        """The filters by column of the job itself, so that an index with the order answers."""
        found: dict = {"priority": self.priority} if self.priority else {}
        if self.series:
            found["series"] = self.series
        if self.tenant:
            found["tenant"] = _id_of(Tenant, slug=self.tenant)
        if self.person:
            found["person"] = _id_of(User, username=self.person)
        if self.flavour:
            kinds = GpuFlavour.objects.filter(slug=self.flavour)
            found["flavour__in"] = list(kinds.values_list("pk", flat=True))
        return found


def _id_of(kind, **named) -> uuid.UUID:
    """The id of the row with this name; one that nothing has where there is none."""
    return kind.objects.filter(**named).values_list("pk", flat=True).first() or NOTHING


def _in_status(jobs, status: str):
    if status == UNFINISHED:
        return jobs.unfinished()
    if status == STUCK:
        return jobs.filter(status__in=WAITING, cause__in=WRONG)
    return jobs.filter(status=status) if status in JobStatus.values else jobs


def _with_words(jobs, words: str):
    """By a part of the name among the newest jobs, or by an id, whole or as people see it."""
    if not words:
        return jobs
    try:
        return jobs.filter(pk=uuid.UUID(words))
    except ValueError:
        pass
    edge = jobs.order_by("-pk").values_list("pk", flat=True)[SEARCHED : SEARCHED + 1].first()
    if edge is not None:
        jobs = jobs.filter(pk__gt=edge)
    named = Q(name__icontains=words)
    if found := SHORT.fullmatch(words):
        named |= Q(pk__endswith=found[1].lower())
    return jobs.filter(named)


@dataclass(frozen=True)
class Slice:
    """One page: its rows, and the ids to go on from in both directions, empty at an end."""

    rows: list
    next: str = ""
    previous: str = ""

    def __iter__(self):
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def cut(jobs, *, after=None, before=None, oldest_first: bool = False, size: int = SIZE) -> Slice:
    """The rows behind the id `after`, or those just before the id `before`, or the first."""
    forwards = not oldest_first  # whether ids fall from the top of the list to its end
    back = before is not None
    if back:
        jobs = jobs.filter(pk__gt=before) if forwards else jobs.filter(pk__lt=before)
    elif after is not None:
        jobs = jobs.filter(pk__lt=after) if forwards else jobs.filter(pk__gt=after)
    rows = list(jobs.order_by("-pk" if forwards != back else "pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
    if not rows:
        return Slice([])
    has_next = more if not back else True
    has_previous = more if back else after is not None
    return Slice(
        rows, str(rows[-1].pk) if has_next else "", str(rows[0].pk) if has_previous else ""
    )


def unfinished_of(user, jobs) -> int:
    """How many of the jobs that this person submitted have not ended, as far as a mark tells."""
    mine = jobs.filter(person=user).unfinished().order_by()  # or all of them would be sorted
    return mine[: shell.MOST_TOLD + 1].count()
