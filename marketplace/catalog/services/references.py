"""References to models of others: found in the catalogue, described, and served elsewhere."""

from dataclasses import asdict, dataclass, field

from django.db import transaction

from marketplace.catalog import facts
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import (
    AIModel,
    AIModelGroupPermission,
    AIModelUserPermission,
    External,
    Listing,
    Visibility,
)
from marketplace.catalog.services.publishing import show_to
from portal.audit.services import denied, record
from portal.core.errors import Refused

OURS = (External, Listing, AIModelGroupPermission, AIModelUserPermission)
DERIVED = {"entry"}  # rows that the database keeps about every listed model


@dataclass(frozen=True)
class Described:
    """What a source says of a model. `source` and `key` tell which; `facts` are words by name."""

    source: str
    key: str
    name: str
    version: str = ""
    summary: str = ""
    card: str = ""
    task: str = ""
    framework: str = ""
    licence: str = ""
    region: str = ""
    url: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict:
        """Everything but which one it is."""
        told = asdict(self)
        return {name: value for name, value in told.items() if name not in ("source", "key")}


@transaction.atomic
def take_in(told: Described, *, by, tenant=None, address=None) -> AIModel:
    """A new reference. Everybody finds it, or `tenant` alone. `address` is its slug, if known."""
    _require_operator(by, "import a reference", tenant)
    model = AIModel.objects.create(
        slug=address or slug_for(told, _taken),
        registry_name=None,
        stage="",  # how far its publisher trusts it: nobody here has said
        status=ModelStatus.REFERENCE,
        visibility=Visibility.EVERYONE if tenant is None else Visibility.NOBODY,
        **_columns(told.values),
    )
    External.objects.create(
        model=model, source=told.source, key=told.key, written=told.values, **_apart(told.values)
    )
    record("was imported", model, by=by, tenant=tenant, source=told.source, key=told.key)
    if tenant is not None:
        show_to(model, Visibility.NAMED, [tenant], by=by)
    return model


@transaction.atomic
def rewrite(external: External, values: dict, *, by, why: str) -> AIModel:
    """Write other words about a reference: those of a newer import, or those from before."""
    _require_operator(by, "rewrite a reference", None)
    model = external.model
    before = external.written
    for name, value in _columns(values).items():
        setattr(model, name, value)
    model.save(update_fields=[*_columns(values), "changed_at"])
    for name, value in _apart(values).items():
        setattr(external, name, value)
    external.written = values
    external.save(update_fields=["written", *_apart(values)])
    changed = sorted(name for name in values if values[name] != before.get(name))
    record(why, model, by=by, source=external.source, columns=changed)
    return model


@transaction.atomic
def remove(model: AIModel, *, by) -> None:
    """Take a reference out for good. Raises `Refused` while something here is about it."""
    _require_operator(by, "remove a reference", None)
    if not model.is_reference:
        raise Refused(f"{model.slug} is no reference.")
    if found := used_by(model):
        raise Refused(f"It is kept, because there is something about it: {', '.join(found)}.")
    record("was taken out", model, by=by)
    model.delete()


def used_by(model: AIModel) -> list[str]:
    """What rooms hold about a reference, such as `2 ratings`; empty when nobody uses it."""
    found = []
    for relation in AIModel._meta.related_objects:
        name, kind = relation.get_accessor_name(), relation.related_model
        if kind in OURS or name is None or name in DERIVED:
            continue
        count = kind._base_manager.filter(**{relation.field.name: model}).count()
        if count:
            words = kind._meta.verbose_name if count == 1 else kind._meta.verbose_name_plural
            found.append(f"{count} {words}")
    return found


def slug_for(told: Described, taken) -> str:
    """An address that says where it comes from, so that our own models keep their plain names."""
    return facts.slug_of(f"{told.source}-{told.key}", taken)


def _taken(slug: str) -> bool:
    return AIModel.objects.filter(slug=slug).exists()


def _columns(values: dict) -> dict:
    """The columns of a model; words that are facts are found by the search as tags."""
    names = ("name", "summary", "card", "task", "framework", "licence", "region")
    return {name: values[name] for name in names} | {"tags": dict(values["facts"])}


def _apart(values: dict) -> dict:
    return {name: values[name] for name in ("version", "url", "facts")}


def _require_operator(by, verb: str, tenant) -> None:
    if by is None or by.is_operator:
        return
    raise denied(verb, by, by=by, why="Only operators import models.", tenant=tenant)
