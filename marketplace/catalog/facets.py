"""Ways to narrow the catalogue, and how many models each would leave, in one pass over entries."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from marketplace.catalog.index import ASK, BANDS, CLOSED, ELSEWHERE, MINE
from marketplace.catalog.models import DataClass, Stage
from marketplace.catalog.rows import SYMBOLS
from tenants.directory.models import Region, Tenant

MOST_OPTIONS = 12
MOST_VALUES = 20
LABELS = {
    "access": "Access",
    "task": "Task",
    "data_class": "Data class",
    "stage": "Stage",
    "level": "Service level",
    "price": "Price for 1,000",
    "tenant": "Owner",
    "region": "Region",
    "licence": "Licence",
    "framework": "Framework",
}
MANY = ("task", "framework", "licence", "tenant")  # values without end, counted one by one
TRAITS = ("data_class", "stage", "level", "region")  # as `Entry.traits` has them
MEMORY = "32MB"  # for one count; spilling to disk takes twice as long
CODES = {name: number for number, name in enumerate(LABELS, 1)}
COLUMNS = {name: name for name in LABELS} | {"tenant": "tenant_id", "level": "attainment"}
ACCESS = {MINE: "I can use it", ASK: "I may ask for it", CLOSED: "Closed to me"}
ACCESS[ELSEWHERE] = "Elsewhere, not served here"
PRICES = [*((band, band) for band, _ in BANDS), ("top", "top")]
LEVELS = {"met": "Meets its target", "missed": "Below its target", "quiet": "No calls yet"}


@dataclass(frozen=True)
class Option:
    """One value of a facet, with how many of the results have it."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """One way to narrow the results. `more` counts values that are not among the options."""

    name: str
    label: str
    options: tuple[Option, ...]
    open: bool
    more: int = 0


@dataclass(frozen=True)
class Counted:
    """How many entries meet every filter, and by facet and value those that meet all others."""

    total: int
    by_value: dict[str, Counter]


NOTHING = Counted(0, defaultdict(Counter))


def prepared(entries: QuerySet, user) -> QuerySet:
    """Entries with a column for each facet: how `user` stands to each is worked out."""
    return entries.standing(user)


def narrowed(entries: QuerySet, chosen: dict[str, list[str]]) -> QuerySet:
    """Those of `prepared` entries that have one of the chosen values of every facet."""
    for name, values in chosen.items():
        if values:
            entries = entries.filter(_has(name, values))
    return entries


def counted(entries: QuerySet, chosen: dict[str, list[str]]) -> Counted:
    """Count `prepared` entries by every value of every facet, in one query.

    A facet is counted under the filters of all others: so an entry that misses one filter counts
    for that facet alone, and one that misses two counts for none.
    """
    used = {name: values for name, values in chosen.items() if values}
    entries = entries.order_by().annotate(missed=_first_missed(used))
    if len(used) > 1:
        many = [Case(When(_has(n, v), then=Value(0)), default=Value(1)) for n, v in used.items()]
        entries = entries.annotate(many=sum(many, Value(0, output_field=IntegerField())))
        entries = entries.filter(many__lte=1)
    return _sorted_out(_rows(entries), used)


def shown(counts: Counted, chosen: dict[str, list[str]]) -> list[Facet]:
    """The facets to choose from, with words for their values."""
    tenants = list(counts.by_value["tenant"])
    found = Tenant.objects.filter(pk__in=tenants).values_list("pk", "slug")
    named = {str(pk): slug for pk, slug in found}
    by_slug = Counter()
    for value, count in counts.by_value["tenant"].items():
        by_slug[named.get(value, str(value))] = count
    by_value = counts.by_value | {"tenant": by_slug}
    return [_facet(name, by_value[name], chosen.get(name, [])) for name in LABELS]


def chosen_in(query) -> dict[str, list[str]]:
    """The filters of an address, by facet."""
    return {
        name: [value for value in query.getlist(name) if value and "\0" not in value][:MOST_VALUES]
        for name in LABELS
    }


def word(name: str, value: str) -> str:
    """A value of a facet as people read it."""
    if name == "price":
        return _price_word(value)
    if name == "task":
        return value[:60].replace("-", " ").replace("_", " ").capitalize()
    known = {"data_class": DataClass.choices, "stage": Stage.choices}.get(name, ())
    return (dict(known) | {"access": ACCESS, "level": LEVELS}.get(name, {})).get(value, value[:60])


def _has(name: str, values: list[str]) -> Q:
    if name == "tenant":
        return Q(tenant__in=Tenant.objects.filter(slug__in=values).values("pk"))
    return Q(**{f"{COLUMNS[name]}__in": values})


def _first_missed(used: dict):
    """The code of the filter that an entry misses; 0 where it meets all."""
    misses = [
        Case(When(_has(name, values), then=Value(0)), default=Value(CODES[name]))
        for name, values in used.items()
    ]
    return sum(misses, Value(0, output_field=IntegerField()))


def _rows(entries: QuerySet) -> list[tuple]:
    """(missed, which set, value of MANY, access, price, values of TRAITS together, count)."""
    columns = [COLUMNS[name] for name in MANY]
    entries = entries.values_list("missed", "access", "price", "traits", *columns)
    sql, params = entries.query.sql_with_params()
    many = ", ".join(MANY)
    one_by_one = ", ".join(f"(missed, {name})" for name in MANY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, true)", [MEMORY])
        # OFFSET 0: rows are worked out once, before they are counted in several ways.
        cursor.execute(
            f"SELECT missed, GROUPING({many}), coalesce(task, framework, licence, tenant::text), "
            f"access, price, traits, count(*) "
            f"FROM ({sql} OFFSET 0) AS entry(missed, access, price, traits, {many}) "
            f"GROUP BY GROUPING SETS ((missed, access, price, traits), {one_by_one})",
            params,
        )
        return cursor.fetchall()


def _sorted_out(rows: list[tuple], used: dict) -> Counted:
    everything = (1 << len(MANY)) - 1
    of = {everything ^ (1 << place): name for place, name in enumerate(reversed(MANY))}
    total, by_value = 0, defaultdict(Counter)
    for missed, grouping, value, access, price, traits, count in rows:
        pairs = [(of[grouping], value)] if grouping in of else _few(access, price, traits)
        total += count if grouping not in of and missed == 0 else 0
        for name, found in pairs:
            if found and missed in (0, CODES[name] if name in used else 0):
                by_value[name][found] += count
    return Counted(total, by_value)


def _few(access: str, price: str, traits: str) -> list[tuple[str, str]]:
    return [("access", access), ("price", price), *zip(TRAITS, traits.split("|"), strict=True)]


def _ranked(counts: Counter) -> list[str]:
    return sorted(counts, key=lambda value: (-counts[value], str(value)))


def _facet(name: str, counts: Counter, chosen: list[str]) -> Facet:
    fixed = {
        "access": list(ACCESS),
        "data_class": DataClass.values,
        "stage": Stage.values,
        "region": Region.values,
        "level": list(LEVELS),
        "price": [*(band for band, _ in BANDS), "top"],
    }
    ranked = fixed.get(name) or _ranked(counts)
    values = list(dict.fromkeys([*chosen, *ranked[:MOST_OPTIONS]]))
    if name in fixed:
        values = [v for v in ranked if counts.get(v) or v in chosen]
    options = tuple(
        Option(value, word(name, value), counts.get(value, 0), value in chosen) for value in values
    )
    quiet = name in ("licence", "framework", "region")
    more = max(0, len(ranked) - len(values)) if name not in fixed else 0
    return Facet(name, LABELS[name], options, bool(chosen) or not quiet, more)


def _price_word(value: str) -> str:
    symbol = SYMBOLS.get(settings.DEFAULT_CURRENCY, f"{settings.DEFAULT_CURRENCY} ")
    words = {"free": "Free", "low": f"Up to {symbol}0.50", "mid": f"{symbol}0.50 to {symbol}2"}
    words |= {"high": f"{symbol}2 to {symbol}10", "top": f"Over {symbol}10"}
    return words.get(value, value[:60])
