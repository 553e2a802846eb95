"""Reads the facts in a model's MLmodel, input example and requirements; nothing is executed."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_FIELDS = 10_000
MAX_DEPTH = 32
MAX_DEPENDENCIES = 1_000
MAX_TEXT = 200_000


class BadArtifact(Exception):
    """An artifact does not look as it should; the message says why in plain words."""


@dataclass(frozen=True)
class MLmodelFacts:
    """What an MLmodel file says."""

    signature: dict | None = None
    flavours: tuple[str, ...] = ()
    python_version: str = ""
    model_size_bytes: int | None = None
    example_path: str = ""
    problems: tuple[str, ...] = field(default_factory=tuple)


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML without aliases (which blow up when written out again) and without deep nests."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise BadArtifact("MLmodel uses YAML aliases, which are not read.")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadArtifact(f"MLmodel is nested deeper than {MAX_DEPTH} levels.")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def plain_text(value: object, limit: int = MAX_TEXT) -> str:
    """Text that any database and page can hold: no NUL, no lone surrogates, bounded."""
    text = value if isinstance(value, str) else str(value)
    text = text[:limit].encode("utf-8", "replace").decode("utf-8")
    return text.replace("\x00", "\ufffd")


def plain_json(value: Any, depth: int = 0) -> Any:
    """JSON with plain text and finite numbers (others become null), bounded in depth."""
    if depth > MAX_DEPTH:
        raise BadArtifact(f"JSON is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        return {plain_text(k): plain_json(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [plain_json(item, depth + 1) for item in value]
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def read_json(body: bytes, what: str) -> Any:
    """Parse an artifact that should be JSON. Raises BadArtifact."""
    try:
        return plain_json(json.loads(body.decode("utf-8")))
    except (ValueError, RecursionError) as wrong:
        raise BadArtifact(f"{what} is not valid JSON.") from wrong


def read_mlmodel(body: bytes) -> MLmodelFacts:
    """Parse an MLmodel file. Raises BadArtifact when it is no YAML mapping.

    A broken signature is a problem in the answer, not an error: the other facts still count.
    """
    try:
        content = yaml.load(body.decode("utf-8"), Loader=_PlainLoader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as wrong:
        raise BadArtifact("MLmodel is not valid YAML.") from wrong
    if not isinstance(content, dict):
        raise BadArtifact("MLmodel is not a mapping.")
    signature, problems = None, ()
    try:
        signature = _signature(content.get("signature"))
    except BadArtifact as wrong:
        problems = (str(wrong),)
    flavours = _mapping(content.get("flavors"))
    function = _mapping(flavours.get("python_function"))
    example = _mapping(content.get("saved_input_example_info"))
    size = content.get("model_size_bytes")
    return MLmodelFacts(
        signature=signature,
        flavours=tuple(sorted(plain_text(name, 100) for name in flavours))[:50],
        python_version=plain_text(function.get("python_version") or "", 40),
        model_size_bytes=size if type(size) is int and 0 <= size < 2**63 else None,
        example_path=plain_text(example.get("serving_input_path") or "", 300),
        problems=problems,
    )


def read_example(body: bytes) -> dict:
    """Parse a serving input example, a body for the scoring route. Raises BadArtifact."""
    example = read_json(body, "The input example")
    if not isinstance(example, dict):
        raise BadArtifact("The input example is not a JSON object.")
    return example


def read_requirements(body: bytes) -> tuple[str, ...]:
    """The lines of a requirements file as text, without comments."""
    lines = (line.strip() for line in body.decode("utf-8", "replace").splitlines())
    wanted = [plain_text(line, 500) for line in lines if line and not line.startswith("#")]
    return tuple(wanted[:MAX_DEPENDENCIES])


def _mapping(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _signature(value: object) -> dict | None:
    if not isinstance(value, dict):
        return None
    inputs = [_field(item) for item in _fields(value, "inputs")]
    outputs = [_field(item) for item in _fields(value, "outputs")]
    params = [_param(item) for item in _fields(value, "params")]
    if not (inputs or outputs or params):
        return None
    return {"inputs": inputs, "outputs": outputs, "params": params}


def _fields(signature: dict, side: str) -> list[dict]:
    text = signature.get(side)
    if text is None:
        return []
    if not isinstance(text, str):
        raise BadArtifact(f"The signature's {side} are not text.")
    items = read_json(text.encode("utf-8", "replace"), f"The signature's {side}")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadArtifact(f"The signature's {side} are not a list of fields.")
    if len(items) > MAX_FIELDS:
        raise BadArtifact(f"The signature has more than {MAX_FIELDS} {side}.")
    return items


def _field(item: dict) -> dict:
    name = item.get("name")
    found: dict[str, Any] = {
        "name": None if name is None else plain_text(name, 500),
        "type": plain_text(item.get("type") or "unknown", 50),
        "shape": None,
        "required": item.get("required") is not False,
    }
    if found["type"] == "tensor":
        spec = _mapping(item.get("tensor-spec"))
        found["type"] = plain_text(spec.get("dtype") or "unknown", 50)
        found["shape"] = _shape(spec.get("shape"))
    return found


def _param(item: dict) -> dict:
    return {
        "name": plain_text(item.get("name") or "", 500),
        "type": plain_text(item.get("type") or item.get("dtype") or "unknown", 50),
        "default": item.get("default"),
        "shape": _shape(item.get("shape")),
    }


def _shape(value: object) -> list[int] | None:
    if not isinstance(value, list) or not all(type(size) is int for size in value):
        return None
    return value
