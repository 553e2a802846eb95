"""The Open Inference Protocol, version 2, with JSON tensors.

Source: the KServe Open Inference Protocol specification ("Inference Protocol v2", REST).
"""

import json
import math
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from compute.engines.worker_inputs import (
    MAX_VALUES,
    V2_OF_NUMPY,
    BadInput,
    Field,
    Signature,
    check_rows,
    columns_to_frame,
    free_array,
    name_of,
    numbers,
    shaped,
)
from compute.engines.worker_json import plain

NUMPY_OF_V2 = {v2: np.dtype(name) for name, v2 in V2_OF_NUMPY.items()}
MAX_DIMENSIONS = 8
OF_CLIENTS = {"binary_data_output", "content_type"}  # about the message, not for the model


def read_infer(content: dict, signature: Signature) -> tuple[Any, dict | None]:
    """The data and params of a v2 inference request."""
    items = content.get("inputs")
    if not isinstance(items, list) or not items or not all(isinstance(i, dict) for i in items):
        raise BadInput("inputs needs to be a list of at least one tensor.")
    found = {}
    for item in items:
        name, values, shape = _tensor(item)
        if name in found:
            raise BadInput(f"The input {name!r} is sent twice.")
        found[name] = (values, shape, NUMPY_OF_V2.get(item["datatype"]))
    params = _params(content.get("parameters"), signature)
    if signature.tensors:
        return _as_tensors(found, signature), params
    return _as_columns(found, signature), params


def _params(given: Any, signature: Signature) -> dict | None:
    """The request's own `parameters` for the model; what nobody would read is refused."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise BadInput("parameters needs to be a JSON object.")
    unknown = [name for name in given if name not in {*signature.params, *OF_CLIENTS}]
    if unknown:
        known = f"It has {', '.join(signature.params)}." if signature.params else "It has none."
        raise BadInput(f"The model has no parameter {unknown[0][:60]!r}. {known}")
    return {name: value for name, value in given.items() if name in signature.params} or None


def infer_answer(result: Any, signature: Signature, wanted: Any) -> list[dict]:
    """The outputs of the v2 protocol; `wanted` is the request's own list of outputs, if any."""
    if isinstance(result, pd.DataFrame):
        parts = {str(name): result[name].to_numpy() for name in result.columns}
    elif isinstance(result, dict):
        parts = {str(name): _array(value) for name, value in result.items()}
    else:
        names = output_names(signature)
        parts = {names[0] if len(names) == 1 else "predictions": _array(result)}
    for name in _wanted_names(wanted):
        if name not in parts:
            raise BadInput(f"The model has no output named {name!r}.")
    chosen = _wanted_names(wanted) or list(parts)
    return [_output(name, parts[name]) for name in chosen]


def describe_inputs(signature: Signature) -> list[dict]:
    """The v2 metadata of the inputs."""
    if not signature.inputs:
        return [{"name": "input-0", "datatype": "FP64", "shape": [-1, -1]}]
    return [
        {"name": name_of(field, n), "datatype": field.datatype, "shape": _shape(field)}
        for n, field in enumerate(signature.inputs)
    ]


def describe_outputs(signature: Signature) -> list[dict]:
    """The v2 metadata of the outputs."""
    if not signature.outputs:
        return [{"name": "predictions", "datatype": "FP64", "shape": [-1]}]
    return [
        {"name": name, "datatype": field.datatype, "shape": list(field.shape or (-1,))}
        for name, field in zip(output_names(signature), signature.outputs, strict=True)
    ]


def output_names(signature: Signature) -> list[str]:
    """The outputs' names; `predictions` where the signature has none."""
    if len(signature.outputs) <= 1:
        return [field.name or "predictions" for field in signature.outputs] or ["predictions"]
    return [field.name or f"output-{n}" for n, field in enumerate(signature.outputs)]


def _shape(field: Field) -> list[int]:
    return [-1, 1] if field.shape is None else list(field.shape)


