"""What a model was made from: data sets and other models, as the registry's tags say."""

import json
import re
from dataclasses import dataclass

from django.db.models import Q

from marketplace.catalog import facts
from marketplace.catalog.models import AIModel

DATA_SETS = ("millwright.datasets", "millwright.dataset")
DEPENDS_ON = ("millwright.depends_on",)
MOST = 30
LONGEST = 120


@dataclass(frozen=True)
class Origin:
    """A model that this one depends on; `href` is empty for what this person does not find."""

    name: str
    href: str = ""


def data_sets(model: AIModel) -> list[str]:
    """Named by tags of the model and of its default version, and given to that version's run."""
    version = model.default_version
    given = [facts.line(name, LONGEST) for name in version.data_sets] if version else []
    return list(dict.fromkeys([*_named(model, DATA_SETS), *given]))[:MOST]


def depends_on(model: AIModel, user) -> list[Origin]:
    """The models that tags name, with addresses for those that `user` may see. One query.

    What is hidden and what does not exist reads the same: the name as the publisher wrote it.
    """
    names = _named(model, DEPENDS_ON)[:MOST]
    if not names:
        return []
    seen = AIModel.objects.visible_to(user).filter(Q(slug__in=names) | Q(registry_name__in=names))
    rows = list(seen.only("slug", "registry_name"))
    found = {row.registry_name: row for row in rows} | {row.slug: row for row in rows}
    return [
        Origin(found[name].slug, found[name].get_absolute_url()) if name in found else Origin(name)
        for name in names
    ]


def _named(model: AIModel, keys: tuple[str, ...]) -> list[str]:
    places = [model.tags, model.default_version.tags if model.default_version else {}]
    texts = [str(tags[key]) for tags in places for key in keys if tags.get(key)]
    names = [facts.line(name, LONGEST) for text in texts for name in _split(text)]
    return list(dict.fromkeys(name for name in names if name))


def _split(text: str) -> list[str]:
    """`a, b; c`, one a line, or a JSON list."""
    if text.lstrip().startswith("["):
        try:
            return [item for item in json.loads(text) if isinstance(item, str)]
        except (ValueError, RecursionError):
            return [text]
    return re.split(r"[,;\n]", text)
