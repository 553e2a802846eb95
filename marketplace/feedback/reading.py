"""What may be told of ratings and reports, and to whom: the only readers past the locks.

Everybody who finds a model reads its stars and sentences, and the reports that are public,
without names and teams. Those come along only for the two sides and for who reads the trail.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Avg, Count, Q
from django.urls import reverse

from marketplace.catalog.models import AIModel
from marketplace.feedback.lifecycle import REPORT, UNSOLVED, ReportStatus
from marketplace.feedback.models import STARS, Affected, Rating, Report
from portal.core import tenancy
from tenants.directory.roles import TenantRole

REPORTER = "who reported it"


@dataclass(frozen=True)
class Opinion:
    """What is thought of a model: `by_stars` from five down to one, `open` problems."""

    average: float | None = None
    count: int = 0
    by_stars: tuple[int, ...] = (0,) * STARS[1]
    open: int = 0

    @property
    def bars(self) -> list[tuple[int, int]]:
        """(stars, how many), the best first."""
        return list(zip(range(STARS[1], 0, -1), self.by_stars, strict=True))


@dataclass(frozen=True)
class Stars:
    """A rating as this person may read it; `person` and `team` are empty for most."""

    id: UUID
    stars: int
    sentence: str
    version: int | None
    at: datetime
    mine: bool
    person: str = ""
    team: str = ""


@dataclass(frozen=True)
class Said:
    """A reply: `who` is a name for the two sides, and a side for everybody else."""

    who: str
    text: str
    at: datetime
    by_publisher: bool


@dataclass(frozen=True)
class Problem:
    """A report as this person may read it. `full` says whether they are of one of its sides.

    `affected` people said that it concerns them too, beside who reported it.
    """

    id: UUID
    model: str
    title: str
    text: str
    version: int | None
    status: str
    fixed_in: int | None
    reason: str
    public: bool
    created_at: datetime
    publisher: str
    full: bool
    has_example: bool = False
    reporter: str = ""
    team: str = ""
    replies: int = 0
    affected: int = 0
    affects_me: bool = False
    thread: tuple[Said, ...] = field(default=(), repr=False)
    lifecycle = REPORT

    def get_status_display(self) -> str:
        return ReportStatus(self.status).label

    def get_absolute_url(self) -> str:
        return reverse("feedback:report", args=[self.id])


def opinions(models: Sequence[AIModel], user) -> dict[UUID, Opinion]:
    """{model id: Opinion} in two questions; the models are such as `user` may see."""
    ids = [model.pk for model in models]
    stars = {f"s{n}": Count("id", filter=Q(stars=n)) for n in range(1, STARS[1] + 1)}
    seen = _seen_by(user)
    with tenancy.as_system():
        rated = Rating.objects.filter(model__in=ids).order_by().values("model")
        rated = list(rated.annotate(average=Avg("stars"), count=Count("id"), **stars))
        wrong = Report.objects.filter(seen, model__in=ids, status__in=UNSOLVED).order_by()
        open_ = dict(wrong.values_list("model").annotate(open=Count("id")))
    found = {pk: Opinion(open=count) for pk, count in open_.items()}
    for row in rated:
        by_stars = tuple(row[f"s{n}"] for n in range(STARS[1], 0, -1))
        opened, average = open_.get(row["model"], 0), float(row["average"])
        found[row["model"]] = Opinion(average, row["count"], by_stars, opened)
    return found


def opinion(model: AIModel, user) -> Opinion:
    """What is thought of one model."""
    return opinions([model], user).get(model.pk, Opinion())


def ratings(model: AIModel, user, *, first: int = 0, most: int = 20) -> list[Stars]:
    """The ratings of a model, the newest word first."""
    with tenancy.as_system():
        rows = Rating.objects.filter(model=model).select_related("person", "tenant")
        rows = list(rows.order_by("-changed_at", "-id")[first : first + most])
    named = _named(rows, user)
    return [_stars(row, user, row.pk in named) for row in rows]


def reports(model: AIModel, user, *, status: str = ""):
    """Reports on a model that this person may read, the newest first. Evaluate as the system."""
    rows = Report.objects.filter(_seen_by(user), model=model).to_show()
    rows = rows.filter(status__in=UNSOLVED) if status == "unsolved" else rows
    rows = rows.filter(status=status) if status in ReportStatus.values else rows
    return rows.annotate(said=Count("replies")).order_by("-id")


def page(rows, first: int, most: int, user) -> tuple[list[Problem], int]:
    """A piece of `reports(...)`, and how many there are."""
    with tenancy.as_system():
        count = rows.order_by().count()
        found = list(rows[first : first + most])
        affected = _affected(found)
    mine = _named(found, user)
    told = [_problem(row, full=row.pk in mine, affected=affected.get(row.pk, 0)) for row in found]
    return told, count


def find(pk: UUID, user) -> tuple[Report, Problem] | None:
    """One report with its thread, where this person may read it.

    The row is for services and questions of permission; pages show the `Problem`.
    """
    seen = AIModel.objects.visible_to(user).values("pk")
    with tenancy.as_system():
        row = Report.objects.filter(_seen_by(user), pk=pk).to_show().first()
        if row is None:
            return None
        full = row.pk in _named([row], user)
        if not full and not seen.filter(pk=row.model_id).exists():
            return None
        said = list(row.replies.select_related("author"))
        affected = list(row.affected.values_list("person", flat=True))
    thread = tuple(_said(reply, row, full) for reply in said)
    mine = {"affected": len(affected), "affects_me": user.pk in affected}
    return row, _problem(row, full=full, thread=thread, **mine)


def stream(model: AIModel, user, kind: str, *, first: int, most: int) -> tuple[list[dict], int]:
    """A piece of ratings and reports together, the newest first, and how many there are."""
    with tenancy.as_system():
        rated = Rating.objects.filter(model=model).order_by().values_list("id", flat=True)
        told = reports(model, user).order_by().values_list("id", flat=True)
        rows = {"rating": rated, "problem": told}.get(kind) or rated.union(told)
        count, ids = rows.count(), list(rows.order_by("-id")[first : first + most])
        stars = Rating.objects.filter(pk__in=ids).select_related("person", "tenant")
        wrong = Report.objects.filter(pk__in=ids).to_show()
        found = {row.pk: row for row in [*stars, *wrong]} if ids else {}
        named = _named([*found.values()], user)
    return [_item(found[pk], user, pk in named) for pk in ids], count


def item(row: Rating | Report, user) -> dict:
    """One's own rating or report, as `stream` tells it."""
    return _item(row, user, True)


