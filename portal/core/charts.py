"""Pictures of figures: SVG drawn on the server, words in HTML beside it, a table behind it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

SERIES = 6
LINES = 4
# Each divides into four round parts.
STEPS = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10, 12)
PLOT = (
    '<svg class="plot {}" viewBox="0 0 100 100" preserveAspectRatio="none" '
    'role="img" aria-label="{}">{}</svg>'
)
STRIP = (
    '<svg class="{}" viewBox="0 0 100 10" preserveAspectRatio="none" '
    'role="img" aria-label="{}">{}</svg>'
)
TONES = {"ok": "okay", "warn": "warn", "bad": "miss", "idle": "h0"}


@dataclass(frozen=True)
class Series:
    """One row of values, in the order of the chart's labels. None is a missing sample, never zero.

    `total` is the value told in the legend; `ahead` marks a line that is expected, not measured.
    """

    name: str
    values: Sequence[float | None]
    total: str = ""
    ahead: bool = False


@dataclass(frozen=True)
class Chart:
    """What a chart says: `finding` is the sentence for those who cannot see it.

    `show` turns a value into words with its unit. `expected_from` is the first label that has not
    happened yet. `limit` is drawn as a line and told in the legend as `limit_name`. `whole` keeps
    the axis to whole numbers, for things that are counted.
    """

    finding: str
    labels: Sequence[str]
    series: Sequence[Series]
    show: Callable[[float], str] = "{:,.10g}".format
    axis: str = "Day"
    expected_from: int | None = None
    limit: float | None = None
    limit_name: str = "Limit"
    size: str = ""
    whole: bool = False
    empty: str = "Nothing to show for this time."


@dataclass(frozen=True)
class Mark:
    """One cell of a strip: what it stands for, and how it went (ok, warn, bad or idle)."""

    label: str
    tone: str


def stacked_bars(chart: Chart) -> SafeString:
    """Bars by day, parts stacked in the order of the legend; paler from `expected_from` on."""
    if not _has_values(chart):
        return _nothing(chart)
    sums = [sum(_sizes(chart, i)) for i in range(len(chart.labels))]
    top = nice_top(max([*sums, chart.limit or 0]), whole=chart.whole)
    bars = format_html_join("", "{}", ((_bar(chart, i, top),) for i in range(len(chart.labels))))
    now = _now_line(chart, bars=True)
    body = format_html("{}{}{}{}", _grid(), bars, _limit(chart, top), now)
    return _figure(chart, body, top, legend=_boxes(chart), centred=True)


def line(chart: Chart, *, area: bool = True) -> SafeString:
    """Lines over time; with `area` the first is filled to zero. A missing sample is a gap."""
    if not _has_values(chart):
        return _nothing(chart)
    known = [v for s in chart.series for v in s.values if v is not None]
    top = nice_top(max([*known, chart.limit or 0]), whole=chart.whole)
    strokes = format_html_join(
        "", "{}", ((_stroke(s, i, top, area and i == 0),) for i, s in enumerate(chart.series))
    )
    body = format_html("{}{}{}{}", _grid(), strokes, _limit(chart, top), _now_line(chart))
    return _figure(chart, body, top, legend=_keys(chart))


def sparkline(values: Sequence[float | None], label: str) -> SafeString:
    """A word-sized line without axes, its last value marked. `label` states the finding."""
    known = [v for v in values if v is not None]
    top = max(known, default=0) or 1
    paths = [_path(run) for run in _runs(values, top, height=22, lift=3) if len(run) > 1]
    drawn = format_html_join("", '<path class="line" d="{}"/>', ((p,) for p in paths))
    last = _last_point(values, top, height=22, lift=3)
    dot = format_html('<path class="dot" d="M{} {}h0"/>', *last) if last else ""
    return format_html(
        '<svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" role="img" '
        'aria-label="{}"><path class="base" d="M0 26H100"/>{}{}</svg>',
        label,
        drawn,
        dot,
    )


def strip(marks: Sequence[Mark], label: str, *, tall: bool = False) -> SafeString:
    """Kept promises, one cell each in order of time, such as the last 30 days."""
    cells = [(TONES.get(m.tone, "h0"), m.label) for m in marks]
    return format_html(STRIP, "heat heat--tall" if tall else "heat", label, _cells(cells))


def heat(values: Sequence[float | None], label: str, names: Sequence[str] = ()) -> SafeString:
    """How much, one cell each, in five depths up to the highest; `names` are told on hover."""
    top = max((v for v in values if v is not None), default=0)
    shades = [f"h{min(4, math.ceil((v or 0) / top * 4))}" if top > 0 else "h0" for v in values]
    told = [*names, *[""] * (len(shades) - len(names))]
    return format_html(STRIP, "heat", label, _cells(list(zip(shades, told, strict=False))))


def meter(
    parts: Sequence[tuple[str, float]],
    whole: float,
    label: str,
    *,
    limit: float | None = None,
    size: str = "",
) -> SafeString:
    """A measuring stick. `parts` are (kind, amount): used, held, more, over, ok or warn."""
    scale = max(whole, sum(amount for _, amount in parts)) or 1
    rows, at = [], 0.0
    for kind, amount in parts:
        width = max(0.0, amount) / scale * 100
        rows.append((kind, _n(at), _n(width)))
        at += width
    drawn = format_html_join("", '<rect class="{}" x="{}" y="0" width="{}" height="8"/>', rows)
    ticks = mark_safe('<path class="tick" d="M25 0V8M50 0V8M75 0V8"/>') if size != "slim" else ""
    edge = _n((limit or 0) / scale * 100)
    told = format_html('<path class="limit" d="M{} -2V10"/>', edge) if limit else ""
    return format_html(
        '<svg class="meter {}" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" '
        'aria-label="{}"><rect class="track" width="100" height="8"/>{}{}{}</svg>',
        f"meter--{size}" if size else "",
        label,
        drawn,
        ticks,
        told,
    )


def nice_top(highest: float, *, whole: bool = False) -> float:
    """The first round number that holds `highest` and divides into four, `whole` ones if asked."""
    least = 4.0 if whole else 1.0
    if not highest > 0 or not math.isfinite(highest):
        return least
    unit = 10.0 ** math.floor(math.log10(highest))
    tops = (float(f"{step * unit:.6g}") for step in STEPS)
    enough = highest * (1 - 1e-9)
    return next((t for t in tops if t >= enough and not (whole and t % 4)), 20 * unit)


def _bar(chart: Chart, index: int, top: float) -> SafeString:
    slot = 100 / len(chart.labels)
    width, left = slot * 0.72, slot * index + slot * 0.14
    ahead = chart.expected_from is not None and index >= chart.expected_from
    at, parts = 100.0, []
    for number, size in enumerate(_sizes(chart, index)):
        height = size / top * 100
        # A hair between the parts keeps them apart without colour.
        if height > 0:
            shown = max(0.2, height - 0.35)
            shade = f"fill-{number % SERIES + 1}{' est' if ahead else ''}"
            parts.append((shade, _n(left), _n(at - height), _n(width), _n(shown)))
        at -= height
    whole = sum(s.values[index] or 0 for s in chart.series if index < len(s.values))
    told = f"{chart.labels[index]}: {chart.show(whole)}"
    return format_html(
        '<g><title>{}{}</title>{}<rect class="hit" x="{}" y="0" width="{}" height="100"/></g>',
        told,
        " expected" if ahead else "",
        format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', parts),
        _n(slot * index),
        _n(slot),
    )


def _stroke(series: Series, number: int, top: float, area: bool) -> SafeString:
    runs = list(_runs(series.values, top))
    shapes = [_path(run) for run in runs if len(run) > 1]
    kind = "ahead" if series.ahead else "line" if number == 0 else f"line stroke-{number % 3 + 1}"
    filled = [f"{_path(r)}V100H{_n(r[0][0])}Z" for r in runs if len(r) > 1] if area else []
    alone = [(_n(run[0][0]), _n(run[0][1])) for run in runs if len(run) == 1]
    last = _last_point(series.values, top) if number == 0 and not series.ahead else None
    dots = dict.fromkeys([*alone, *([last] if last else [])])
    return format_html(
        "{}{}{}",
        format_html_join("", '<path class="area" d="{}"/>', ((d,) for d in filled)),
        format_html_join("", '<path class="{}" d="{}"/>', ((kind, d) for d in shapes)),
        format_html_join("", '<path class="dot" d="M{} {}h0"/>', dots),
    )


def _runs(values: Sequence[float | None], top: float, height: float = 100, lift: float = 0):
    """Stretches of known samples as points of the plot."""
    step = 100 / max(1, len(values) - 1)
    run: list[tuple[float, float]] = []
    for index, value in enumerate(values):
        if value is None:
            if run:
                yield run
            run = []
        else:
            run.append((step * index, lift + height - value / top * height))
    if run:
        yield run


def _last_point(values, top: float, height: float = 100, lift: float = 0):
    points = [point for run in _runs(values, top, height, lift) for point in run]
    return (_n(points[-1][0]), _n(points[-1][1])) if points else None


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)


def _cells(cells: Sequence[tuple[str, str]]) -> SafeString:
    slot = 100 / max(1, len(cells))
    rows = ((shade, _n(slot * i), _n(slot * 0.86), told) for i, (shade, told) in enumerate(cells))
    shape = '<rect class="{}" x="{}" y="0" width="{}" height="10"><title>{}</title></rect>'
    return format_html_join("", shape, rows)


def _grid() -> SafeString:
    lines = (("axis" if y == LINES else "grid", _n(y * 100 / LINES)) for y in range(LINES + 1))
    return format_html_join("", '<path class="{}" d="M0 {}H100"/>', lines)


def _limit(chart: Chart, top: float) -> SafeString | str:
    if chart.limit is None:
        return ""
    return format_html('<path class="limit" d="M0 {}H100"/>', _n(100 - chart.limit / top * 100))


def _now_line(chart: Chart, *, bars: bool = False) -> SafeString | str:
    if chart.expected_from is None or not 0 < chart.expected_from < len(chart.labels):
        return ""
    slots = len(chart.labels) if bars else len(chart.labels) - 1
    return format_html('<path class="now" d="M{} 0V100"/>', _n(chart.expected_from * 100 / slots))


def _figure(chart: Chart, body, top: float, *, legend: list, centred: bool = False) -> SafeString:
    size = f"plot--{chart.size}" if chart.size else ""
    context = {
        "chart": chart,
        "plot": format_html(PLOT, size, chart.finding, body),
        "scale": [chart.show(top * (LINES - i) / LINES) for i in range(LINES + 1)],
        "words": _few(chart.labels, centred),
        "centred": centred,
        "legend": legend,
        "rows": [_row(chart, index) for index in range(len(chart.labels))],
    }
    return render_to_string("components/chart.html", context)


def _row(chart: Chart, index: int) -> tuple[str, list[str]]:
    values = (s.values[index] if index < len(s.values) else None for s in chart.series)
    return chart.labels[index], ["–" if v is None else chart.show(v) for v in values]


def _nothing(chart: Chart) -> SafeString:
    return render_to_string("components/chart.html", {"chart": chart})


def _few(labels: Sequence[str], centred: bool) -> list[str]:
    """Axis words with room to stand: bars keep a slot for each label, lines spread theirs."""
    count = len(labels)
    if centred:
        every = 1 if count <= 8 else math.ceil(count / 6)
        return [label if i % every == 0 else "" for i, label in enumerate(labels)]
    words = min(count, 5)
    return [labels[round(i * (count - 1) / max(1, words - 1))] for i in range(words)]


def _boxes(chart: Chart) -> list[dict]:
    return [
        {"kind": "box", "shade": f"fill-{i % SERIES + 1}", "name": s.name, "total": s.total}
        for i, s in enumerate(chart.series)
    ] + _limit_key(chart)


def _keys(chart: Chart) -> list[dict]:
    return [
        {
            "kind": "line",
            "shade": "ahead" if s.ahead else "" if i == 0 else f"stroke-{i % 3 + 1}",
            "name": s.name,
            "total": s.total,
        }
        for i, s in enumerate(chart.series)
    ] + _limit_key(chart)


def _limit_key(chart: Chart) -> list[dict]:
    if chart.limit is None:
        return []
    told = chart.show(chart.limit)
    return [{"kind": "line", "shade": "limit", "name": chart.limit_name, "total": told}]


def _sizes(chart: Chart, index: int) -> list[float]:
    return [max(0.0, s.values[index] or 0) if index < len(s.values) else 0.0 for s in chart.series]


def _has_values(chart: Chart) -> bool:
    return any(v is not None for s in chart.series for v in s.values) and bool(chart.labels)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
