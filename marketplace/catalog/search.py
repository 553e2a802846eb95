"""Finds models by words: exact first, then with a spelling put right, then what comes close."""

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from django.contrib.postgres.search import SearchQuery, SearchRank, TrigramWordSimilarity
from django.db.models import Case, FloatField, QuerySet, Value, When
from django.db.models.functions import Greatest

from marketplace.catalog.models import AIModel

LONGEST = 200
MOST_WORDS = 8
CLOSE = 0.4
NEAR = 0.35
MOST_CANDIDATES = 60
MOST_NEAR = 5
LIKE = 0.7
WORD = re.compile(r"[^\W_]+")
FIELDS = ("slug", "name", "task", "summary")


@dataclass
class Found:
    """What a search came to.

    `models` are the matches with `rank`. `used` is what was searched for in place of `asked` when
    nothing matched `asked`. `near` are models close to it, where nothing matched at all.
    """

    models: QuerySet[AIModel]
    asked: str = ""
    used: str = ""
    near: list[AIModel] = field(default_factory=list)

    @property
    def corrected(self) -> bool:
        return bool(self.used) and self.used != self.asked


def search(models: QuerySet[AIModel], asked: str, *, exact: bool = False) -> Found:
    """Those of `models` that have every word of `asked`, as a word or as its beginning.

    `exact` searches for the words as they are written, without a second try.
    """
    asked = " ".join(asked.replace("\0", " ").split())[:LONGEST]
    words = WORD.findall(asked.lower())[:MOST_WORDS]
    if not words:
        return Found(models.none() if asked else models, asked)
    hits = _matching(models, words)
    if exact or hits.exists():
        return Found(hits, asked, asked)
    candidates = list(_close(models, " ".join(words)))
    better = _spelled(words, candidates)
    if better != words:
        hits = _matching(models, better)
        if hits.exists():
            return Found(hits, asked, " ".join(better))
    return Found(hits, asked, asked, [c for c in candidates if c.likeness >= NEAR][:MOST_NEAR])


def _matching(models: QuerySet[AIModel], words: list[str]) -> QuerySet[AIModel]:
    query = _query(words[0])
    for word in words[1:]:
        query &= _query(word)
    slug = "-".join(words)
    named = Case(
        When(slug=slug, then=Value(2.0)),
        When(slug__startswith=slug, then=Value(1.0)),
        default=Value(0.0),
        output_field=FloatField(),
    )
    return models.filter(words=query).annotate(rank=SearchRank("words", query) + named)


def _query(word: str) -> SearchQuery:
    """The beginning of a word as it is written, or any form of the word."""
    start = SearchQuery(f"{word}:*", config="simple", search_type="raw")
    return start | SearchQuery(word, config="english", search_type="plain")


def _close(models: QuerySet[AIModel], text: str) -> QuerySet[AIModel]:
    likeness = Greatest(*(TrigramWordSimilarity(text, name) for name in FIELDS))
    single = [TrigramWordSimilarity(word, name) for word in text.split() for name in FIELDS[:3]]
    closest = Greatest(likeness, *single)
    close = models.defer("card", "words").annotate(likeness=closest)
    return close.filter(likeness__gte=CLOSE).order_by("-likeness", "slug")[:MOST_CANDIDATES]


def _spelled(words: list[str], candidates: list[AIModel]) -> list[str]:
    """Each word as the candidates spell it, where they have one that is much like it."""
    known: dict[str, None] = {}
    for model in candidates:
        for text in (getattr(model, name) for name in FIELDS):
            known |= dict.fromkeys(WORD.findall(text.lower()))
    return [_best(word, known) for word in words]


def _best(word: str, known) -> str:
    if any(other.startswith(word) for other in known):
        return word
    scored = [
        (SequenceMatcher(None, word, other).ratio(), other) for other in known if len(other) > 2
    ]
    score, other = max(scored, default=(0.0, word))
    return other if score >= LIKE else word