def _tensor(item: dict) -> tuple[str, list, list[int]]:
    name, shape, data = item.get("name"), item.get("shape"), item.get("data")
    if not isinstance(name, str) or not name:
        raise BadInput("Every input needs a name.")
    where = f"The input {name[:60]!r}"
    if "binary_data_size" in (item.get("parameters") or {}):
        raise BadInput(f"{where} is binary; send its data as JSON.")
    if item.get("datatype") not in {*NUMPY_OF_V2, "BYTES"}:
        raise BadInput(f"{where} needs a datatype such as FP64, INT64, BOOL or BYTES.")
    if not isinstance(shape, list) or not 1 <= len(shape) <= MAX_DIMENSIONS:
        raise BadInput(f"{where} needs a shape such as [1, 4].")
    if not all(type(size) is int and 0 <= size <= MAX_VALUES for size in shape):
        raise BadInput(f"{where} needs a shape of whole numbers from 0.")
    if not isinstance(data, list):
        raise BadInput(f"{where} needs data, a list.")
    check_rows(shape[0])
    flat = _flat(data, shape, where)
    if len(flat) != math.prod(shape):
        raise BadInput(f"{where} has {len(flat)} values; shape {shape} needs {math.prod(shape)}.")
    _check_datatype(flat, item["datatype"], where)
    return name, flat, shape


def _flat(data: list, shape: list[int], where: str) -> list:
    for depth in range(1, len(shape)):
        if not data or not isinstance(data[0], list):
            return data
        if not all(isinstance(part, list) and len(part) == shape[depth] for part in data):
            raise BadInput(f"{where}: the nested data does not have shape {shape}.")
        data = list(chain.from_iterable(data))
    return data


def _check_datatype(flat: list, datatype: str, where: str) -> None:
    if datatype in {"BOOL", "BYTES"}:
        wanted = bool if datatype == "BOOL" else str
        if set(map(type, flat)) - {wanted}:
            what = "true or false" if wanted is bool else "text"
            raise BadInput(f"{where} is {datatype}: every value needs to be {what}.")
        return
    numbers(flat, NUMPY_OF_V2[datatype], where)


def _as_columns(found: dict, signature: Signature) -> Any:
    names = [name_of(field, n) for n, field in enumerate(signature.inputs)]
    if len(found) == 1 and not set(found) & set(names):
        ((values, shape, dtype),) = found.values()
        if not names:
            return _free_tensor(values, shape, dtype)
        return _matrix(values, shape, names, signature)
    columns = {}
    for name, (values, shape, _) in found.items():
        if math.prod(shape[1:]) != 1:
            raise BadInput(f"The input {name!r} is one column; its shape is [rows] or [rows, 1].")
        columns[name] = values
    return columns_to_frame(columns, signature, strict=True)


def _matrix(
    values: list, shape: list[int], names: list[str], signature: Signature
) -> pd.DataFrame:
    if len(shape) != 2 or shape[1] != len(names):
        raise BadInput(
            f"The model has {len(names)} columns: send one tensor of shape [rows, {len(names)}], "
            "or one input for each column by its name."
        )
    columns = {name: values[n :: len(names)] for n, name in enumerate(names)}
    return columns_to_frame(columns, signature, strict=True)


def _free_tensor(values: list, shape: list[int], dtype: np.dtype | None) -> np.ndarray:
    if dtype is None:
        return np.array(free_array(values), dtype=object).reshape(shape)
    return np.array(values, dtype=dtype).reshape(shape)


def _as_tensors(found: dict, signature: Signature) -> Any:
    fields = signature.inputs
    if len(fields) == len(found) == 1 and fields[0].name is None:
        ((values, shape, _),) = found.values()
        return shaped(np.array(values).reshape(shape), fields[0], "The input")
    tensors = {}
    for number, field in enumerate(fields):
        name = name_of(field, number)
        if name not in found:
            raise BadInput(f"The input {name!r} is missing.")
        values, shape, _ = found[name]
        tensors[name] = shaped(np.array(values).reshape(shape), field, f"The input {name!r}")
    if unknown := set(found) - set(tensors):
        raise BadInput(f"The model has no input named {sorted(unknown)[0]!r}.")
    return tensors


def _wanted_names(wanted: Any) -> list[str]:
    if wanted is None:
        return []
    if not isinstance(wanted, list) or not all(isinstance(item, dict) for item in wanted):
        raise BadInput("outputs needs to be a list of objects with a name.")
    return [str(item.get("name")) for item in wanted]


def _array(result: Any) -> np.ndarray:
    if isinstance(result, pd.Series):
        return result.to_numpy()
    if isinstance(result, list) and any(isinstance(item, dict | list) for item in result):
        return np.array([json.dumps(plain(item)) for item in result], dtype=object)
    return np.atleast_1d(np.asarray(result))


def _output(name: str, values: np.ndarray) -> dict:
    datatype = V2_OF_NUMPY.get(values.dtype.name, "BYTES")
    flat = plain(values.ravel())
    if datatype == "BYTES":
        flat = [item if isinstance(item, str) else json.dumps(item) for item in flat]
    return {"name": name, "datatype": datatype, "shape": list(values.shape), "data": flat}
