"""How complete a model's card is, by a formula anybody can check: points that make up 100."""

import re
from dataclasses import dataclass

from django.urls import reverse

from marketplace.catalog.models import AIModel
from marketplace.catalog.origins import data_sets

LIMITS = re.compile(r"^#+ .*\b(not|limits?|limitations?|risks?|caveats?)\b", re.I | re.M)
A_SUMMARY = 40
A_CARD = 400
TYPED_IN = {"limits": "card", "price": "amount"}  # else a field of the same name


@dataclass(frozen=True)
class Item:
    """One thing that a good card has: what it is worth, whether it is there, where to add it."""

    field: str
    words: str
    points: int
    done: bool
    slug: str
    page: str

    @property
    def label(self) -> str:
        return self.field.replace("_", " ")

    @property
    def href(self) -> str:
        """The place in a form where it is typed, or the page of what the registry says."""
        return reverse(f"catalog:{self.page}", args=[self.slug]) + self._anchor

    @property
    def _anchor(self) -> str:
        if self.page == "versions":
            return ""
        return f"#id_{TYPED_IN.get(self.field, self.field)}"


@dataclass(frozen=True)
class Completeness:
    """`score` of 100, and the items it adds up from, the most valuable first."""

    score: int
    items: tuple[Item, ...]

    @property
    def lacking(self) -> list[Item]:
        return [item for item in self.items if not item.done]

    @property
    def tone(self) -> str:
        return "ok" if self.score >= 80 else "warn" if self.score >= 50 else "bad"


def completeness(model: AIModel) -> Completeness:
    """The score of a model that `rows.dress` has put a price and a version on. No queries."""
    version = model.default_version
    facts = [
        ("card", f"A card of at least {A_CARD} characters", 15, len(model.card) >= A_CARD, "edit"),
        ("limits", "A heading of the card on what it is not for", 10, _limits(model), "edit"),
        ("summary", f"A summary of at least {A_SUMMARY} characters", 10,
         len(model.summary) >= A_SUMMARY, "edit"),
        ("data_class", "How sensitive its data is", 10, bool(model.data_class), "edit"),
        ("licence", "A licence", 10, bool(model.licence), "edit"),
        ("signature", "A version with a signature", 10, _has(version, "signature"), "versions"),
        ("task", "What kind of task it does", 5, bool(model.task), "edit"),
        ("framework", "What it was made with", 5, bool(model.framework), "edit"),
        ("contact", "An address for questions", 5, bool(model.contact), "edit"),
        ("price", "A price, even if it is free", 5, bool(model.price), "publish"),
        ("input_example", "An example of its input, logged with the version", 5,
         _has(version, "input_example"), "versions"),
        ("metrics", "Metrics, logged with the version", 5, _has(version, "metrics"), "versions"),
        ("data_sets", "The data it was made from: tag millwright.datasets", 5,
         bool(data_sets(model)), "versions"),
    ]  # fmt: skip
    items = tuple(
        Item(field, words, points, done, model.slug, page)
        for field, words, points, done, page in facts
    )
    return Completeness(sum(item.points for item in items if item.done), items)


def _limits(model: AIModel) -> bool:
    return bool(LIMITS.search(model.card))


def _has(version, name: str) -> bool:
    return bool(version and getattr(version, name))
