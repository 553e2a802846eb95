"""Turns JSON into what a model's signature asks for, with errors a caller can act on."""

import math
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models.signature import ModelSignature

MAX_ROWS = 10_000
MAX_VALUES = 5_000_000
FLOATS = {"double": np.float64, "float": np.float32}
WHOLES = {"long": np.int64, "integer": np.int32}
NUMBER_TYPES = {int, float, type(None)}
SHOWN = 60

V2_OF_COLUMN = {
    "double": "FP64",
    "float": "FP32",
    "long": "INT64",
    "integer": "INT32",
    "boolean": "BOOL",
}
V2_OF_NUMPY = {
    "float64": "FP64",
    "float32": "FP32",
    "float16": "FP16",
    "int64": "INT64",
    "int32": "INT32",
    "int16": "INT16",
    "int8": "INT8",
    "uint64": "UINT64",
    "uint32": "UINT32",
    "uint16": "UINT16",
    "uint8": "UINT8",
    "bool": "BOOL",
}


class BadInput(Exception):
    """The caller sent something the model cannot take; the message says what to change."""


@dataclass(frozen=True)
class Field:
    """One input or output of a signature. `shape` is there for tensors alone."""

    name: str | None
    type: str
    shape: tuple[int, ...] | None = None
    required: bool = True

    @property
    def datatype(self) -> str:
        """The Open Inference Protocol's word for the type."""
        words = V2_OF_COLUMN if self.shape is None else V2_OF_NUMPY
        return words.get(self.type, "BYTES")


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of a model; empty when it was saved without a signature."""

    inputs: tuple[Field, ...] = ()
    outputs: tuple[Field, ...] = ()
    params: tuple[str, ...] = ()

    @property
    def tensors(self) -> bool:
        """Whether the inputs are tensors rather than columns."""
        return bool(self.inputs) and self.inputs[0].shape is not None

    @classmethod
    def of(cls, signature: ModelSignature | None) -> "Signature":
        """Our words for MLflow's signature."""
        if signature is None:
            return cls()
        params = signature.params.params if signature.params else ()
        return cls(
            tuple(map(_field, signature.inputs.inputs if signature.inputs else ())),
            tuple(map(_field, signature.outputs.inputs if signature.outputs else ())),
            tuple(param.name for param in params),
        )


def columns_to_frame(columns: dict[str, list], signature: Signature, strict: bool) -> pd.DataFrame:
    """A frame in the signature's order and types. `strict` refuses columns it does not know."""
    rows = {len(values) for values in columns.values()}
    if len(rows) > 1:
        raise BadInput("All columns need the same number of rows.")
    check_rows(rows.pop() if rows else 0)
    if not signature.inputs:
        return pd.DataFrame({name: free_array(values) for name, values in columns.items()})
    known = [name_of(field, n) for n, field in enumerate(signature.inputs)]
    missing = [
        name
        for name, field in zip(known, signature.inputs, strict=True)
        if field.required and name not in columns
    ]
    if missing:
        raise BadInput(f"Columns are missing: {_listed(missing)}.")
    unknown = [name for name in columns if name not in known]
    if strict and unknown:
        raise BadInput(f"The model has no input named {_listed(unknown)}.")
    return pd.DataFrame(
        {
            name: column(columns[name], field.type, name)
            for name, field in zip(known, signature.inputs, strict=True)
            if name in columns
        }
    )


def rows_to_frame(rows: Sequence[list], names: list[str], signature: Signature) -> pd.DataFrame:
    """A frame from rows of values, each as long as `names`."""
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            raise BadInput(f"Row {number} needs a list of {len(names)} values.")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
    if len(set(names)) != len(names):
        raise BadInput("A column is named twice.")
    check_rows(len(rows))
    return columns_to_frame(columns, signature, strict=False)


def column(values: list, wanted: str, name: str) -> Any:
    """One column as the signature wants it."""
    if wanted in FLOATS:
        return numbers(values, FLOATS[wanted], f"Column {name!r}")
    if wanted in WHOLES:
        return numbers(values, WHOLES[wanted], f"Column {name!r}")
    if wanted == "boolean":
        _all_are(values, {bool}, "true or false", name)
        return np.array(values, dtype=bool)
    if wanted in {"string", "binary", "datetime"}:
        _all_are(values, {str}, "text", name)
        return _texts(values, wanted, name)
    return pd.Series(values, dtype=object)


