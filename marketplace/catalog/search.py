"""Finds models by words: by all of them, with the spelling put right, or by some of them."""

from dataclasses import dataclass, field, replace

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Func, IntegerField, QuerySet, UUIDField, Value
from django.db.models.expressions import RawSQL

from marketplace.catalog.models import AIModel
from marketplace.catalog.spelling import LEARNT, choices, put_right
from marketplace.catalog.wording import Asked, tidy, understand

MOST_BEGUN = 50
MOST_NAMED = 100
MOST_HITS = 200
MOST_NEAR = 5
NAMED = Func("name", "slug", function="millwright_names", output_field=SearchVectorField())
RANKED = ("id", "slug", "name", "words", "stage", "status")  # what `RANK` reads
WEIGHTS = "'{0.02, 0.15, 0.45, 1.0}'"  # card, summary, task and tags, name
TABLE = AIModel._meta.db_table
RANK = f"""
  2 * ts_rank({WEIGHTS}, {TABLE}.words, to_tsquery('simple', %s))
  + ts_rank({WEIGHTS}, {TABLE}.words, to_tsquery('simple', %s))
  + 1.5 * greatest(similarity({TABLE}.slug, %s), similarity(millwright_fold({TABLE}.name), %s))
  + CASE WHEN replace({TABLE}.slug, '-', '') = %s THEN 3
      WHEN starts_with(replace({TABLE}.slug, '-', ''), %s) THEN 0.7 ELSE 0 END
  + CASE {TABLE}.stage WHEN 'production' THEN 0.04 WHEN 'staging' THEN 0.02 ELSE 0 END
  + CASE {TABLE}.status WHEN 'published' THEN 0.04 ELSE 0 END
"""

# Where there are more matches than the limit, those by name and by the beginning of the name are
# looked up by themselves, so that no flood of cards or of namesakes hides the one that is meant.
BEST = f"""
WITH hits AS MATERIALIZED (<hits>),
many AS MATERIALIZED (SELECT count(*) = %s AS so FROM hits),
others AS (<names> UNION ALL <begun>),
{TABLE} AS (
  SELECT * FROM hits
  UNION ALL
  (SELECT DISTINCT ON (o.id) o.* FROM others AS o
   WHERE (SELECT so FROM many) AND NOT EXISTS (SELECT FROM hits WHERE hits.id = o.id))
)
SELECT id FROM {TABLE} ORDER BY {RANK} DESC, slug
"""


@dataclass
class Found:
    """What a search came to.

    `ids` are the best of what matches, at most 350, the best first.
    `query` is the condition all matches meet, None without words. `used` is what was searched
    for in place of `asked` when nothing matched `asked`. `loose` tells that not every word was
    found in each of them. `near` are models close to it, where nothing matched at all.
    """

    asked: str = ""
    used: str = ""
    terms: Asked | None = None
    query: SearchQuery | None = None
    ids: list = field(default_factory=list)
    near: list[AIModel] = field(default_factory=list)
    loose: bool = False

    @property
    def models(self) -> QuerySet[AIModel]:
        """The rows of `ids`, in their order."""
        return in_order(self.ids)

    @property
    def corrected(self) -> bool:
        return bool(self.used) and self.used != self.asked


def search(models: QuerySet[AIModel], asked: str, *, exact: bool = False) -> Found:
    """Those of `models` that `asked` is about, the best first.

    `exact` searches for the words as they are written, without a second try.
    """
    text = tidy(asked)
    if not text:
        return Found()
    terms = understand(text)
    if not terms.terms:
        return Found(text, text)
    found = _found(models, terms, f"{terms.wide} | '{terms.glued}':*")
    if found.ids or exact:
        return found
    known = _known(terms)
    return _respelled(models, terms, known) or _loose(models, terms, known) or _near(found, models)


def _known(terms: Asked) -> dict[str, list[str]]:
    """What each word may be meant as.

    Right as it was typed is one that has synonyms, or that is too short to be learnt.
    """
    known = choices(terms.words)
    meant = {word for term in terms.terms if term.others for word in term.words}
    meant |= {word for word in known if len(word) < LEARNT or word.isdigit()}
    return {word: likes or [word] * (word in meant) for word, likes in known.items()}


def matching(models: QuerySet[AIModel], query: SearchQuery) -> QuerySet[AIModel]:
    """All of `models` that meet the condition of a search, in no order."""
    return models.filter(words=query)


