"""A small HTTP client for engines: one request, a time limit, a size limit, no redirects."""

import http.client
import json
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from marketplace.engines.base import EngineRefused, EngineUnavailable

CHUNK = 64 * 1024
LONGEST_LINE = 16 * 1024 * 1024
ASK_AGAIN = {429, 502, 503, 504}


class AnswerTooLarge(EngineRefused):
    """The answer is larger than the caller accepts."""


@dataclass(frozen=True)
class Answer:
    """What came back: a status and a body within the limit."""

    status: int
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON. Raises EngineUnavailable when it is not: something else answered."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as wrong:
            raise EngineUnavailable("The answer is not JSON.") from wrong


class HttpClient:
    """Requests to one base address; every failure to get an answer is `EngineUnavailable`."""

    def __init__(self, base_url: str, *, token: str = "", timeout: float = 10.0) -> None:
        self._parts = _checked(base_url)
        self._timeout = timeout
        self._headers = {"Accept": "application/json", "Connection": "close"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif self._parts.username:
            pair = f"{unquote(self._parts.username)}:{unquote(self._parts.password or '')}"
            self._headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"

    @property
    def address(self) -> str:
        """The base address without user and password, fit for a log or a page."""
        host = self._parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        port = f":{self._parts.port}" if self._parts.port else ""
        return f"{self._parts.scheme}://{host}{port}{self._parts.path.rstrip('/')}"

    def send(
        self,
        method: str,
        path: str,
        *,
        query: list[tuple[str, str]] | None = None,
        json_body: Any = None,
        limit: int = 16 * 1024 * 1024,
    ) -> Answer:
        """Send one request and read its answer, at most `limit` bytes, within the time limit.

        Raises EngineUnavailable (no answer in time, or one of ASK_AGAIN) or AnswerTooLarge.
        """
        target = self._parts.path.rstrip("/") + path
        target += f"?{urlencode(query)}" if query else ""
        headers = dict(self._headers)
        body = None
        if json_body is not None:
            body = json.dumps(json_body).encode()
            headers["Content-Type"] = "application/json"
        deadline = time.monotonic() + self._timeout
        connection = self._connection()
        try:
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            answer = Answer(response.status, _read(response, limit, deadline))
        except (OSError, http.client.HTTPException) as wrong:
            raise EngineUnavailable(f"{self.address} does not answer: {_plain(wrong)}.") from wrong
        finally:
            connection.close()
        if answer.status in ASK_AGAIN:
            raise EngineUnavailable(f"{self.address} answered {answer.status}.")
        return answer

    def lines(
        self, path: str, *, query: list[tuple[str, str]] | None = None, patience: float
    ) -> Iterator[bytes]:
        """The lines of an answer that goes on, as they arrive, until it ends.

        Raises EngineUnavailable when nothing came for `patience` seconds or the line broke, and
        EngineRefused with the server's `error` where it said no.
        """
        target = self._parts.path.rstrip("/") + path
        target += f"?{urlencode(query)}" if query else ""
        connection = self._connection(patience)
        try:
            connection.request("GET", target, headers=self._headers)
            response = connection.getresponse()
            if response.status != 200:
                raise _refusal(Answer(response.status, response.read(CHUNK)))
            while line := response.readline(LONGEST_LINE):
                yield line
        except (OSError, http.client.HTTPException) as wrong:
            raise EngineUnavailable(f"{self.address} does not answer: {_plain(wrong)}.") from wrong
        finally:
            connection.close()

    def _connection(self, patience: float = 0.0) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        timeout = patience or self._timeout
        if self._parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
        return http.client.HTTPConnection(host, port, timeout=timeout)


def _checked(base_url: str) -> SplitResult:
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("An engine's address starts with http:// or https:// and names a host.")
    return parts


def _refusal(answer: Answer) -> Exception:
    if answer.status in ASK_AGAIN or answer.status >= 500:
        return EngineUnavailable(f"It answered {answer.status}.")
    content = answer.json()
    message = content.get("error") if isinstance(content, dict) else None
    return EngineRefused(str(message or f"It answered {answer.status}."))


def _read(response: http.client.HTTPResponse, limit: int, deadline: float) -> bytes:
    chunks, size = [], 0
    while chunk := response.read1(CHUNK):
        size += len(chunk)
        if size > limit:
            raise AnswerTooLarge(f"The answer is larger than {limit} bytes.")
        if time.monotonic() > deadline:
            raise TimeoutError
        chunks.append(chunk)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(chunks)


def _plain(wrong: Exception) -> str:
    if isinstance(wrong, TimeoutError):
        return "no answer in time"
    if isinstance(wrong, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(wrong, socket.gaierror):
        return "no such host"
    return type(wrong).__name__
