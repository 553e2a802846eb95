"""What the palette finds: pages, models, jobs, tenants, people, and things to do, by permission.

Each kind is one provider with a fixed number of queries; a room that comes later adds one here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.db.models import Case, IntegerField, Q, Value, When
from django.urls import reverse

from compute.jobs.listing import Wanted
from compute.jobs.models import Job
from marketplace.catalog import columns
from marketplace.catalog.models import AIModel
from marketplace.catalog.search import search
from portal.core import shell
from tenants.directory.models import Tenant, User
from tenants.directory.roles import TenantRole

LONGEST = 100
MOST = 6  # of one kind
MOST_ALONE = 20  # when it was narrowed to that kind


@dataclass(frozen=True)
class Part:
    """A piece of a label; `hit` is what was typed."""

    text: str
    hit: bool = False


@dataclass(frozen=True)
class Item:
    """One place to go to: its label in parts, what stands beside it, and its address."""

    label: tuple[Part, ...]
    href: str
    icon: str
    where: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.label)


@dataclass(frozen=True)
class Group:
    """The items of one kind."""

    kind: str
    title: str
    items: list[Item]


@dataclass
class Asked:
    """What somebody typed, for whom, and how many of a kind they get."""

    user: object
    text: str
    most: int = MOST
    models: list = field(default_factory=list)  # found first; verbs speak of them

    def parts(self, label: str) -> tuple[Part, ...]:
        """`label`, with what was typed set apart, wherever it stands."""
        if not self.text:
            return (Part(label),)
        pieces = re.split(f"({re.escape(self.text)})", label, flags=re.IGNORECASE)
        low = self.text.lower()
        return tuple(Part(piece, piece.lower() == low) for piece in pieces if piece)

    def fits(self, *words: str) -> bool:
        """Whether every word that was typed stands in one of these."""
        text = " ".join(words).lower()
        return all(word in text for word in self.text.lower().split())


CLOSE = 3  # models that are shown where no name fits


def find(user, text: str, kind: str = "") -> list[Group]:
    """What `user` may go to or do that fits `text`; `kind` narrows it to one of `KINDS`."""
    plain = " ".join(text.replace("\0", " ").split())[:LONGEST]
    asked = Asked(user, plain, MOST_ALONE if kind else MOST)
    if kind in ("", "models", "verbs"):
        asked.models = _matching_models(asked)
    wanted = [name for name in PROVIDERS if not kind or name == kind]
    groups = [Group(name, KINDS[name], PROVIDERS[name](asked)) for name in wanted]
    found = [group for group in groups if group.items]
    return found or _elsewhere(asked, models=kind in ("", "models"))


def _elsewhere(asked: Asked, *, models: bool) -> list[Group]:
    """Where nothing has it in its name: what the catalogue finds, with the spelling put right."""
    if not asked.text:
        return []
    found = search(AIModel.objects.listed_to(asked.user), asked.text)
    words = found.used or asked.text
    label = (Part("Search the catalogue for "), Part(words, hit=True))
    href = f"{reverse('catalog:list')}?{urlencode({'q': words})}"
    all_of_them = Item(label, href, "search")
    if models:
        asked.models = list(found.models.select_related("tenant").defer("card", "words")[:CLOSE])
        columns.fill(asked.models, asked.user)
    if not asked.models:
        return [Group("search", "Nothing fits", [all_of_them])]
    return [Group("search", f"Found for {words}", [*_models(asked), all_of_them])]


def _matching_models(asked: Asked) -> list:
    if not asked.text:
        return []
    slug = "-".join(asked.text.lower().split())
    listed = AIModel.objects.visible_to(asked.user).defer("card", "words", "summary")
    named = Q(slug__istartswith=slug) | Q(name__istartswith=asked.text)
    if len(slug) > 2:  # shorter words have no trigram: the index could not help
        named |= Q(slug__contains=slug) | Q(name__icontains=asked.text)
    order = Case(
        When(slug=slug, then=Value(0)), When(slug__startswith=slug, then=Value(1)),
        default=Value(2), output_field=IntegerField(),
    )  # fmt: skip
    found = listed.filter(named).select_related("tenant").order_by(order, "slug")
    models = list(found[: asked.most])
    columns.fill(models, asked.user)
    return models


def _models(asked: Asked) -> list[Item]:
    return [_model(asked, model) for model in asked.models]


def _model(asked: Asked, model) -> Item:
    access = model.cells.get("access")
    whose = model.tenant.slug if model.tenant else ""
    state = model.get_stage_display() if model.listed else model.get_status_display()
    where = ", ".join(word for word in (whose, state.lower()) if word)
    note = access.words.lower() if access else ""
    return Item(asked.parts(model.slug), model.get_absolute_url(), "model", where, note)


def _verbs(asked: Asked) -> list[Item]:
    """Things to do with the models that were found, and the starts of everything else."""
    found = [*_about_models(asked), *_starts(asked)]
    return found[: asked.most]


def _about_models(asked: Asked):
    for model in asked.models[:2]:
        access = model.cells.get("access")
        if access and access.href and access.verb == "Ask for access":
            yield Item(asked.parts(f"Ask for access to {model.slug}"), access.href, "unlock")
        if access and access.verb == "Use it":
            key = f"{reverse('keys:make')}?model={model.slug}"
            yield Item(asked.parts(f"Make a key for {model.slug}"), key, "key")
            how = reverse("endpoints:how_to", args=[model.slug])
            yield Item(asked.parts(f"Copy an example request to {model.slug}"), how, "terminal")
        if asked.user.may(TenantRole.PUBLISHER, model.tenant):
            edit = reverse("catalog:edit", args=[model.slug])
            yield Item(asked.parts(f"Edit the card of {model.slug}"), edit, "adjust")
        if asked.user.is_operator or asked.user.is_governor or asked.user.is_auditor:
            trail = reverse("audit:story", args=["marketplace.aimodel", model.pk])
            yield Item(asked.parts(f"Audit trail about {model.slug}"), trail, "trail")


def _starts(asked: Asked):
    user = asked.user
    seated = bool(user.tenants_as(TenantRole.CONSUMER)) and not user.is_auditor
    owns = bool(user.tenants_as(TenantRole.OWNER)) and not user.is_auditor
    known = (
        ("Find a model", "catalog:list", "search", True),
        ("Make a key", "keys:make", "key", seated),
        ("Start a job", "jobs:new", "play", seated),
        ("Keep a job template", "jobs:template_new", "copy", seated),
        ("Decide on requests", "access:queue", "queue", owns),
        ("Publish a model", "catalog:mine", "model", bool(user.tenants_as(TenantRole.PUBLISHER))),
        ("Import a file of models", "imports:new", "download", user.is_operator),
        ("See which GPUs are free", "capacity:overview", "chip", seated or user.is_operator),
        ("Change a quota", "capacity:overview", "adjust", user.is_operator),
        ("Found a tenant", "directory:tenant_new", "building", user.is_operator),
        ("Enrol a person", "directory:person_new", "user", user.is_operator),
        ("Close a month", "chargeback:close", "statement", user.is_finance),
        ("Read the help", "console:help", "help", True),
    )
    for label, name, icon, may in known:
        href = shell.address(name)
        if may and href and asked.fits(label):
            yield Item(asked.parts(label), href, icon)


def _pages(asked: Asked) -> list[Item]:
    """The places of the navigation that this person has."""
    user, entries = asked.user, shell.registry.entries.values()
    ranked = sorted(entries, key=lambda entry: (shell.VERBS.index(entry.verb), entry.order))
    found = [
        Item(asked.parts(entry.label), shell.address(entry.url_name), entry.icon, entry.verb)
        for entry in ranked
        if shell.address(entry.url_name) and asked.fits(entry.label) and entry.shown(user)
    ]
    return found if not asked.text else found[: asked.most]


def _jobs(asked: Asked) -> list[Item]:
    """By a part of the name, or by an id as people see it; the newest first."""
    if not asked.text:
        return []
    seen = Job.objects.visible_to(asked.user).select_related("tenant")
    found = Wanted(words=asked.text).of(seen).order_by("-pk")[: asked.most]
    return [
        Item(
            asked.parts(job.name), job.get_absolute_url(), "job",
            f"{job.short_id}, {job.tenant.slug}", job.get_status_display().lower(),
        )
        for job in found
    ]  # fmt: skip


def _tenants(asked: Asked) -> list[Item]:
    if not asked.text:
        return []
    seen = Tenant.objects.visible_to(asked.user)
    found = seen.filter(Q(slug__icontains=asked.text) | Q(name__icontains=asked.text))
    return [
        Item(asked.parts(tenant.name), tenant.get_absolute_url(), "building", tenant.slug)
        for tenant in found.order_by("slug")[: asked.most]
    ]


def _people(asked: Asked) -> list[Item]:
    if not asked.text:
        return []
    found = User.objects.visible_to(asked.user).search(seats=None, text=asked.text, state="open")
    return [
        Item(asked.parts(each.username), each.get_absolute_url(), "user", each.get_full_name())
        for each in found.order_by("username")[: asked.most]
    ]


KINDS = {
    "models": "Models",
    "verbs": "Do",
    "pages": "Go to",
    "jobs": "Jobs",
    "tenants": "Tenants",
    "people": "People",
}
PROVIDERS: dict[str, Callable[[Asked], list[Item]]] = {
    "models": _models,
    "verbs": _verbs,
    "pages": _pages,
    "jobs": _jobs,
    "tenants": _tenants,
    "people": _people,
}
