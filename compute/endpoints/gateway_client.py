"""The portal as a caller of its own gateway: one request over HTTP, with a key like any other."""

import http.client
import json
import ssl
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from django.conf import settings

PATIENCE = 30.0  # seconds
LIMIT = 1024 * 1024  # bytes of an answer that a page can show


@dataclass(frozen=True)
class Heard:
    """What the gateway said. `call` is the request id; times in milliseconds."""

    status: int
    content: object
    call: str
    version: str
    overhead_ms: float | None
    retry_after: str = field(default="")

    @property
    def ok(self) -> bool:
        return self.status == 200


class GatewayAway(Exception):
    """The gateway could not be reached; nothing was called."""


def score(slug: str, body: dict, *, key: str, environment: str) -> Heard:
    """One prediction over the scoring protocol. Raises `GatewayAway`."""
    address = urlsplit(settings.GATEWAY_URL)
    connection = _connection(address)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "x-millwright-environment": environment,
    }
    path = f"{address.path.rstrip('/')}/serve/{quote(slug, safe='')}/invocations"
    try:
        connection.request("POST", path, json.dumps(body).encode(), headers)
        answer = connection.getresponse()
        return _heard(answer, answer.read(LIMIT + 1))
    except (OSError, http.client.HTTPException) as away:
        raise GatewayAway("The gateway does not answer now. Try again soon.") from away
    finally:
        connection.close()


def _connection(address) -> http.client.HTTPConnection:
    if address.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(address.netloc, timeout=PATIENCE, context=context)
    return http.client.HTTPConnection(address.netloc, timeout=PATIENCE)


def _heard(answer: http.client.HTTPResponse, body: bytes) -> Heard:
    overhead = answer.headers.get("x-gateway-overhead-ms", "")
    return Heard(
        status=answer.status,
        content=_content(body),
        call=answer.headers.get("x-request-id", ""),
        version=answer.headers.get("x-model-version", ""),
        overhead_ms=float(overhead) if overhead else None,
        retry_after=answer.headers.get("retry-after", ""),
    )


def _content(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body[:2000].decode("utf-8", "replace")
