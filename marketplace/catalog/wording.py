"""What is asked for, in the terms of the search: folded words, their forms, and their synonyms."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection

from marketplace.catalog.index import Synonym

LONGEST = 200
MOST_WORDS = 12
WORD = re.compile(r"[^\W_]+")
PIECE = re.compile(r"[^\W\d_]+|\d+")
WRITTEN_OUT = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"})
SAID = frozenset(  # what every search is for
    ("model", "models", "modell", "modelle", "modele", "ai", "ml", "ki", "find", "need", "want")
)
FORMS = """
SELECT word, coalesce(ts_lexize('english_stem', word), '{}'),
  coalesce(ts_lexize('german_stem', word), '{}')
FROM unnest(%s::text[]) AS word
"""


@dataclass(frozen=True)
class Term:
    """One thing that is asked for: a word, or a phrase that has synonyms.

    `words` as typed, `forms` what its words are stored as, `others` phrases that mean the same.
    """

    words: tuple[str, ...]
    forms: tuple[tuple[str, ...], ...]
    others: tuple[tuple[str, ...], ...] = ()

    @property
    def direct(self) -> str:
        """As a query: every word in any of its forms, one by itself also with more after it."""
        whole = len(self.words) > 1
        pairs = zip(self.words, self.forms, strict=True)
        return _all(_any_form(word, forms, whole=whole) for word, forms in pairs)

    @property
    def wide(self) -> str:
        """As a query: itself, or what means the same."""
        others = [_phrase(words) for words in self.others]
        return " | ".join(f"({part})" for part in [self.direct, *others])

    @property
    def roots(self) -> tuple[str, ...]:
        """What a word of a text begins with when it is meant."""
        own = [form for forms in self.forms for form in forms]
        return tuple(dict.fromkeys([*own, *self.words]))


@dataclass(frozen=True)
class Asked:
    """What somebody searches for, understood; with `loose`, one of the terms is enough.

    `names` are the words that a name may have, those of every search among them.
    """

    text: str
    terms: tuple[Term, ...] = ()
    names: tuple[str, ...] = ()
    loose: bool = False

    @property
    def words(self) -> list[str]:
        return [word for term in self.terms for word in term.words]

    @property
    def direct(self) -> str:
        return self._joined([term.direct for term in self.terms])

    @property
    def wide(self) -> str:
        return self._joined([term.wide for term in self.terms])

    @property
    def glued(self) -> str:
        """All that was typed as one word, for names: `yolo v 8` as `yolov8`."""
        return "".join(typed(self.text))[:80]

    def _joined(self, parts: list[str]) -> str:
        """A term is there by itself or, but for `loose`, in one word with the one beside it."""
        if self.loose:
            return " | ".join(f"({part})" for part in parts)
        beside = zip(self.terms, self.terms[1:], strict=False)
        glued = ["", *(f"'{one.words[-1]}{two.words[0]}':*" for one, two in beside), ""]
        ways = zip(parts, glued, glued[1:], strict=False)
        return " & ".join(
            "(" + " | ".join(filter(None, [f"({part})", left, right])) + ")"
            for part, left, right in ways
        )


def fold(text: str) -> str:
    """Small letters without accents, as the database folds what it searches in."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(WRITTEN_OUT))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def typed(text: str) -> list[str]:
    """The words of `text`, folded."""
    return WORD.findall(fold(text))


def tidy(text: str) -> str:
    """What was typed, on one line, short enough, without what no database takes."""
    kept = text.replace("\0", " ").encode("utf-8", "ignore").decode()
    return " ".join(kept.split())[:LONGEST]


def understand(text: str, *, words: Iterable[str] | None = None) -> Asked:
    """The terms of `text`; `words` in place of those in it, such as with their spelling put right.

    Two queries: the forms of the words, and the synonyms.
    """
    asked = list(words) if words is not None else typed(text)
    asked = [word[:40] for word in asked][:MOST_WORDS]
    if not asked:
        return Asked(text)
    forms, stops = _forms(asked)
    terms = [*_terms(asked, forms, _groups())]
    kept = [t for t in terms if t.others or not (set(t.words) <= stops | SAID)]
    kept = kept or [t for t in terms if not set(t.words) <= stops] or terms
    names = [word for word in asked if word not in stops] or asked
    return Asked(text, tuple(kept), tuple(names))


def _forms(words: list[str]) -> tuple[dict, set[str]]:
    with connection.cursor() as cursor:
        cursor.execute(FORMS, [sorted(set(words))])
        rows = cursor.fetchall()
    forms = {word: tuple(dict.fromkeys([*english, *german])) for word, english, german in rows}
    stops = {word for word, english, german in rows if word.isascii() and not english}
    return forms, stops


def _groups() -> list[list[tuple[str, ...]]]:
    rows = Synonym.objects.values_list("terms", flat=True)
    return [[_phrase_of(term) for term in terms] for terms in rows]


def _terms(words: list[str], forms: dict, groups: list) -> Iterable[Term]:
    """The longest phrases that have synonyms first; the words between them by themselves."""
    meanings: dict[tuple[str, ...], list] = {}
    for group in groups:
        for phrase in group:
            meanings.setdefault(_bare(phrase), []).append(group)
    place = 0
    while place < len(words):
        for length in range(min(4, len(words) - place), 0, -1):
            phrase = tuple(words[place : place + length])
            found = meanings.get(_bare(phrase), [])
            if found or length == 1:
                others = dict.fromkeys(
                    other for group in found for other in group if _bare(other) != _bare(phrase)
                )
                yield Term(phrase, tuple(forms.get(w, ()) for w in phrase), tuple(others))
                place += length
                break


@lru_cache(maxsize=8192)
def _phrase_of(term: str) -> tuple[str, ...]:
    return tuple(typed(term))


@lru_cache(maxsize=8192)
def _bare(phrase: tuple[str, ...]) -> tuple[str, ...]:
    """A phrase without the endings of a plural."""
    return tuple(re.sub(r"(?<=\w{3})(?<!s)e?s$", "", word) for word in phrase)


def _any_form(word: str, forms: tuple[str, ...], *, whole: bool) -> str:
    exact = whole or word.isdigit() or len(word) < 2
    ways = [f"'{word}'" if exact else f"'{word}':*", *(f"'{form}'" for form in forms)]
    pieces = PIECE.findall(word)
    if len(pieces) > 1:
        ways.append("(" + " & ".join(f"'{piece}'" for piece in pieces) + ")")
    return "(" + " | ".join(dict.fromkeys(ways)) + ")"


def _phrase(words: tuple[str, ...]) -> str:
    last = len(words) - 1
    return " <-> ".join(
        f"'{word}':*" if place == last and len(word) > 3 else f"'{word}'"
        for place, word in enumerate(words)
    )


def _all(parts: Iterable[str]) -> str:
    return " & ".join(f"({part})" for part in parts)
