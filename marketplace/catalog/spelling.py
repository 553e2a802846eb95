"""Puts the spelling of a search right, by the words that models are described with."""

from difflib import SequenceMatcher

from django.db import connection

from marketplace.catalog.models import AIModel
from marketplace.catalog.wording import WORD, fold

LIKE = 0.68
MOST_LIKE = 12
MOST_CHOICES = 4
LEARNT = 3  # letters of the shortest word that is kept; see marketplace_learn in the database
PARTS = 5  # a part of a compound has at least so many letters
KNOWN = """
SELECT asked.word, w.text, coalesce(w.kind, 0) FROM unnest(%s::text[]) AS asked(word)
LEFT JOIN LATERAL (
  (SELECT text, 2 AS kind FROM marketplace_word WHERE text LIKE asked.word || '%%' LIMIT 1)
  UNION ALL
  (SELECT text, 1 FROM marketplace_word WHERE text %% asked.word
   ORDER BY similarity(text, asked.word) DESC, text LIMIT %s)
) AS w ON true
"""


def choices(words: list[str]) -> dict[str, list[str]]:
    """For each word itself where it is in use, else the most alike words that are; one query."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [list(dict.fromkeys(words)), MOST_LIKE])
        rows = cursor.fetchall()
    used = {word for word, _, kind in rows if kind == 2}
    alike: dict[str, list[str]] = {word: [] for word in words}
    for word, text, kind in rows:
        if kind == 1 and len(word) > 2:
            alike[word].append(text)
    return {word: [word] if word in used else _best(word, alike[word]) for word in words}


def put_right(words: list[str], known: dict[str, list[str]], model: AIModel) -> list[str]:
    """Each word as `model` has it, out of its choices."""
    texts = [model.name, model.slug, model.task, model.summary, str(model.tags)]
    said = WORD.findall(fold(" ".join(texts)))
    return [
        next((like for like in known[word] if any(s.startswith(like) for s in said)), word)
        for word in words
    ]


def _best(word: str, alike: list[str]) -> list[str]:
    scored = [(_likeness(word, other), other) for other in alike]
    good = sorted((pair for pair in scored if pair[0] >= LIKE), key=lambda p: (-p[0], p[1]))
    return [other for _, other in good[:MOST_CHOICES]]


def _likeness(word: str, other: str) -> float:
    """How much two words are alike; the first letter is seldom wrong."""
    score = SequenceMatcher(None, word, other).ratio()
    if len(other) > len(word) > PARTS:  # the beginning of a longer word, slightly wrong
        score = max(score, SequenceMatcher(None, word, other[: len(word)]).ratio() - 0.08)
    same_letters = sorted(word) == sorted(other)
    return score + 0.05 * (word[0] == other[0]) + 0.1 * same_letters
