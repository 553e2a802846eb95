"""Speaks to one API server in plain dicts: requests with time limits, and lines as they come."""

import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import (
    ConfigException,
    load_incluster_config,
    load_kube_config,
)

from compute.engines.jobs import EngineRefused, EngineUnavailable

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
MARKS = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
STRATEGIC = "application/strategic-merge-patch+json"
CONNECT = 3.0
ANSWER = 20.0
PAGE = 500
ASK_AGAIN = {401, 408, 425, 429}
AT_ONCE = 64  # connections that are kept for the next one


class Answered(EngineRefused):
    """The API server said no: `status` of HTTP, `reason` its own word, the text its message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class Expired(EngineUnavailable):
    """What was asked for is too old (410): list again and go on from there."""


class Lines:
    """A stream of lines. `close` may be called from another thread and ends the reading."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        """Whole lines without their ends; EngineUnavailable when the connection breaks."""
        rest = b""
        try:
            for chunk in self._answer.stream(1 << 16, decode_content=False):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as broken:
            raise EngineUnavailable("The connection to the cluster broke.") from broken
        if rest:
            yield rest

    def close(self) -> None:
        """End it now. The connection is not used again."""
        with suppress(OSError, ValueError, AttributeError, RuntimeError):
            self._answer.shutdown()


class Client:
    """One connection pool for each process: a fork begins its own.

    `kubeconfig` is a path; empty takes the account of the pod that this runs in. Tokens that
    rotate are read again by the configuration itself.
    """

    def __init__(self, kubeconfig: str, context: str = "", *, manager: str) -> None:
        self._source = (kubeconfig, context)
        self.manager = manager
        self._pid = 0
        self._lock = threading.Lock()

    def get(self, path: str, **query: Any) -> dict:
        """One thing or one page."""
        return self.send("GET", path, query=query)

    def find(self, path: str, **query: Any) -> dict | None:
        """One thing, or None where there is none."""
        try:
            return self.get(path, **query)
        except Answered as no:
            if no.status != 404:
                raise
            return None

    def every(self, path: str, **query: Any) -> list[dict]:
        """All things of a collection, page by page; again from the start when a page is gone."""
        return self._whole(path, query, JSON)

    def marks(self, path: str, **query: Any) -> list[dict]:
        """As `every`, but no more than the metadata of each thing."""
        return self._whole(path, query, MARKS)

    def apply(self, path: str, thing: dict, *, force: bool = False) -> dict:
        """Server-side apply under our name; 409 where somebody else holds a field."""
        query = {"fieldManager": self.manager, "force": "true" if force else "false"}
        return self.send("PATCH", path, query=query, body=thing, kind=APPLY)

    def patch(self, path: str, body: Any, *, kind: str = MERGE) -> dict | None:
        """The changed thing; None where there is none."""
        query = {"fieldManager": self.manager}
        return self._changed("PATCH", path, query=query, body=body, kind=kind)

    def delete(self, path: str, *, grace: int | None = None) -> bool:
        """In the background; False where there was nothing."""
        query = {"propagationPolicy": "Background"}
        if grace is not None:
            query["gracePeriodSeconds"] = str(grace)
        return self._changed("DELETE", path, query=query) is not None

    def send(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        kind: str = JSON,
        accept: str = JSON,
    ) -> dict:
        """`Answered` when refused, `EngineUnavailable` when it is to be asked again."""
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {"Accept": accept} | ({"Content-Type": kind} if content else {})
        answer = self._exchange(method, path, query, content, headers, ANSWER)
        return _decoded(answer.status, answer.data)

    def lines(self, path: str, *, idle: float, accept: str = JSON, **query: Any) -> Lines:
        """An answer that goes on; `idle` seconds without a byte break it."""
        answer = self._exchange("GET", path, query, None, {"Accept": accept}, idle, lines=True)
        if answer.status >= 400:
            _decoded(answer.status, answer.data)
        return Lines(answer)

    def _changed(self, method: str, path: str, **content: Any) -> dict | None:
        """What names no version and meets another change is asked again."""
        try:
            return self.send(method, path, **content)
        except Answered as no:
            if no.status == 409:
                raise EngineUnavailable(str(no)) from no
            if no.status != 404:
                raise
            return None

    def _exchange(self, method, path, query, content, headers, answer_within, *, lines=False):
        pools, configuration = self._connected()
        headers = {"User-Agent": self.manager, **headers}
        if token := configuration.get_api_key_with_prefix("BearerToken", "authorization"):
            headers["Authorization"] = token
        url = f"{configuration.host}{path}"
        if query:
            url = f"{url}?{urlencode(query, quote_via=quote)}"
        limits = urllib3.Timeout(connect=CONNECT, read=answer_within)
        try:
            return pools[lines].request(
                *(method, url),
                body=content,
                headers=headers,
                timeout=limits,
                retries=False,
                preload_content=not lines,
            )
        except (urllib3.exceptions.HTTPError, OSError) as broken:
            raise EngineUnavailable(f"The cluster does not answer ({_short(broken)}).") from broken

    def _whole(self, path: str, query: dict, accept: str) -> list[dict]:
        for _ in range(3):
            with suppress(Expired):
                return self._pages(path, query, accept)
        raise EngineUnavailable("The cluster changes faster than it can be read.")

    def _pages(self, path: str, query: dict, accept: str) -> list[dict]:
        found, more = [], {}
        while True:
            page = self.send("GET", path, query={"limit": PAGE} | query | more, accept=accept)
            found += page.get("items") or ()
            token = page["metadata"].get("continue")
            if not token:
                return found
            more = {"continue": token}

    def _connected(self) -> tuple[dict[bool, urllib3.PoolManager], Configuration]:
        """Streams have a pool of their own: those that are broken off take no connection away
        from the requests, each of which would begin with a handshake then."""
        with self._lock:
            if self._pid != os.getpid():
                self._configuration = _configuration(*self._source)
                self._pools = {
                    lines: RESTClientObject(self._configuration).pool_manager
                    for lines in (False, True)
                }
                self._pid = os.getpid()
            return self._pools, self._configuration


def _configuration(kubeconfig: str, context: str) -> Configuration:
    configuration = Configuration()
    try:
        if kubeconfig:
            load_kube_config(
                kubeconfig,
                context or None,
                client_configuration=configuration,
                persist_config=False,
            )
        else:
            load_incluster_config(client_configuration=configuration)
    except (ConfigException, OSError, ValueError) as wrong:
        raise EngineUnavailable(f"The cluster's settings cannot be used: {wrong}") from wrong
    configuration.connection_pool_maxsize = AT_ONCE
    configuration.socket_options = _kept_alive()
    return configuration


def _kept_alive() -> list[tuple[int, int, int]]:
    """A peer that is gone is noticed within 25 seconds, by whoever waits for its words."""
    wanted = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    options.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
    for name, value in wanted.items():
        if number := getattr(socket, name, None):
            options.append((socket.IPPROTO_TCP, number, value))
    return options


def _decoded(status: int, data: bytes) -> dict:
    try:
        content = json.loads(data)
    except ValueError:
        content = None
    if status < 400:
        if not isinstance(content, dict):
            raise EngineUnavailable("What answers is no Kubernetes.")
        return content
    said = content if isinstance(content, dict) else {}
    message = str(said.get("message") or f"The cluster answered {status}.")
    if status >= 500 or status in ASK_AGAIN or _is_going(said):
        raise EngineUnavailable(message)
    if status == 410:
        raise Expired(message)
    raise Answered(status, str(said.get("reason") or ""), message)


def _is_going(said: dict) -> bool:
    """Refused only because the namespace is just being removed."""
    causes = (said.get("details") or {}).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


def _short(problem: Exception) -> str:
    if isinstance(problem, urllib3.exceptions.TimeoutError):
        return "in time"
    if isinstance(problem, (ssl.SSLError, urllib3.exceptions.SSLError)):
        return "its certificate is not trusted, or ours is not"
    return type(problem).__name__
