"""Says why a model was found: the words that match, marked where they stand."""

import re
from collections.abc import Sequence

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from marketplace.catalog.models import AIModel
from marketplace.catalog.search import Found
from marketplace.catalog.wording import PIECE, WORD, Asked, fold

AROUND = 60  # letters of a card before and after the first match


def explain(models: Sequence[AIModel], found: Found) -> None:
    """Put `marked_slug`, `marked_summary` and `why` on each model of a page.

    `why` is (field, marked words) of what is not seen in the row: tags, card, another spelling of
    the name. One query, for the cards of those that nothing else explains.
    """
    if found.terms is None:
        return
    roots = _roots(found.terms)
    for model in models:
        model.marked_slug, in_slug = marked(model.slug, roots)
        model.marked_summary, in_summary = marked(model.summary, roots)
        model.marked_task, in_task = marked(model.look["task"], roots)
        model.why = None
        if not (in_slug or in_summary or in_task):
            model.why = _elsewhere(model, roots)
    silent = [m for m in models if m.why is None and "<mark>" not in _seen(m)]
    cards = dict(AIModel.objects.filter(pk__in=[m.pk for m in silent]).values_list("pk", "card"))
    for model in silent:
        model.why = _in_card(cards.get(model.pk, ""), roots)


def marked(text: str, roots: Sequence[str]) -> tuple[SafeString, bool]:
    """The text, safe for a page, with every word that begins with one of `roots` marked."""
    parts, place, hit = [], 0, False
    for word in WORD.finditer(text):
        parts.append(escape(text[place : word.start()]))
        meant = _meant(word.group(), roots)
        kept = escape(word.group())
        parts.append(format_html("<mark>{}</mark>", kept) if meant else kept)
        hit, place = hit or meant, word.end()
    parts.append(escape(text[place:]))
    return mark_safe("".join(parts)), hit  # noqa: S308 (each part is escaped)


def _roots(terms: Asked) -> tuple[str, ...]:
    own = [root for term in terms.terms for root in term.roots]
    others = [w for term in terms.terms for phrase in term.others for w in phrase if len(w) > 2]
    return tuple(dict.fromkeys([root for root in (*own, *others) if root]))


def _meant(word: str, roots: Sequence[str]) -> bool:
    plain = fold(word)
    pieces = PIECE.findall(plain)
    begins = [root for root in roots if len(root) > 2 and not root.isdigit()]
    return plain.startswith(tuple(begins)) or any(root in (plain, *pieces) for root in roots)


def _seen(model: AIModel) -> str:
    return model.marked_slug + model.marked_summary + model.marked_task


def _elsewhere(model: AIModel, roots: Sequence[str]) -> tuple[str, SafeString] | None:
    tags = ", ".join(str(value) for value in model.tags.values())
    for label, text in (("Name", model.name), ("Tags", tags[:200])):
        shown, hit = marked(text, roots)
        if hit:
            return label, shown
    return None


def _in_card(card: str, roots: Sequence[str]) -> tuple[str, SafeString] | None:
    plain = re.sub(r"[#*_`>\[\]|]+", " ", card)
    for word in WORD.finditer(plain):
        if _meant(word.group(), roots):
            start, end = max(0, word.start() - AROUND), word.end() + AROUND
            return "Card", marked(" ".join(plain[start:end].split()), roots)[0]
    return None
