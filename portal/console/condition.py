"""Do the services answer? Asked side by side, with little patience, and never by a page itself."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from django.conf import settings
from django.db import DatabaseError, connection
from redis import Redis, RedisError

from portal.core.shell import Link, address

PATIENCE = 1.5  # seconds for each service
FRESH = 30  # seconds before it is asked again


@dataclass(frozen=True)
class Service:
    """One service: whether it answered, how fast, and what stops working without it."""

    name: str
    needed_for: str
    up: bool = False
    milliseconds: float | None = None
    known: bool = True


def ask_all() -> list[Service]:
    """Every service, asked at the same time but for the database, which this thread holds."""
    asked: list[tuple[Service, Callable[[], bool]]] = [
        (Service("Valkey", "Sign-in, live pages and background work"), _valkey),
        (Service("Model registry", "New versions of models"), _web(_registry())),
        (Service("Model host", "Predictions"), _web(settings.MODEL_HOST_URL)),
        (Service("Job host", "Jobs on this machine"), _web(settings.JOB_HOST_URL)),
        (Service("Gateway", "Calls by program"), _web(f"{settings.GATEWAY_URL}/healthz")),
    ]
    with ThreadPoolExecutor(len(asked)) as pool:
        running = [pool.submit(_timed, *each) for each in asked]
        database = _timed(Service("Database", "Everything"), _database)
        return [database, *(each.result() for each in running)]


def _timed(service: Service, answers: Callable[[], bool] | None) -> Service:
    if answers is None:
        return replace(service, known=False)
    began = time.monotonic()
    up = answers()
    return replace(service, up=up, milliseconds=(time.monotonic() - began) * 1000)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _valkey() -> bool:
    wait = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    try:
        with Redis.from_url(settings.REDIS_URL, **wait) as client:
            return bool(client.ping())
    except RedisError:
        return False


def _registry() -> str:
    uri = settings.MLFLOW_TRACKING_URI
    return f"{uri.rstrip('/')}/health" if uri.startswith("http") else ""


def _web(url: str) -> Callable[[], bool] | None:
    """Any answer but a server's own failure counts: some want a token from us."""
    if not url.startswith(("http://", "https://")):
        return _socket(url) if urlsplit(url).scheme == "unix" else None

    def answers() -> bool:
        try:
            with urlopen(Request(url), timeout=PATIENCE):
                return True
        except HTTPError as said:
            return said.code < 500
        except OSError:
            return False

    return answers


def _socket(url: str) -> Callable[[], bool]:
    def answers() -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(PATIENCE)
            return line.connect_ex(urlsplit(url).path) == 0

    return answers


class Watch:
    """The last answers of this process, asked again in the background when they are old."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = float("-inf")
        self.services: list[Service] = []

    def look(self) -> list[Service]:
        """What is known now; starts a fresh look when that is old, and does not wait for it."""
        with self._lock:
            if time.monotonic() - self._at > FRESH:
                self._at = time.monotonic()
                threading.Thread(target=self._ask, daemon=True).start()
            return self.services

    def _ask(self) -> None:
        try:
            self.services = ask_all()
        finally:
            connection.close()


watch = Watch()


def condition() -> Link | None:
    """The line at the foot of every page; nothing before the first answer."""
    services = [service for service in watch.look() if service.known]
    if not services:
        return None
    down = [service.name for service in services if not service.up]
    if not down:
        return Link("All systems in order", address("console:status"))
    return Link(f"No answer: {', '.join(down).lower()}", address("console:status"), good=False)
