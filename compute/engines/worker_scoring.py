"""MLflow's scoring protocol (`POST /invocations`), as its documentation states it."""

from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from compute.engines.worker_inputs import (
    BadInput,
    Signature,
    check_rows,
    columns_to_frame,
    name_of,
    rows_to_frame,
    tensor,
)
from compute.engines.worker_json import plain

SCORING_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def read_scoring(content: dict, signature: Signature) -> tuple[Any, dict | None]:
    """The data and params of an MLflow scoring request."""
    forms = [form for form in SCORING_FORMS if form in content]
    unknown = set(content) - {*SCORING_FORMS, "params"}
    if len(forms) != 1 or unknown:
        raise BadInput(
            "Send exactly one of dataframe_split, dataframe_records, instances or inputs, "
            "and params if the model has any."
        )
    value, params = content[forms[0]], content.get("params")
    if params is not None and not isinstance(params, dict):
        raise BadInput("params needs to be a JSON object.")
    if forms[0] == "dataframe_split":
        return _split(value, signature), params
    if forms[0] == "dataframe_records":
        return _records(value, signature), params
    return _tensors_or_rows(value, forms[0], signature), params


def scoring_answer(result: Any) -> dict:
    """The answer of the scoring protocol."""
    if isinstance(result, pd.DataFrame):
        return {"predictions": [plain(row) for row in result.to_dict(orient="records")]}
    return {"predictions": plain(result)}


def _split(value: Any, signature: Signature) -> pd.DataFrame:
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise BadInput("dataframe_split needs columns and data, each a list.")
    names = value.get("columns")
    if names is None:
        names = [name_of(field, n) for n, field in enumerate(signature.inputs)]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadInput("dataframe_split.columns needs to be a list of names.")
    return rows_to_frame(value["data"], names, signature)


def _records(value: Any, signature: Signature) -> pd.DataFrame:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise BadInput("Records need to be a list of objects, one for each row.")
    names = list(dict.fromkeys(chain.from_iterable(value)))
    for number, row in enumerate(value):
        if len(row) != len(names):
            name = next(name for name in names if name not in row)
            raise BadInput(f"Row {number} has no {name!r}; every row needs the same columns.")
    return columns_to_frame(
        {name: [row[name] for row in value] for name in names}, signature, strict=False
    )


def _tensors_or_rows(value: Any, form: str, signature: Signature) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _records(value, signature)
    if isinstance(value, dict):
        return _named(value, signature)
    if not isinstance(value, list):
        raise BadInput(f"{form} needs to be a list or an object.")
    if signature.tensors:
        if len(signature.inputs) > 1:
            raise BadInput(f"The model has several inputs: send {form} as an object by name.")
        field = signature.inputs[0]
        found = tensor(value, field, form)
        return {field.name: found} if field.name else found
    if not signature.inputs:
        check_rows(len(value))
        return _tensor_like(value)
    names = [name_of(field, n) for n, field in enumerate(signature.inputs)]
    if len(names) == 1 and value and not isinstance(value[0], list):
        value = [[item] for item in value]
    return rows_to_frame(value, names, signature)


def _tensor_like(value: list) -> np.ndarray:
    """A nested list of numbers for a model that says nothing about its input."""
    try:
        found = np.array(value)
    except (ValueError, OverflowError) as wrong:
        raise BadInput("The lists inside have different lengths.") from wrong
    if found.dtype.kind not in "fiub":
        raise BadInput("Numbers are expected.")
    return found


def _named(value: dict, signature: Signature) -> Any:
    if not signature.tensors:
        columns = {name: v if isinstance(v, list) else [v] for name, v in value.items()}
        flat = {name: _unboxed(values) for name, values in columns.items()}
        return columns_to_frame(flat, signature, strict=False)
    found = {}
    for number, field in enumerate(signature.inputs):
        name = name_of(field, number)
        if not isinstance(value.get(name), list):
            raise BadInput(f"The input {name!r} is missing or not a list.")
        found[name] = tensor(value[name], field, f"The input {name!r}")
    return found


def _unboxed(values: list) -> list:
    boxed = values and all(isinstance(item, list) and len(item) == 1 for item in values)
    return [item[0] for item in values] if boxed else values
