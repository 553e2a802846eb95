"""What a protocol of the gateway must know."""

import json
from typing import Any
from typing import Protocol as Shape

CHEAP = 256 * 1024  # bytes of JSON that are worth parsing to count rows
MOST_ROWS = 10_000  # what a model worker takes at most


class Protocol(Shape):
    """A way to ask a model. Bodies are JSON in bytes."""

    name: str

    def error(self, status: int, detail: str) -> bytes:
        """The body of an answer that says no."""

    def path(self, serving: str, verb: str) -> str:
        """Where a worker answers `verb` for the serving of that name."""

    def rows(self, body: bytes) -> int:
        """How many rows a request is about, at most: what is reserved. At least 1."""

    def renamed(self, body: bytes, name: str) -> bytes:
        """An answer that calls the model by the name the caller knows."""


def written(content: Any) -> bytes:
    """JSON as the workers write it."""
    return json.dumps(content).encode()


def parsed(body: bytes) -> Any:
    """The JSON of a small body; None for a large or a broken one."""
    if len(body) > CHEAP:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def bounded(rows: int) -> int:
    return max(1, min(rows, MOST_ROWS))


def closings(body: bytes) -> int:
    """Rows of a body that is not worth parsing, at most: its closing brackets."""
    return bounded(max(body.count(b"]"), body.count(b"}")))


def message_of(body: bytes, otherwise: str) -> str:
    """What a worker said in `{"error": …}`."""
    content = parsed(body)
    said = content.get("error") if isinstance(content, dict) else None
    return said if isinstance(said, str) and said else otherwise
