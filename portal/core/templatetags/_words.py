"""Figures and times as people read them: units, separators, minus signs, plain words for age."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone
from django.utils.dateformat import format as format_date

NANO = Decimal(10) ** 9
UNKNOWN = "–"
MINUS = "−"
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
DAY = 86_400
# Below this many seconds, count in this unit; static/js/times.js keeps the same table.
UNITS = (
    (3_570, "min", 60),
    (DAY, "h", 3_600),
    (14 * DAY, "day", DAY),
    (60 * DAY, "week", 7 * DAY),
    (700 * DAY, "month", 30.44 * DAY),
)
YEAR = 365.25 * DAY


def money(amount_nano: int | None, currency: str = "EUR", *, sign: bool = False) -> str:
    """Nano-units of a currency as text: whole cents where it can, more digits for tiny sums.

    6_000_000_000 -> "€6.00", 6_000_000 -> "€0.0060", 20_000 -> "€0.000020". `sign` adds "+".
    """
    if amount_nano is None:
        return UNKNOWN
    amount = Decimal(int(amount_nano)) / NANO
    places = _places(abs(amount))
    digits = f"{_rounded(abs(amount), places):,f}"
    symbol = SYMBOLS.get(currency, f"{currency} ")
    before = MINUS if amount < 0 else "+" if sign and amount > 0 else ""
    return f"{before}{symbol}{digits}"


def _places(size: Decimal) -> int:
    """Two decimals for whole cents or from one unit on, else enough for two digits that count."""
    if size >= 1 or size == _rounded(size, 2):
        return 2
    return min(9, max(4, 1 - size.adjusted()))


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def number(value, decimals: int | None = None, *, compact: bool = False) -> str:
    """1204877 -> "1,204,877"; compact -> "1.20M". A float keeps at most three decimals."""
    if value is None or value == "":
        return UNKNOWN
    exact = Decimal(str(value))
    if not exact.is_finite():
        return UNKNOWN
    if compact and abs(exact) >= 10_000:
        return _compact(exact)
    if decimals is not None:
        text = f"{_rounded(exact, decimals):,f}"
    else:
        text = f"{_rounded(exact, 3):,f}"
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", MINUS)


def _compact(exact: Decimal) -> str:
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        # 999,950 would round to "1000k", so a unit begins a little below its size.
        if abs(exact) >= size * Decimal("0.9995"):
            scaled = exact / size
            places = 2 if abs(scaled) < 10 and letter != "k" else 1 if abs(scaled) < 100 else 0
            return f"{_rounded(scaled, places):,}{letter}".replace("-", MINUS)
    return f"{_rounded(exact, 0):,}".replace("-", MINUS)


def percent(share: float | None, decimals: int = 1) -> str:
    """A share from 0 to 1 as "99.9 %"."""
    return UNKNOWN if share is None else f"{number(Decimal(str(share)) * 100, decimals)} %"


def span(seconds: float | None) -> str:
    """A length of time: 0.018 -> "18 ms", 4.25 -> "4.3 s", 750 -> "13 min"."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"{number(seconds * 1000, 0 if seconds >= 0.01 else 1)} ms"
    if seconds < 60:
        return f"{number(seconds, 1 if seconds < 10 else 0)} s"
    return _age(seconds)


def roughly(seconds: float | None) -> str:
    """A length of time that was never measured for this case: 2.3 -> "2 s", 750 -> "10 min"."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return "a second"
    if seconds < 57:
        return f"{_rounder(seconds)} s"
    return f"{_rounder(seconds / 60)} min" if seconds < 3_570 else _age(seconds)


def _rounder(count: float) -> int:
    """Whole up to ten, then in steps of five."""
    return max(1, round(count)) if count < 10 else round(count / 5) * 5


def relative(moment: datetime, now: datetime | None = None) -> str:
    """ "4 h ago" or "in 3 days": running text; the exact time belongs beside it."""
    seconds = ((now or timezone.now()) - moment).total_seconds()
    if abs(seconds) < 45:
        return "just now" if seconds >= 0 else "in a moment"
    return f"{_age(seconds)} ago" if seconds > 0 else f"in {_age(-seconds)}"


def _age(seconds: float) -> str:
    for limit, unit, size in UNITS:
        if seconds < limit:
            return _counted(max(1, round(seconds / size)), unit)
    return _counted(max(1, round(seconds / YEAR)), "year")


def _counted(count: int, unit: str) -> str:
    plural = "s" if count != 1 and unit in {"day", "week", "month", "year"} else ""
    return f"{count} {unit}{plural}"


def exact(moment: datetime) -> str:
    """The same instant for everybody: "21 Nov 2026, 10:02:17 UTC"."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M:%S} UTC"


def day(moment) -> str:
    """A date without its time, where the reader is: "21 Nov 2026"."""
    value = timezone.localtime(moment) if isinstance(moment, datetime) else moment
    return format_date(value, "j M Y")


def local(moment: datetime) -> str:
    """An instant where the reader is, with the name of the zone: "21 Nov 2026, 11:02 CET"."""
    here = timezone.localtime(moment)
    name = here.tzname() or ""
    zone = name if name.isalpha() else f"UTC{here.isoformat()[-6:]}"
    return f"{format_date(here, 'j M Y, H:i')} {zone}"
