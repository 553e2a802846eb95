"""The usage page in figures: totals, a picture by day, tables by model and by key."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from portal.core.charts import Chart, Series, stacked_bars
from portal.core.templatetags._words import day as day_words
from portal.core.templatetags._words import money, number, percent
from tenants.chargeback import upward
from tenants.chargeback.models import HOUR, NANO, Call, Cause, Meter, Posting, Price
from tenants.chargeback.services import hardware_usage, usage
from tenants.chargeback.windows import Window

SERIES = 5


@dataclass(frozen=True)
class Slice:
    """Calls and postings of one window in one currency, already narrowed to what may be seen."""

    calls: object
    postings: object
    window: Window
    currency: str

    def rows(self, *group_by: str, before: bool = False) -> list[dict]:
        window = self.window.before if before else self.window
        found = usage(self.calls, group_by, window.since, window.until)
        return list(found.filter(currency=self.currency))

    def hardware(self, *group_by: str, before: bool = False) -> list[dict]:
        """Time on hardware, with the columns of a model beside its own."""
        window = self.window.before if before else self.window
        found = hardware_usage(self.postings, group_by, window.since, window.until)
        return [
            row | {"model_slug": row.get("subject"), "model_id": row.get("subject_id")}
            for row in found.filter(currency=self.currency)
        ]


def currencies(calls, postings, window: Window) -> list[str]:
    """The currencies in which something was used, the largest sum first."""
    sums: dict[str, int] = {}
    days = (window.since, window.until)
    for row in [*usage(calls, (), *days), *hardware_usage(postings, (), *days)]:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["nano"]
    return sorted(sums, key=lambda currency: -sums[currency])


def figures(part: Slice, corrections_nano: int) -> list[dict]:
    """The band above: what was spent, how it compares, what a thousand calls cost."""
    now, before = _total(part.rows()), _total(part.rows(before=True))
    ran, ran_before = part.hardware(), part.hardware(before=True)
    used = now["nano"] + sum(row["nano"] for row in ran)
    used_before = before["nano"] + sum(row["nano"] for row in ran_before)
    spent = used + corrections_nano
    asked = now["calls"] + now["failed"]
    kept = percent(now["calls"] / asked) if asked else "–"
    each = now["nano"] * 1000 // now["calls"] if now["calls"] else None
    band = [
        {
            "label": f"Spent, {span_words(part.window)}",
            "value": money(spent, part.currency),
            "note": _against(used, used_before, part.window),
        },
        {
            "label": "Calls answered",
            "value": number(now["calls"], compact=True),
            "note": f"{kept} without error",
        },
        {
            "label": "Predictions",
            "value": number(now["quantity"], compact=True),
            "note": "what most prices count",
        },
        {
            "label": "Cost of 1,000 calls",
            "value": money(each, part.currency),
            "note": f"{now['estimated']} calls estimated" if now["estimated"] else "measured",
        },
    ]
    band += [
        {"label": hours, "value": number(row["quantity"] / HOUR, 2), "note": runs_words(row)}
        for row in ran
        for hours in [Meter(row["meter"]).unit]
    ]
    if corrections_nano:
        told = {"label": "Corrections", "value": money(corrections_nano, part.currency, sign=True)}
        band.append(told | {"note": "in what was spent"})
    return band


def picture(part: Slice) -> str:
    """Cost a day, stacked by model; the smaller models are folded into one."""
    rows = part.rows("day", "model") + part.hardware("day", "hardware")
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["model_slug"]] = sums.get(row["model_slug"], 0) + row["nano"]
    names = sorted(sums, key=lambda name: (-sums[name], name))
    shown = names[:SERIES]
    cells: dict[tuple, int] = {}
    for row in rows:
        name = row["model_slug"] if row["model_slug"] in shown else ""
        cells[row["day"], name] = cells.get((row["day"], name), 0) + row["nano"]
    rest = len(names) - len(shown)
    columns = [*shown, *([""] if rest else [])]
    series = [_series(part, name, cells, rest) for name in columns]
    days = part.window.days
    chart = Chart(
        finding=_finding(part, cells),
        labels=[f"{day.day} {day:%b}" for day in days],
        series=series,
        show=lambda value: money(round(value * NANO), part.currency),
        size="tall",
        empty="Nothing was used in this time.",
    )
    return stacked_bars(chart)


def by_model(part: Slice, user) -> list[dict]:
    """One row a model: quantity, price in force, change, share, cost; the dearest first."""
    before = {row["model_id"]: row["nano"] for row in part.rows("model", before=True)}
    rows = sorted(part.rows("model"), key=lambda row: (-row["nano"], row["model_slug"]))
    prices = Price.objects.visible_to(user).in_force()
    known = {
        price.model_id: price
        for price in prices.filter(model_id__in=[r["model_id"] for r in rows])
    }
    whole = sum(row["nano"] for row in rows)
    for place, row in enumerate(rows):
        row["shade"] = f"fill-{min(place, SERIES) + 1}"
        row["price"] = known.get(row["model_id"])
        row["change"] = change_words(row["nano"], before.get(row["model_id"], 0))
        row["share"] = percent(row["nano"] / whole) if whole else "–"
    return rows


def by_hardware(part: Slice, user) -> list[dict]:
    """One row a kind of hardware: hours, runs, price in force, cost; the dearest first."""
    rows = sorted(part.hardware("hardware"), key=lambda row: (-row["nano"], row["subject"]))
    prices = Price.objects.visible_to(user).in_force()
    known = {
        price.model_id: price
        for price in prices.filter(model_id__in=[row["subject_id"] for row in rows])
    }
    return [
        row
        | {
            "hours": row["quantity"] / HOUR,
            "unit": Meter(row["meter"]).unit,
            "price": known.get(row["subject_id"]),
        }
        for row in rows
    ]


def runs_words(row: dict) -> str:
    """ "12 runs of jobs"."""
    return f"{number(row['runs'])} run{'' if row['runs'] == 1 else 's'} of jobs"


def by_key(part: Slice, user) -> list[dict]:
    """One row a key, with its name where this person may know it; the dearest first."""
    rows = sorted(part.rows("key"), key=lambda row: (-row["nano"], str(row["key_id"])))
    names = upward.sources.keys(user, [row["key_id"] for row in rows])
    return [row | {"key": names.get(row["key_id"])} for row in rows]


def corrected(user, tenant, window: Window, currency: str) -> int:
    """Corrections written in the window, in nano-units; negative is money given back."""
    since, until = window.instants
    rows = Posting.objects.visible_to(user).filter(
        account="usage", cause=Cause.CORRECTION, currency=currency, at__gte=since, at__lt=until
    )
    if tenant:
        rows = rows.filter(tenant=tenant)
    return int(rows.aggregate(nano=Sum("nano"))["nano"] or 0)


def newest(calls, user, count: int = 8) -> list[Call]:
    """The last calls, open ones too, each with `key` as in `by_key`."""
    rows = list(calls.select_related("tenant").order_by("-pk")[:count])
    names = upward.sources.keys(user, {row.key_id for row in rows})
    for row in rows:
        row.key = names.get(row.key_id)
    return rows


def span_words(window: Window) -> str:
    """ "1–23 Nov 2026"."""
    since, until = window.since, window.until
    if since == until:
        return day_words(until)
    if (since.year, since.month) == (until.year, until.month):
        return f"{since.day}–{day_words(until)}"
    return f"{day_words(since)} – {day_words(until)}"


def change_words(now: int, before: int) -> str:
    """ "+14 %", "new", or a dash."""
    if not before:
        return "new" if now else "–"
    change = round((now - before) * 100 / before)
    return f"+{change} %" if change > 0 else f"−{-change} %" if change < 0 else "±0 %"


def _against(now: int, before: int, window: Window) -> str:
    days = len(window.days)
    span = "the day before" if days == 1 else f"the {days} days before"
    return f"{change_words(now, before)} against {span}" if before else f"Nothing in {span}"


def _total(rows: list[dict]) -> dict:
    names = ("calls", "failed", "estimated", "quantity", "nano")
    return {name: sum(row[name] for row in rows) for name in names}


def _series(part: Slice, name: str, cells: dict, rest: int) -> Series:
    values = [cells.get((day, name), 0) / NANO for day in part.window.days]
    total = sum(nano for (_, other), nano in cells.items() if other == name)
    told = name or (f"{rest} others" if rest > 1 else "1 other")
    return Series(told, values, money(total, part.currency))


def _finding(part: Slice, cells: dict) -> str:
    sums: dict[date, int] = {}
    for (day, _), nano in cells.items():
        sums[day] = sums.get(day, 0) + nano
    if not sums:
        return "Nothing was used in this time"
    top = max(sums, key=lambda day: (sums[day], day))
    return f"Cost was highest on {day_words(top)}, {money(sums[top], part.currency)}"