def problems_of(rows: Sequence[Report]) -> list[Problem]:
    """Rows that were read through `visible_to`, in full."""
    rows = list(rows)  # a query that is not read yet is read as the person, not as the system
    with tenancy.as_system():
        affected = _affected(rows)
    return [_problem(row, full=True, affected=affected.get(row.pk, 0)) for row in rows]


def _seen_by(user) -> Q:
    """Public ones, and those of one's own sides. Whoever asks has found the model already."""
    return Q() if user.reads_trail else Q(public=True) | Report.objects.sides_of(user)


def _named(rows: Sequence[Rating | Report], user) -> set:
    """The ids of those of which this person may read all: the rule of `visible_to`, on rows."""
    speaks = set(user.tenants_as(TenantRole.CONSUMER))
    answers = set(user.tenants_as(TenantRole.PUBLISHER))
    return {
        row.pk
        for row in rows
        if user.reads_trail or row.tenant_id in speaks or row.provider_id in answers
    }


def _item(row: Rating | Report, user, named: bool) -> dict:
    shared = {"id": row.pk, "version": row.version, "stars": None, "title": "", "status": ""}
    shared |= {"fixed_in": None, "person": "", "team": "", "at": row.created_at}
    if isinstance(row, Rating):
        shared |= {"kind": "rating", "stars": row.stars, "text": row.sentence}
        shared["at"] = row.changed_at
        return shared | ({"person": row.person.username, "team": row.tenant.slug} if named else {})
    shared |= {"kind": "problem", "title": row.title, "text": row.text, "status": row.status}
    shared["fixed_in"] = row.fixed_in
    return shared | ({"person": row.reporter.username, "team": row.tenant.slug} if named else {})


def _stars(row: Rating, user, named: bool) -> Stars:
    shown = {"person": row.person.username, "team": row.tenant.slug} if named else {}
    mine = row.person_id == user.pk
    return Stars(row.pk, row.stars, row.sentence, row.version, row.changed_at, mine=mine, **shown)


def _affected(rows: Sequence[Report]) -> dict[UUID, int]:
    """{report id: how many people said that it concerns them too}. Ask as the system."""
    said = Affected.objects.filter(report__in=[row.pk for row in rows]).order_by()
    return dict(said.values_list("report").annotate(people=Count("id")))


def _problem(row: Report, *, full: bool, thread: tuple[Said, ...] = (), **more) -> Problem:
    if full:
        more |= {"reporter": row.reporter.username, "team": row.tenant.slug}
        more |= {"has_example": row.has_example}
    return Problem(
        id=row.pk, model=row.model.slug, title=row.title, text=row.text, version=row.version,
        status=row.status, fixed_in=row.fixed_in, reason=row.reason, public=row.public,
        created_at=row.created_at, publisher=row.provider.slug, full=full, thread=thread,
        replies=len(thread) or getattr(row, "said", 0), **more,
    )  # fmt: skip


def _said(reply, row: Report, full: bool) -> Said:
    side = row.provider.slug if reply.by_publisher else REPORTER
    who = reply.author.username if full else side
    return Said(who, reply.text, reply.created_at, reply.by_publisher)
