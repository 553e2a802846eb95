"""Finding lines of the trail: by object, person, verb, tenant and time, page by page."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db import models

from portal.audit.models import Event
from portal.core.models import Record

PLACE = re.compile(r"^(\d{1,19})-(\d{1,18})$")
WORDS = re.compile(r"[A-Z][a-z]+")
NEIGHBOURS = 2000


@dataclass(frozen=True)
class Wanted:
    """The filters of the trail; empty ones do not narrow. `what` is an id or a beginning."""

    what: str = ""
    subject_type: str = ""
    actor: str = ""
    verb: str = ""
    tenant: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def of(self, events):
        """The part of `events` that is wanted."""
        if self.what:
            events = events.filter(
                models.Q(subject_id=self.what.lower()) | models.Q(label__startswith=self.what)
            )
        exact = {
            "subject_type": self.subject_type,
            "actor": self.actor,
            "tenant_id": self.tenant,
            "at__gte": self.since,
            "at__lt": self.until,
        }
        events = events.filter(**{name: value for name, value in exact.items() if value})
        return events.filter(verb__contains=self.verb) if self.verb else events


def place(reference: str) -> tuple[int, int] | None:
    """`<transaction>-<number>` as numbers; None if it is no place in a trail."""
    found = PLACE.match(reference)
    return (int(found[1]), int(found[2])) if found else None


def page(events, size: int, *, beyond: tuple[int, int] | None = None, upwards: bool = False):
    """(events, reference to continue from or ""), newest first, or oldest first `upwards`."""
    if beyond:
        events = events.after(beyond) if upwards else events.before(beyond)
    ordered = events.oldest_first() if upwards else events.newest_first()
    rows = list(ordered[: size + 1])
    more = len(rows) > size
    return rows[:size], rows[size - 1].reference if more else ""


def story(events, subject_type: str, subject_id: str):
    """The part of `events` about one object and about what hangs on it.

    For a model that is its versions, requests, grants, endpoints and prices; for a grant the
    request it came from. Rows are found by what points at them; who may read is not decided here.
    """
    ids = {subject_id} | {str(found) for found in _neighbours(subject_type, subject_id)}
    return events.filter(subject_id__in=ids)


def tenants(ids) -> dict:
    """Slugs of tenants by their id."""
    rows = apps.get_model("tenants", "Tenant").objects.filter(pk__in=set(ids) - {None})
    return dict(rows.values_list("pk", "slug"))


def tenant_named(name: str) -> uuid.UUID | None:
    """The tenant with this slug or id."""
    try:
        return uuid.UUID(name)
    except ValueError:
        rows = apps.get_model("tenants", "Tenant").objects.filter(slug=name)
        return rows.values_list("pk", flat=True).first()


def subject_types() -> list[tuple[str, str]]:
    """Kinds of objects that can stand in a trail: (label, words), by name."""
    kinds = [kind for kind in apps.get_models() if issubclass(kind, Record)]
    kinds.append(apps.get_model("tenants", "User"))
    return sorted((kind._meta.label_lower, str(kind._meta.verbose_name)) for kind in kinds)


def subject_of(event: Event, user):
    """The object an event is about, if it is still there and `user` may see it."""
    try:
        kind = apps.get_model(event.subject_type)
        rows = kind._default_manager.visible_to(user)
        return rows.filter(pk=event.subject_id).first()
    except (LookupError, ValueError, AttributeError):
        return None


def _neighbours(subject_type: str, subject_id: str) -> list[uuid.UUID]:
    try:
        kind, key = apps.get_model(subject_type), uuid.UUID(subject_id)
    except (LookupError, ValueError):
        return []
    if not issubclass(kind, Record) or "tenant" not in {f.name for f in kind._meta.fields}:
        return []  # a tenant or a person: everything hangs on them
    found: list = []
    for row in kind._base_manager.filter(pk=key):
        found += [getattr(row, field.attname) for field in _soft_links(kind)]
    name = f"{WORDS.findall(kind.__name__)[-1].lower()}_id"
    for other in apps.get_models():
        if not issubclass(other, Record):
            continue
        names = [f.name for f in other._meta.fields if f.related_model is kind]
        names += [field.name for field in _soft_links(other) if field.name == name]
        for link in names:
            rows = other._base_manager.filter(**{link: key}).order_by("pk")
            found += rows.values_list("pk", flat=True)[:NEIGHBOURS]
    return [each for each in found if each]


def _soft_links(kind) -> list[models.Field]:
    """Columns that hold the id of another row without a foreign key."""
    return [
        field
        for field in kind._meta.concrete_fields
        if isinstance(field, models.UUIDField) and field.name.endswith("_id")
    ]
