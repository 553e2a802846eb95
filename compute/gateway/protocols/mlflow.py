"""MLflow's scoring protocol: `POST /invocations` in its four input forms."""

from typing import Any

from compute.gateway.protocols.base import bounded, closings, parsed, written

CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "BAD_REQUEST",
    408: "BAD_REQUEST",
    413: "BAD_REQUEST",
    415: "BAD_REQUEST",
    422: "INVALID_PARAMETER_VALUE",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "TEMPORARILY_UNAVAILABLE",
}


class MlflowScoring:
    """`/serve/{model}/invocations` and its relatives."""

    name = "mlflow"

    def error(self, status: int, detail: str) -> bytes:
        """`{"error_code": "…", "message": "…"}`, as MLflow's servers write it."""
        return written({"error_code": CODES.get(status, "INTERNAL_ERROR"), "message": detail})

    def path(self, serving: str, verb: str) -> str:
        return {"predict": "/invocations", "ping": "/ping", "version": "/version"}[verb]

    def rows(self, body: bytes) -> int:
        content = parsed(body)
        if content is None:
            return closings(body)
        return bounded(_rows(content)) if isinstance(content, dict) else 1

    def renamed(self, body: bytes, name: str) -> bytes:
        return body


def _rows(content: dict) -> int:
    split = content.get("dataframe_split")
    if isinstance(split, dict):
        return _length(split.get("data"))
    if "dataframe_records" in content:
        return _length(content["dataframe_records"])
    data = content.get("instances", content.get("inputs"))
    if isinstance(data, dict):
        return max((_length(value) for value in data.values()), default=1)
    return _length(data)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 1
