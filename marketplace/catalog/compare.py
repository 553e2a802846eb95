"""Two versions of one model side by side: what differs, and which way figures moved."""

from dataclasses import dataclass

from marketplace.catalog.models import ModelVersion

LOWER_IS_BETTER = ("loss", "error", "mae", "mse", "rmse", "mape", "latency", "brier")


@dataclass(frozen=True)
class Line:
    """One fact in both versions. `moved` is "better", "worse" or empty, for figures alone."""

    name: str
    old: object
    new: object
    moved: str = ""

    @property
    def differs(self) -> bool:
        return self.old != self.new


@dataclass(frozen=True)
class Part:
    """The lines of one kind: metrics, parameters, signature, dependencies."""

    title: str
    lines: tuple[Line, ...]

    @property
    def differing(self) -> int:
        return sum(line.differs for line in self.lines)


def compare(old: ModelVersion, new: ModelVersion) -> list[Part]:
    """Parts with a line for each fact that either version has."""
    metrics = _lines(old.metrics, new.metrics)
    metrics = [Line(m.name, m.old, m.new, _moved(m)) for m in metrics]
    parts = [
        Part("Metrics", tuple(metrics)),
        Part("Parameters", tuple(_lines(old.parameters, new.parameters))),
        Part("Inputs and outputs", tuple(_lines(columns_of(old), columns_of(new)))),
        Part("Dependencies", tuple(_lines(_packages(old), _packages(new)))),
    ]
    return [part for part in parts if part.lines]


def _lines(old: dict, new: dict) -> list[Line]:
    names = sorted(old.keys() | new.keys())
    return [Line(name, old.get(name), new.get(name)) for name in names]


def _moved(line: Line) -> str:
    if line.old is None or line.new is None or line.old == line.new:
        return ""
    lower = any(word in line.name.lower() for word in LOWER_IS_BETTER)
    return "better" if (line.new < line.old) == lower else "worse"


def columns_of(version: ModelVersion) -> dict:
    """Inputs, outputs and options of a version: their types by name."""
    found = {}
    for side in ("inputs", "outputs", "params"):
        for place, column in enumerate((version.signature or {}).get(side) or [], 1):
            name = column.get("name") or f"{side.removesuffix('s')} {place}"
            found[f"{side.removesuffix('s')}: {name}"] = type_of(column)
    return found


def type_of(column: dict) -> str:
    """A column's type in words: `double`, or `float64, any × 64` for a tensor."""
    kind = str(column.get("dtype") or column.get("type") or "")
    shape = column.get("shape")
    if not shape:
        return kind
    return f"{kind}, " + " × ".join("any" if size == -1 else str(size) for size in shape)


def _packages(version: ModelVersion) -> dict:
    split = (line.replace("==", " ", 1).split(" ", 1) for line in version.dependencies)
    return {parts[0]: parts[1] if len(parts) > 1 else "any" for parts in split}
