"""Which part of the catalogue is shown: filters of the address, their counts, and the order."""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.http import QueryDict
from django.utils import timezone

from marketplace.catalog.models import AIModel, DataClass, Stage
from marketplace.catalog.search import Found, search
from tenants.chargeback.models import Price
from tenants.directory.models import Region

PAGE = 20
SORTS = {
    "best": "Best match",
    "name": "Name",
    "newest": "Newest",
    "price": "Price, low to high",
}
ACCESS = {"mine": "I can use it", "ask": "I may ask for it"}
NAMES = {
    "task": "Task",
    "data_class": "Data class",
    "stage": "Stage",
    "region": "Region",
    "tenant": "Owner",
    "framework": "Framework",
}
COLUMNS = {name: name for name in NAMES} | {"tenant": "tenant__slug"}
FIXED = {"data_class": DataClass.choices, "stage": Stage.choices, "region": Region.choices}
MOST_OPTIONS = 12
MOST_VALUES = 20


@dataclass(frozen=True)
class Option:
    """One value of a facet, with how many of the results have it."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """One way to narrow the results."""

    name: str
    label: str
    options: tuple[Option, ...]
    open: bool


class Shelf:
    """The models of the catalogue that an address asks for, as one person may see them."""

    def __init__(self, user, query: QueryDict) -> None:
        self.user, self.query = user, query
        self.everything = AIModel.objects.listed_to(user)
        self.chosen = {
            name: [v for v in query.getlist(name) if v and "\0" not in v][:MOST_VALUES]
            for name in NAMES
        }
        self.access = query.get("access", "") if query.get("access") in ACCESS else ""
        self.words = " ".join(query.get("q", "").split())
        self.sorts = SORTS if self.words else {n: w for n, w in SORTS.items() if n != "best"}
        self.sort = (
            query.get("sort") if query.get("sort") in self.sorts else next(iter(self.sorts))
        )

    @cached_property
    def found(self) -> Found:
        return search(self.everything, self.words, exact=self.query.get("exact") == "1")

    @cached_property
    def models(self) -> QuerySet[AIModel]:
        """The results in their order, without the columns that only a model's page shows."""
        rows = self._narrowed(self.found.models).select_related("tenant").defer("card", "words")
        return self._ordered(rows)

    def page(self, number: str | None) -> Page:
        return Paginator(self.models, PAGE).get_page(number)

    @cached_property
    def facets(self) -> list[Facet]:
        """Counts of each value among the results that the other filters leave."""
        return [self._facet(name) for name in NAMES]

    @property
    def chips(self) -> list[tuple[str, str, str, str]]:
        """Filters in use: (parameter, value, label, words)."""
        used = [
            (name, value, NAMES[name], _word(name, value))
            for name, values in self.chosen.items()
            for value in values
        ]
        if self.access:
            used.append(("access", self.access, "Access", ACCESS[self.access]))
        return used

    @property
    def all_tab(self) -> bool:
        return not self.access

    @property
    def mine_tab(self) -> bool:
        return self.access == "mine"

    @property
    def mine_href(self) -> str:
        return "?access=mine"

    @property
    def exact_href(self) -> str:
        return self._with(exact="1")

    @property
    def clear_href(self) -> str:
        kept = {name: self.query[name] for name in ("q", "sort") if self.query.get(name)}
        return f"?{urlencode(kept)}"

    def _with(self, **changes: str) -> str:
        query = self.query.copy()
        query.pop("page", None)
        for name, value in changes.items():
            query[name] = value
        return f"?{query.urlencode()}"

    def _narrowed(self, models: QuerySet[AIModel], but: str = "") -> QuerySet[AIModel]:
        for name, values in self.chosen.items():
            if values and name != but:
                models = models.filter(**{f"{COLUMNS[name]}__in": values})
        usable = AIModel.objects.usable_by(self.user).values("pk")
        if self.access == "mine":
            models = models.filter(pk__in=usable)
        elif self.access == "ask":
            models = models.exclude(pk__in=usable)
        return models

    def _ordered(self, models: QuerySet[AIModel]) -> QuerySet[AIModel]:
        if self.sort == "price":
            price = Price.objects.at(timezone.now()).filter(model_id=OuterRef("pk"))
            cost = Subquery(price.values(cost=F("amount") / F("per"))[:1])
            return models.annotate(cost=cost).order_by(F("cost").asc(nulls_last=True), "slug")
        if self.sort == "newest":
            return models.order_by(F("published_at").desc(nulls_last=True), "slug")
        if self.sort == "best" and self.found.asked and "rank" in models.query.annotations:
            return models.order_by("-rank", "slug")
        return models.order_by("slug")

    def _facet(self, name: str) -> Facet:
        column = COLUMNS[name]
        rows = self._narrowed(self.found.models, but=name).order_by()
        counts = dict(rows.values_list(column).annotate(n=Count("pk")).values_list(column, "n"))
        chosen = self.chosen[name]
        if name in FIXED:
            values = [value for value, _ in FIXED[name]]
        else:
            ranked = sorted((v for v in counts if v), key=lambda v: (-counts[v], v))
            values = list(dict.fromkeys([*chosen, *ranked[:MOST_OPTIONS]]))
        options = tuple(
            Option(value, _word(name, value), counts.get(value, 0), value in chosen)
            for value in values
        )
        return Facet(name, NAMES[name], options, bool(chosen) or name not in {"framework"})


def _word(name: str, value: str) -> str:
    if name in FIXED and name != "region":
        return dict(FIXED[name]).get(value, value[:60])
    if name == "task":
        return value[:60].replace("-", " ").replace("_", " ").capitalize()
    return value[:60]
