"""JSON in and out of a model worker: strict when reading, finite when writing."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from compute.engines.worker_inputs import BadInput


def parse(body: bytes) -> dict:
    """A request body as a JSON object; NaN and Infinity are refused as JSON refuses them."""
    try:
        content = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as wrong:
        raise BadInput("The body is not valid JSON.") from wrong
    if not isinstance(content, dict):
        raise BadInput("The body needs to be a JSON object.")
    return content


def row_count(data: Any) -> int:
    """How many rows a model was asked about."""
    if isinstance(data, dict):
        return max(len(value) for value in data.values())
    return len(data)


def plain(value: Any) -> Any:
    """What JSON can hold: finite numbers or null, text, lists, objects."""
    if isinstance(value, np.ndarray | pd.Series):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def _no_constant(word: str) -> float:
    raise BadInput(f"{word} is not a value of JSON. Send a number, or null for a missing value.")
