"""Which part of the catalogue is shown: words and filters of the address, and the order."""

from functools import cached_property
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import QueryDict

from marketplace.catalog import facets
from marketplace.catalog.facets import Counted, Facet
from marketplace.catalog.index import Entry
from marketplace.catalog.models import AIModel
from marketplace.catalog.search import Found, matching, search, within

PAGE = 20
SORTS = {
    "best": "Best match",
    "name": "Name",
    "newest": "Newest",
    "price": "Price, low to high",
}
ORDERS = {
    "name": ("-served", "slug"),  # what is served elsewhere comes last
    "newest": (F("published_at").desc(nulls_last=True), "slug"),
    "price": (F("cost").asc(nulls_last=True), "slug"),
}


class Ids:
    """What a paginator cuts: ids in their order, counted already."""

    def __init__(self, ids, total: int) -> None:
        self.ids, self.total = ids, total

    def count(self) -> int:
        return self.total

    def __getitem__(self, part: slice) -> list:
        return list(self.ids[part])


class Rows(Ids):
    """Ids that are read as models, a page at a time."""

    def __getitem__(self, part: slice) -> list[AIModel]:
        return read(super().__getitem__(part), without=("card", "words"))


def read(ids: list, *, without: tuple[str, ...] = ("words",)) -> list[AIModel]:
    """Models by ids that were found, so seen, in their order."""
    rows = AIModel.objects.filter(pk__in=ids).select_related("tenant", "external")
    found = {model.pk: model for model in rows.defer(*without)}
    return [found[pk] for pk in ids if pk in found]


class Shelf:
    """The models of the catalogue that an address asks for, as one person may see them."""

    def __init__(self, user, query: QueryDict) -> None:
        self.user, self.query = user, query
        self.everything = AIModel.objects.listed_to(user)
        self.entries = Entry.objects.visible_to(user)
        self.chosen = facets.chosen_in(query)
        self.words = " ".join((query.get("q") or query.get("search") or "").split())
        self.sorts = SORTS if self.words else {n: w for n, w in SORTS.items() if n != "best"}
        asked = query.get("sort")
        self.sort = asked if asked in self.sorts else next(iter(self.sorts))

    @property
    def exact(self) -> bool:
        """Whether the words are meant as they are spelt."""
        return self.query.get("exact") == "1"

    @cached_property
    def found(self) -> Found:
        return search(self.everything, self.words, exact=self.exact)

    @cached_property
    def matches(self) -> QuerySet[Entry]:
        """Entries with the words of the search, before any filter."""
        rows = facets.prepared(self.entries, self.user)
        if not self.found.asked:
            return rows
        if self.found.query is None or not self.found.ids:
            return rows.none()
        return rows.filter(
            model__in=matching(AIModel.objects.all(), self.found.query).values("pk")
        )

    @cached_property
    def counts(self) -> Counted:
        """Of all results and of each facet; one pass."""
        if self.found.asked and not self.found.ids:
            return facets.NOTHING
        return facets.counted(self.matches, self.chosen)

    @cached_property
    def facets(self) -> list[Facet]:
        return facets.shown(self.counts, self.chosen)

    @property
    def total(self) -> int:
        return self.counts.total

    @property
    def cut(self) -> bool:
        """Whether there are more results than are put in order by how well they match."""
        return self.sort == "best" and self.total > self.rows.total

    def page(self, number: str | None) -> Page:
        return Paginator(self.rows, PAGE).get_page(number)

    @cached_property
    def rows(self) -> Rows:
        narrow = facets.narrowed(self.matches, self.chosen)
        if self.sort == "best":
            ids = self.found.ids
            if any(self.chosen.values()) and ids:
                ids = within(self.found, self.everything.filter(pk__in=narrow.values("pk")))
            return Rows(ids, len(ids))
        return Rows(narrow.order_by(*ORDERS[self.sort]).values_list("pk", flat=True), self.total)

    @property
    def chips(self) -> list[tuple[str, str, str, str]]:
        """Filters in use: (parameter, value, label, words)."""
        return [
            (name, value, facets.LABELS[name], facets.word(name, value))
            for name, values in self.chosen.items()
            for value in values
        ]

    @property
    def all_tab(self) -> bool:
        return not self.chosen["access"]

    @property
    def mine_tab(self) -> bool:
        return self.chosen["access"] == ["mine"]

    @property
    def mine_href(self) -> str:
        return "?access=mine"

    @property
    def exact_href(self) -> str:
        return self._with(exact="1")

    @property
    def forgiving_href(self) -> str:
        return self._with(exact="")

    @property
    def clear_href(self) -> str:
        kept = {name: self.query[name] for name in ("q", "sort") if self.query.get(name)}
        return f"?{urlencode(kept)}"

    @property
    def address(self) -> str:
        """What a saved view keeps: the query of this address without its page."""
        return self._with().removeprefix("?")

    def _with(self, **changes: str) -> str:
        query = self.query.copy()
        query.pop("page", None)
        for name, value in changes.items():
            query[name] = value
            if not value:
                del query[name]
        return f"?{query.urlencode()}"
