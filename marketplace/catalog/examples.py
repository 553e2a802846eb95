"""Requests that are ready to send, built from a version's signature and input example. Pure."""

from dataclasses import dataclass
from math import prod
from typing import Any
from urllib.parse import quote

ROWS = 1  # an example asks about one thing
WIDE = 8  # columns that are still sent one by one
MATRIX = "rows"
NUMBERS = {"FP64", "FP32", "INT64", "INT32"}
LARGEST = 4096  # values of a tensor that we make up
V2_OF_COLUMN = {
    "double": "FP64",
    "float": "FP32",
    "long": "INT64",
    "integer": "INT32",
    "boolean": "BOOL",
}
V2_OF_NUMPY = {
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "bool": "BOOL",
    **{f"int{bits}": f"INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"UINT{bits}" for bits in (8, 16, 32, 64)},
}
PLAIN = {
    "double": 0.0,
    "float": 0.0,
    "long": 0,
    "integer": 0,
    "boolean": False,
    "binary": "",
    "datetime": "2026-01-01T00:00:00",
    "array": [],
    "object": {},
    "map": {},
}


@dataclass(frozen=True)
class Field:
    """One input as a caller fills it in: `value` is an example for one row.

    `shape` is there for tensors alone and counts all rows, `-1` for any number of them.
    """

    name: str
    type: str
    value: Any
    shape: tuple[int, ...] | None = None
    required: bool = True

    @property
    def datatype(self) -> str:
        """The Open Inference Protocol's word for the type."""
        words = V2_OF_COLUMN if self.shape is None else V2_OF_NUMPY
        return words.get(self.type, "BYTES")

    @property
    def kind(self) -> str:
        """number, integer, boolean, text or json: how a form asks for one value."""
        if self.shape is not None or self.type in {"array", "object", "map"}:
            return "json"
        words = {"double": "number", "float": "number", "long": "integer", "integer": "integer"}
        return words.get(self.type, "boolean" if self.type == "boolean" else "text")


def fields_of(version) -> list[Field]:
    """The inputs of a version in order, each with an example value; empty without a signature."""
    inputs = (version.signature or {}).get("inputs") or []
    columns, whole = _example(version.input_example)
    found = []
    for number, spec in enumerate(inputs):
        name = spec.get("name") or (f"input-{number}")
        kind = spec.get("dtype") or spec.get("type") or "unknown"
        shape = tuple(spec["shape"]) if spec.get("shape") is not None else None
        given = columns.get(name, whole if len(inputs) == 1 and shape is not None else None)
        value = _first(given, number, whole, shape)
        if value is None:
            value = _made_up(kind, shape)
        required = spec.get("required") is not False
        found.append(Field(name, kind, value, shape, required))
    return found


def tensors(fields: list[Field]) -> bool:
    """Whether the inputs are tensors rather than columns."""
    return bool(fields) and fields[0].shape is not None


def mlflow_body(fields: list[Field], values: dict[str, Any]) -> dict:
    """`values`, by name of field, as a scoring request of one row; tensors are sent whole."""
    if tensors(fields):
        only = len(fields) == 1
        return {"inputs": values[fields[0].name] if only else values}
    names = [field.name for field in fields if field.name in values]
    return {"dataframe_split": {"columns": names, "data": [[values[name] for name in names]]}}


def v2_body(fields: list[Field], values: dict[str, Any]) -> dict:
    """The same as an inference request of the Open Inference Protocol.

    Many columns of one kind of number go as one matrix, which is easier to read and to write.
    """
    datatypes = {field.datatype for field in fields}
    if len(fields) > WIDE and datatypes <= NUMBERS and len(datatypes) == 1 and not tensors(fields):
        row = [values.get(field.name) for field in fields]
        facts = {"datatype": fields[0].datatype, "shape": [1, len(row)], "data": row}
        return {"inputs": [{"name": MATRIX} | facts]}
    inputs = []
    for field in fields:
        if field.name not in values:
            continue
        value = values[field.name]
        flat = _flat(value) if field.shape is not None else [value]
        shape = _shape(value) if field.shape is not None else [1, 1]
        if field.datatype == "BYTES":
            flat = [item if isinstance(item, str) else str(item) for item in flat]
        sent = {"name": field.name, "datatype": field.datatype, "shape": shape, "data": flat}
        inputs.append(sent)
    return {"inputs": inputs}


def example_requests(slug: str, version) -> dict[str, dict]:
    """By protocol (`v2`, `mlflow`) a `{method, path, body}` ready to send to the gateway.

    Empty for a version without a signature: nobody can know what it wants.
    """
    fields = fields_of(version)
    if not fields:
        return {}
    values = {field.name: field.value for field in fields}
    name = quote(slug, safe="")
    found = {
        "mlflow": {
            "method": "POST",
            "path": f"/serve/{name}/invocations",
            "body": mlflow_body(fields, values),
        }
    }
    if all(field.kind != "json" or field.shape is not None for field in fields):
        path = f"/v2/models/{name}/infer"
        found = {"v2": {"method": "POST", "path": path, "body": v2_body(fields, values)}} | found
    return found


def _example(example: Any) -> tuple[dict[str, list], list | None]:
    """The example's values by column, or the whole list where it names none."""
    if not isinstance(example, dict):
        return {}, None
    split = example.get("dataframe_split")
    if isinstance(split, dict) and isinstance(split.get("data"), list):
        rows = [row for row in split["data"] if isinstance(row, list)]
        names = split.get("columns")
        if not isinstance(names, list):
            return {}, rows
        return {str(n): [r[i] for r in rows if i < len(r)] for i, n in enumerate(names)}, rows
    records = example.get("dataframe_records")
    if isinstance(records, list):
        rows = [row for row in records if isinstance(row, dict)]
        return {str(n): [r.get(n) for r in rows] for r in rows[:1] for n in r}, None
    data = example.get("inputs", example.get("instances"))
    if isinstance(data, dict):
        return {str(n): v if isinstance(v, list) else [v] for n, v in data.items()}, None
    return {}, data if isinstance(data, list) else None


def _first(given: Any, number: int, whole: Any, shape: tuple | None) -> Any:
    """The example's first row for one field: a tensor keeps its outer list."""
    if given:
        rows = shape[0] if shape and shape[0] > 0 else ROWS
        return given[:rows] if shape is not None else given[0]
    if shape is None and isinstance(whole, list) and whole and isinstance(whole[0], list):
        return whole[0][number] if number < len(whole[0]) else None
    return None


def _made_up(kind: str, shape: tuple | None) -> Any:
    """Zeros, or text, where the registry has no example."""
    if shape is None:
        return PLAIN.get(kind, "text")
    sizes = [ROWS if size < 0 else size for size in shape]
    zeros = {"bool": False, "int": 0, "uint": 0, "float": 0.0}
    value: Any = zeros.get(kind.rstrip("0123456789"), "")
    if prod(sizes) > LARGEST:
        return []
    for size in reversed(sizes):
        value = [value] * size
    return value


def _shape(value: Any) -> list[int]:
    sizes = []
    while isinstance(value, list):
        sizes.append(len(value))
        value = value[0] if value else None
    return sizes or [1]


def _flat(value: Any) -> list:
    if not isinstance(value, list):
        return [value]
    return [item for part in value for item in _flat(part)]