def within(found: Found, models: QuerySet[AIModel]) -> list:
    """Ids of the best of `models` for a search that was understood before."""
    return _best(models, found.terms, found.query)


def _found(models: QuerySet[AIModel], terms: Asked, wanted: str) -> Found:
    query = SearchQuery(wanted, config="simple", search_type="raw")
    ids = _best(models, terms, query)
    return Found(terms.text, terms.text, terms, query, ids)


def _best(models: QuerySet[AIModel], terms: Asked, query: SearchQuery) -> list:
    """Ids of the best matches."""
    rows = models.order_by().values(*RANKED)
    named = rows.annotate(named=NAMED).filter(named=query).values(*RANKED)
    begun = rows.filter(slug__startswith="-".join(terms.words)).order_by("slug")
    parts = (rows.filter(words=query)[:MOST_HITS], named[:MOST_NAMED], begun[:MOST_BEGUN])
    try:
        parts = [part.query.sql_with_params() for part in parts]
    except EmptyResultSet:
        return []
    (hits, of_hits), (names, of_names), (begun, of_begun) = parts
    sql = BEST.replace("<hits>", hits).replace("<names>", f"({names})")
    values = [*of_hits, MOST_HITS, *of_names, *of_begun, *_rank_of(terms)]
    with connection.cursor() as cursor:
        # However common the words, their index is read: a planner that does not know how long
        # the texts are would rather look through the first of them.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(sql.replace("<begun>", f"({begun})"), values)
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL enable_seqscan = on")
    return ids


def in_order(ids: list) -> QuerySet[AIModel]:
    """Models by ids that a search has found, so seen, in their order; the first ranks highest."""
    if not ids:
        return AIModel.objects.none()
    listed = Value(ids, ArrayField(UUIDField()))
    place = Func(listed, F("pk"), function="array_position", output_field=IntegerField())
    return AIModel.objects.filter(pk__in=ids).annotate(rank=Value(0) - place).order_by("-rank")


def _rank(terms: Asked) -> RawSQL:
    return RawSQL(RANK, _rank_of(terms))  # noqa: S611


def _rank_of(terms: Asked) -> list[str]:
    """The values for the places in `RANK`."""
    words = terms.names
    return [terms.direct, terms.wide, "-".join(words), " ".join(words), terms.glued, terms.glued]


def _respelled(models: QuerySet[AIModel], terms: Asked, known: dict) -> Found | None:
    """With each unknown word as one of the words in use that are much like it.

    Only words that a model among `models` has are told, so that nothing leaks by a correction.
    """
    if not any(known[word] != [word] for word in terms.words) or not all(known.values()):
        return None
    first = understand(terms.text, words=[known[word][0] for word in terms.words])
    if all(len(likes) == 1 for likes in known.values()):
        return _told(models, terms, first.words)
    every = " & ".join(
        "(" + " | ".join(f"'{like}':*" for like in known[word]) + ")" for word in terms.words
    )
    found = _found(models, first, f"({first.wide}) | ({every})")
    if not found.ids:
        return None
    top = models.order_by().get(pk=found.ids[0])
    return _told(models, terms, put_right(terms.words, known, top))


def _told(models: QuerySet[AIModel], terms: Asked, right: list[str]) -> Found | None:
    """What `right` finds in place of what was typed."""
    again = understand(" ".join(right), words=right)
    found = _found(models, again, f"{again.wide} | '{again.glued}':*")
    found.asked, found.used = terms.text, " ".join(right)
    return found if found.ids else None


def _loose(models: QuerySet[AIModel], terms: Asked, known: dict) -> Found | None:
    """What has some of the words, as typed or put right."""
    words = [known[word][0] for word in terms.words if known[word]]
    if len(terms.terms) < 2 or not words:
        return None
    some = replace(understand(terms.text, words=words), loose=True)
    found = _found(models, some, some.wide)
    found.loose = True
    return found if found.ids else None


def _near(found: Found, models: QuerySet[AIModel]) -> Found:
    """Models with a name like what was typed."""
    typed = "-".join(found.terms.words)
    like = models.filter(slug__trigram_similar=typed) | models.filter(
        slug__trigram_word_similar=typed
    )
    close = like.annotate(rank=_rank(found.terms)).order_by("-rank", "slug")
    found.near = list(close.defer("card", "words")[:MOST_NEAR])
    return found
