"""Up to four models or versions side by side: facts, service, metrics, parameters, packages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from marketplace.catalog import environment, known
from marketplace.catalog.compare import LOWER_IS_BETTER, columns_of
from marketplace.catalog.picks import Pick
from marketplace.catalog.rows import dress, per_thousand

FIRST = 12
OUTSIDE = (("Source", "source"), ("Name at the source", "key"), ("Link", "url"))
OWN_DATA = "As logged by each publisher, on data of their own"


@dataclass(frozen=True)
class Cell:
    """One fact of one pick. `tone` is best, warn, bad or empty; `note` says why.

    `value` is what programs read: text, a number, or None where it is not known.
    """

    value: str | float | None = None
    words: str = ""
    tone: str = ""
    note: str = ""

    @property
    def shown(self) -> str:
        return self.words or ("" if self.value is None else str(self.value))


@dataclass(frozen=True)
class Row:
    """One fact of all picks, in their order."""

    name: str
    cells: tuple[Cell, ...]
    note: str = ""

    @property
    def differs(self) -> bool:
        return len({str(cell.value) for cell in self.cells}) > 1

    @property
    def risky(self) -> bool:
        return any(cell.tone in ("warn", "bad") for cell in self.cells)


@dataclass(frozen=True)
class Part:
    """Rows of one kind: those to look at, and those that are the same everywhere."""

    key: str
    title: str
    rows: tuple[Row, ...]
    figures: bool = False
    note: str = ""

    @property
    def telling(self) -> list[Row]:
        alone = bool(self.rows) and len(self.rows[0].cells) < 2
        return [row for row in self.rows if alone or row.differs or row.risky]

    @property
    def first(self) -> list[Row]:
        """What is shown of the telling rows: risks, then as many as a page bears."""
        risky = [row for row in self.telling if row.risky]
        return [*risky, *(row for row in self.telling if not row.risky)][: max(FIRST, len(risky))]

    @property
    def more(self) -> list[Row]:
        shown = {id(row) for row in self.first}
        return [row for row in self.telling if id(row) not in shown]

    @property
    def shared(self) -> list[Row]:
        shown = {id(row) for row in self.telling}
        return [row for row in self.rows if id(row) not in shown]

    @property
    def risks(self) -> int:
        return sum(row.risky for row in self.rows)


def compare(picks: Sequence[Pick], user) -> list[Part]:
    """Parts with at least one fact, in a fixed order. A fixed number of queries."""
    dress([pick.model for pick in picks], user)
    runtime = known.runtime()
    several = len({pick.model.pk for pick in picks}) > 1
    own = OWN_DATA if several else ""
    parts = [
        Part("about", "What it is", _about(picks)),
        Part("service", "Price and service", _service(picks), figures=True),
        Part("metrics", "Metrics", _metrics(picks), figures=True, note=own),
        Part("parameters", "Parameters", _by_name(picks, lambda version: version.parameters)),
        Part("signature", "Inputs and outputs", _by_name(picks, columns_of)),
        Part("packages", "Dependencies", _packages(picks, runtime), note=_served_with(runtime)),
    ]
    return [part for part in parts if part.rows]


def _about(picks) -> tuple[Row, ...]:
    facts: list[tuple[str, Callable]] = [
        ("Name", lambda m: m.name),
        ("Summary", lambda m: m.summary),
        ("Owner", lambda m: m.tenant.slug if m.tenant else None),
        ("Task", lambda m: m.look["task"]),
        ("Framework", lambda m: m.framework),
        ("Stage", lambda m: m.get_stage_display()),
        ("Class", lambda m: m.get_data_class_display()),
        ("Licence", lambda m: m.licence),
        ("Region", lambda m: m.region),
    ]
    if any(pick.model.is_reference for pick in picks):
        facts += [(name, _outside(told)) for name, told in OUTSIDE]
    rows = [_row(name, [Cell(fact(pick.model) or None) for pick in picks]) for name, fact in facts]
    versions = [pick.version for pick in picks]
    made = [", ".join(version.flavours) if version else "" for version in versions]
    return (*rows, _row("Made with", [Cell(words or None) for words in made]))


def _outside(told: str) -> Callable:
    return lambda model: getattr(model.external, told) if model.is_reference else None


def _service(picks) -> tuple[Row, ...]:
    prices = [per_thousand(pick.model.price) for pick in picks]
    comparable = _same_task(picks) and len({price.unit for price in prices if price}) == 1
    money = [Cell(float(p.amount), p.words, note=p.per) if p else Cell() for p in prices]
    levels = [(pick.model.cells or {}).get("level") for pick in picks]
    rows = [
        _row("Price per 1,000 calls", _best(money, lower=True) if comparable else money),
        _row("Latency, median", _best([_ms(level, "p50_ms") for level in levels], lower=True)),
        _row("Latency, p95", _best([_ms(level, "p95_ms") for level in levels], lower=True)),
        _row("Answered, 30 days", [_answered(level) for level in levels]),
        _row("In time, 30 days", [_in_time(level) for level in levels]),
        _row("Calls, 30 days", [_calls(level) for level in levels]),
    ]
    return tuple(rows)


def _ms(level, name: str) -> Cell:
    value = getattr(level, name, None)
    return Cell() if value is None else Cell(round(value, 2), f"{value:,.3g} ms")


def _answered(level) -> Cell:
    if level is None:
        return Cell()
    tone = "warn" if level.met is False else ""
    return Cell(level.measured or None, tone=tone, note=f"target {level.target}")


def _in_time(level) -> Cell:
    if level is None or not level.target_ms:
        return Cell()
    tone = "warn" if level.quick is False else ""
    note = f"target {level.target_share} under {level.target_ms:,} ms"
    return Cell(level.in_time or None, tone=tone, note=note)


def _calls(level) -> Cell:
    return Cell() if level is None else Cell(level.calls, f"{level.calls:,}")


def _metrics(picks) -> tuple[Row, ...]:
    found = [pick.version.metrics if pick.version else {} for pick in picks]
    rows = []
    for name in sorted(set().union(*found)):
        cells = [_figure(metrics.get(name)) for metrics in found]
        lower = any(word in name.lower() for word in LOWER_IS_BETTER)
        rows.append(_row(name, _best(cells, lower=lower) if _same_task(picks) else cells))
    return tuple(rows)


def _same_task(picks) -> bool:
    """Whether figures can be better or worse: not between models that do different things."""
    return len({pick.model.task for pick in picks}) == 1


def _figure(value) -> Cell:
    return Cell() if value is None else Cell(value, f"{value:,.4f}".rstrip("0").rstrip("."))


def _by_name(picks, facts: Callable) -> tuple[Row, ...]:
    found = [facts(pick.version) if pick.version else {} for pick in picks]
    names = sorted(set().union(*found))
    return tuple(_row(name, [Cell(one.get(name)) for one in found]) for name in names)


def _packages(picks, runtime) -> tuple[Row, ...]:
    versions = [pick.version for pick in picks]
    found = [environment.needs(v.dependencies, runtime) if v else {} for v in versions]
    pythons = [environment.python(v.python_version, runtime) if v else None for v in versions]
    rows = [_row("python", [_need(need) for need in pythons])] if any(pythons) else []
    for name in sorted(set().union(*found)):
        rows.append(_row(name, [_need(one.get(name)) for one in found]))
    return tuple(rows)


def _need(need) -> Cell:
    if need is None:
        return Cell()
    wanted = need.wanted.removeprefix("==") or "any version"
    return Cell(wanted, tone=need.tone, note=need.words)


def _served_with(runtime) -> str:
    if runtime is None:
        return "What is installed where models are served is not known, so no risk is marked."
    return f"Beside what is installed where models are served, Python {runtime.python}"


def _row(name: str, cells: list[Cell]) -> Row:
    return Row(name, tuple(cells))


def _best(cells: list[Cell], *, lower: bool) -> list[Cell]:
    """The cells with the best of differing figures marked."""
    values = [cell.value for cell in cells if cell.value is not None]
    if len(values) < 2 or len(set(values)) < 2:
        return cells
    best = min(values) if lower else max(values)
    return [
        Cell(cell.value, cell.words, "best", cell.note) if cell.value == best else cell
        for cell in cells
    ]
