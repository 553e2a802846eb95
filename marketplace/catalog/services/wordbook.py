"""The words that a search takes for the same, kept by governance and operators."""

from django.db import transaction

from marketplace.catalog.index import Synonym
from marketplace.catalog.wording import WORD, fold
from portal.audit.services import denied, record
from portal.core.errors import Refused

MOST_TERMS = 20
LONGEST_TERM = 60


@transaction.atomic
def add_synonyms(*, by, terms) -> Synonym:
    """Words and phrases that mean the same from now on."""
    require_keeper("add synonyms", None, by)
    row = Synonym.objects.create(terms=_tidied(terms), changed_by=by)
    record("added synonyms", row, by=by, terms=row.terms)
    return row


@transaction.atomic
def change_synonyms(row: Synonym, *, by, terms) -> Synonym:
    """Replace the words of one group."""
    require_keeper("change", row, by)
    before = list(row.terms)
    row.terms, row.changed_by = _tidied(terms), by
    row.save(update_fields=["terms", "changed_by", "changed_at"])
    record("changed synonyms", row, by=by, before=before, after=row.terms)
    return row


@transaction.atomic
def drop_synonyms(row: Synonym, *, by) -> None:
    """The words of a group stand for themselves again."""
    require_keeper("drop", row, by)
    record("dropped synonyms", row, by=by, terms=row.terms)
    row.delete()


def keeps_words(user) -> bool:
    """Whether this person may change what means the same."""
    return user.is_governor or user.is_operator


def require_keeper(verb: str, row, by) -> None:
    """Governance and operators keep the list; others are refused, and it is written down."""
    if not keeps_words(by):
        why = "Governance and operators keep the list of synonyms."
        raise denied(verb, row or Synonym(terms=[]), by=by, why=why)


def _tidied(terms) -> list[str]:
    kept: dict[str, None] = {}
    for term in terms:
        words = " ".join(str(term).replace("\0", "").lower().split())
        if len(words) > LONGEST_TERM:
            raise Refused(f"{words[:40]}… is longer than {LONGEST_TERM} letters.", field="terms")
        if WORD.search(fold(words)):
            kept[words] = None
    if len(kept) < 2:
        raise Refused("Give at least two words or phrases that mean the same.", field="terms")
    if len(kept) > MOST_TERMS:
        raise Refused(f"Give at most {MOST_TERMS} words or phrases.", field="terms")
    return list(kept)
