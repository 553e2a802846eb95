"""What the hosts of this machine have in common: settings, one lock, one guard."""

import asyncio
import ctypes
import fcntl
import hmac
import ipaddress
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from aiohttp import web

from compute.engines.base import EngineRefused

PR_SET_DUMPABLE = 4
LEAST_TOKEN = 16
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WrongSettings(Exception):
    """The environment is not fit to start with; the message is the one line to print."""


def address(environment: dict[str, str], name: str, example: int) -> tuple[str, int]:
    """Host and port of a loopback address; WrongSettings says how one looks."""
    url = urlsplit(environment.get(name, ""))
    if url.scheme != "http" or not _is_loopback(url.hostname) or not url.port:
        raise WrongSettings(f"{name} needs to look like http://127.0.0.1:{example}.")
    return str(url.hostname), url.port


def token(environment: dict[str, str], name: str) -> str:
    """A bearer token that is long enough."""
    value = environment.get(name, "")
    if len(value) < LEAST_TOKEN:
        raise WrongSettings(f"{name} needs at least {LEAST_TOKEN} characters.")
    return value


def error(status: int, message: str) -> web.Response:
    """How every host says no."""
    return web.json_response({"error": message}, status=status)


def guard(wanted: str):
    """A middleware: nobody without the token; every error as `{"error": ...}`."""
    expected = f"Bearer {wanted}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if request.path != "/healthz" and not hmac.compare_digest(given, expected):
            return error(401, "The bearer token is missing or wrong.")
        try:
            return await handler(request)
        except EngineRefused as wrong:
            return error(400, str(wrong))
        except web.HTTPException as wrong:
            return error(wrong.status, f"{wrong.reason}.")

    return check


def content_of(body: bytes) -> Any:
    """A body as JSON; EngineRefused where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise EngineRefused("The order is not valid JSON.") from None


async def opened(app: web.Application, host: str, port: int) -> web.AppRunner:
    """Listen; the caller cleans the runner up. WrongSettings when the port is taken."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as wrong:
        raise WrongSettings(f"Port {port} is taken: {wrong.strerror}.") from wrong
    return runner


def asked_to_stop() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


def lock_folder(folder: Path, program: str) -> TextIO:
    """Hold `folder` for one host of this kind (`model-host`) until the file is closed."""
    (folder / "run").mkdir(parents=True, exist_ok=True)
    lock = (folder / "run" / f"{program}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        kind = program.replace("-", " ")
        raise WrongSettings(f"Another {kind} works in {folder}.") from None
    return lock


def hide_memory() -> None:
    """Programs of the same user may not read our environment and memory. Linux alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
