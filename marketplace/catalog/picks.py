"""Which versions are compared: `digits`, `digits@2`, `digits@champion`, ids of either."""

import re
from dataclasses import dataclass
from uuid import UUID

from marketplace.catalog.models import AIModel, ModelVersion
from marketplace.catalog.search import search

MOST = 4
LONGEST = 400
CLOSE = 3
LARGEST_NUMBER = 2**31 - 1
NUMBER = re.compile(r"v?(\d{1,10})", re.ASCII)


@dataclass(frozen=True)
class Pick:
    """A model with one of its versions; `version` is None for a model without any."""

    model: AIModel
    version: ModelVersion | None

    @property
    def reference(self) -> str:
        """What names exactly this in an address: `digits@2`."""
        return f"{self.model.slug}@{self.version.number}" if self.version else self.model.slug


def find(user, asked: str) -> Pick | None:
    """What `asked` names, where this person may see it. Without a version: the default one."""
    name, _, version = asked.replace("\0", "").strip()[:LONGEST].partition("@")
    seen = AIModel.objects.visible_to(user).select_related("tenant", "external")
    seen = seen.defer("words", "card")
    key = _uuid(name)
    model = seen.filter(pk=key).first() if key else seen.filter(slug=name.lower()).first()
    if model is None and key and not version:
        return _by_version(user, key, seen)
    if model is None:
        return None
    row = _version(model, version.strip())
    return None if version and row is None else Pick(model, row)


def find_all(user, asked: list[str]) -> tuple[list[Pick], list[str]]:
    """At most four picks, each once, and the words that name nothing for this person."""
    found: dict[str, Pick] = {}
    unknown = []
    for text in asked:
        if not text.strip():
            continue
        pick = find(user, text)
        if pick is None:
            unknown.append(text.strip()[:120])
        else:
            found.setdefault(pick.reference, pick)
    return list(found.values()), unknown


def resolve(user, words: str) -> tuple[Pick | None, list[AIModel]]:
    """What words without an address mean: the best match, or else models that are close."""
    if "@" in words:
        return None, []
    found = search(AIModel.objects.listed_to(user), words.replace("\0", ""))
    if found.ids and not found.loose:
        return find(user, str(found.ids[0])), []
    return None, list(found.models[:CLOSE]) or found.near[:CLOSE]


def _by_version(user, key: UUID, seen) -> Pick | None:
    row = ModelVersion.objects.visible_to(user).filter(pk=key).first()
    return Pick(seen.get(pk=row.model_id), row) if row else None


def _version(model: AIModel, asked: str) -> ModelVersion | None:
    rows = model.versions.all()
    if not asked:
        followed = rows.filter(number=model.followed_version).first()
        return followed or rows.order_by("-number").first()
    if numbered := NUMBER.fullmatch(asked):
        return rows.filter(number=min(int(numbered[1]), LARGEST_NUMBER)).first()
    return rows.filter(aliases__contains=[asked]).order_by("-number").first()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
