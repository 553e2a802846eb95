"""The Open Inference Protocol, version 2, over HTTP with JSON tensors (KServe specification)."""

import json
import re

from compute.gateway.protocols.base import bounded, parsed, written

SHAPE = re.compile(rb'"shape"\s*:\s*\[\s*(\d{1,9})')
HEAD = re.compile(rb'\s*\{\s*"(model_name|name)"\s*:\s*"(?:[^"\\]|\\.)*"')


class OpenInference:
    """`/v2/models/{model}/infer` and its relatives."""

    name = "v2"

    def error(self, status: int, detail: str) -> bytes:
        """`{"error": "…"}`, as the specification says."""
        return written({"error": detail})

    def path(self, serving: str, verb: str) -> str:
        ending = {"predict": "/infer", "ready": "/ready", "describe": ""}[verb]
        return f"/v2/models/{serving}{ending}"

    def rows(self, body: bytes) -> int:
        """The largest first dimension of the inputs."""
        content = parsed(body)
        if content is None:
            return bounded(max((int(found) for found in SHAPE.findall(body)), default=1))
        inputs = content.get("inputs") if isinstance(content, dict) else None
        items = inputs if isinstance(inputs, list) else []
        shapes = [one.get("shape") for one in items if isinstance(one, dict)]
        firsts = [shape[0] for shape in shapes if isinstance(shape, list) and shape]
        return bounded(max((n for n in firsts if type(n) is int), default=1))

    def renamed(self, body: bytes, name: str) -> bytes:
        """Workers name the model first, so that the rest of an answer is never parsed here."""
        found = HEAD.match(body)
        if not found:
            return body
        head = b'{"' + found[1] + b'": ' + json.dumps(name).encode()
        return head + body[found.end() :]