def numbers(values: list, dtype: Any, where: str) -> np.ndarray:
    """Numbers as an array. Null becomes NaN for floats and is refused for whole numbers."""
    whole = np.issubdtype(dtype, np.integer)
    kinds = set(map(type, values))
    if kinds - NUMBER_TYPES or (whole and type(None) in kinds):
        at, value = _first(values, lambda v: type(v) not in {int, float})
        if whole or value is not None:
            raise BadInput(f"{where}, row {at}: a number is expected, not {_kind(value)}.")
    if whole and float in kinds:
        return _wholes(values, dtype, where)
    if type(None) in kinds:
        values = [math.nan if value is None else value for value in values]
    too_large = BadInput(f"{where}: a number is too large for {np.dtype(dtype).name}.")
    try:
        with np.errstate(over="ignore"):
            found = np.array(values, dtype=dtype)
    except (OverflowError, ValueError) as wrong:
        raise too_large from wrong
    if not whole and np.isinf(found).any():
        raise too_large
    return found


def tensor(values: list, field: Field, where: str) -> np.ndarray:
    """A nested list as the tensor that the signature asks for."""
    try:
        found = np.array(values)
    except (ValueError, OverflowError) as wrong:
        raise BadInput(f"{where}: the lists inside have different lengths.") from wrong
    return shaped(found, field, where)


def shaped(found: np.ndarray, field: Field, where: str) -> np.ndarray:
    """The array in the signature's type, if its shape fits."""
    shape = field.shape or ()
    fits = len(shape) == found.ndim and all(
        want in (-1, have) for want, have in zip(shape, found.shape, strict=True)
    )
    if not fits:
        raise BadInput(f"{where} has shape {list(found.shape)}; it should be {list(shape)}.")
    wanted = np.dtype(field.type)
    if wanted.kind in "fiu" and found.dtype.kind not in "fiu":
        raise BadInput(f"{where}: numbers are expected.")
    if found.dtype.kind == "f" and np.isinf(found).any():
        raise BadInput(f"{where}: a number is too large for {wanted.name}.")
    check_rows(found.shape[0] if found.ndim else 1)
    return found.astype(wanted)


def free_array(values: list) -> Any:
    """Values of a model without a signature: numbers stay numbers, the rest stays as it came."""
    kinds = set(map(type, values))
    if kinds <= NUMBER_TYPES and kinds != {type(None)}:
        return numbers(values, np.int64 if kinds == {int} else np.float64, "The input")
    return pd.Series(values, dtype=object)


def check_rows(rows: int) -> None:
    """Refuse no rows and too many."""
    if rows < 1:
        raise BadInput("Send at least one row.")
    if rows > MAX_ROWS:
        raise BadInput(f"Send at most {MAX_ROWS} rows at a time, not {rows}.")


def name_of(field: Field, number: int) -> str:
    """A field's name, or a number where the signature has none."""
    return field.name if field.name is not None else f"input-{number}"


def explain(data: Any, message: str) -> str:
    """A model's own complaint, preceded by the empty cell that most likely caused it."""
    if isinstance(data, pd.DataFrame) and (holes := data.isna()).to_numpy().any():
        row, where = np.argwhere(holes.to_numpy())[0]
        name = data.columns[where]
        return f"Row {row} has no value for {name!r}, and the model does not take that. {message}"
    return message


def _field(spec: Any) -> Field:
    if hasattr(spec, "shape"):
        return Field(spec.name, np.dtype(spec.type).name, tuple(spec.shape))
    kind = getattr(spec.type, "name", None) or type(spec.type).__name__.lower()
    return Field(spec.name, kind, None, spec.required)


def _wholes(values: list, dtype: Any, where: str) -> np.ndarray:
    at, value = _first(values, lambda v: not (math.isfinite(v) and v == int(v)))
    if at >= 0:
        raise BadInput(f"{where}, row {at}: a whole number is expected, not {value}.")
    return numbers([int(value) for value in values], dtype, where)


def _texts(values: list, wanted: str, name: str) -> Any:
    try:
        if wanted == "binary":
            return pd.Series([b64decode(value, validate=True) for value in values], dtype=object)
        if wanted == "datetime":
            return pd.to_datetime(pd.Series(values), format="ISO8601")
    except (ValueError, OverflowError) as wrong:
        what = "base64 text" if wanted == "binary" else "a date as in 2026-11-23T10:00:00"
        raise BadInput(f"Column {name!r}: {what} is expected.") from wrong
    return pd.Series(values, dtype=object)


def _all_are(values: list, kinds: set[type], what: str, name: str) -> None:
    if set(map(type, values)) - kinds:
        at, value = _first(values, lambda v: type(v) not in kinds)
        raise BadInput(f"Column {name!r}, row {at}: {what} is expected, not {_kind(value)}.")


def _first(values: list, bad: Callable[[Any], bool]) -> tuple[int, Any]:
    return next(((n, v) for n, v in enumerate(values) if bad(v)), (-1, None))


def _kind(value: Any) -> str:
    words = {bool: "true or false", str: "text", list: "a list", dict: "an object"}
    return "null" if value is None else words.get(type(value), "a number")


def _listed(names: list) -> str:
    shown = ", ".join(repr(str(name)[:SHOWN]) for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
