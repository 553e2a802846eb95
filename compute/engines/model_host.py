"""The model host: keeps a worker running for every serving order, and takes orders by HTTP."""

import asyncio
import json
import os
import platform
import re
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from aiohttp import web

from compute.engines import hosting
from compute.engines.base import EngineRefused, ServingOrder
from compute.engines.host_files import write_durably
from compute.engines.host_replica import Patience
from compute.engines.host_serving import Serving
from compute.engines.hosting import WrongSettings
from compute.engines.local_serving import sighting_as_dict

MAX_BODY = 64 * 1024
SCRATCH = "millwright-models-"
TYPES: dict[str, type | tuple[type, ...]] = {
    "replicas": int,
    "version": int,
    "memory_mb": int,
    "cpu": (int, float),
}


@dataclass(frozen=True)
class Settings:
    """From the environment."""

    host: str
    port: int
    token: str = field(repr=False)
    folder: Path

    @classmethod
    def read(cls, environment: dict[str, str]) -> "Settings":
        """Check everything; raise WrongSettings with what to do."""
        host, port = hosting.address(environment, "MODEL_HOST_URL", 18500)
        token = hosting.token(environment, "MODEL_HOST_TOKEN")
        if not environment.get("MLFLOW_TRACKING_URI", "").startswith(("http://", "https://")):
            raise WrongSettings("MLFLOW_TRACKING_URI needs to be the address of a server.")
        return cls(host, port, token, Path(environment.get("MILLWRIGHT_VAR", "var")))


class ModelHost:
    """All servings of this machine. Orders are written down, so a new host takes them up."""

    def __init__(self, settings: Settings, patience: Patience | None = None) -> None:
        self._settings = settings
        self._patience = patience or Patience()
        self._servings: dict[str, Serving] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._file = settings.folder / "run" / "model-host.json"
        self._logs = settings.folder / "log" / "models"
        self._scratch = Path(tempfile.mkdtemp(prefix=SCRATCH))
        self._scratch.chmod(0o711)  # workers are somebody else and need to reach their own part

    @property
    def token(self) -> str:
        """The bearer token of the control interface."""
        return self._settings.token

    def servings(self) -> list[Serving]:
        """All of them, by name."""
        return [self._servings[name] for name in sorted(self._servings)]

    def get(self, name: str) -> Serving | None:
        """One of them."""
        return self._servings.get(name)

    async def order(self, order: ServingOrder) -> Serving:
        """Carry out an order; the same order again changes nothing unless it had failed."""
        async with self._lock(order.name):
            known = self._servings.get(order.name)
            if known and known.order == order and known.sighting().phase != "failed":
                return known
            if known:
                await known.end()
            serving = self._new(order)
            serving.begin()
            self._servings[order.name] = serving
            self._write()
            return serving

    async def forget(self, name: str) -> bool:
        """Stop a serving and forget it; False when nobody had ordered it."""
        async with self._lock(name):
            serving = self._servings.pop(name, None)
            if serving is None:
                return False
            self._write()
            await serving.end()
            return True

    def take_up(self) -> None:
        """Start what an earlier host had been ordered to run."""
        self._logs.mkdir(parents=True, exist_ok=True)
        before = self._read()
        _sweep(Path(before.get("scratch", "")))
        for item in before.get("servings", []):
            order = ServingOrder(**item["order"])
            serving = self._new(order, nonce=item["nonce"], port=item["port"])
            serving.begin()
            self._servings[order.name] = serving
        self._write()

    async def close(self) -> None:
        """Stop all workers; the orders stay written down."""
        await asyncio.gather(*(serving.end() for serving in self._servings.values()))
        _sweep(self._scratch)

    def _new(self, order: ServingOrder, nonce: str = "", port: int = 0) -> Serving:
        return Serving(
            order,
            key=self._settings.token,
            logs=self._logs,
            scratch=self._scratch,
            patience=self._patience,
            nonce=nonce,
            port=port,
        )

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())

    def _read(self) -> dict:
        try:
            return json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        except ValueError:
            aside = self._file.with_suffix(".broken")
            print(f"{self._file} cannot be read; it was moved to {aside}.", file=sys.stderr)
            self._file.replace(aside)
            return {}

    def _write(self) -> None:
        kept = [asdict(serving.remembered()) for serving in self.servings()]
        write_durably(self._file, {"scratch": str(self._scratch), "servings": kept})


HOST = web.AppKey("host", ModelHost)


async def healthz(request: web.Request) -> web.Response:
    """`GET /healthz`."""
    return web.json_response({"ok": True, "servings": len(request.app[HOST].servings())})


async def listing(request: web.Request) -> web.Response:
    """`GET /servings`."""
    seen = [sighting_as_dict(one.sighting()) for one in request.app[HOST].servings()]
    return web.json_response({"servings": seen})


async def look(request: web.Request) -> web.Response:
    """`GET /servings/{name}`."""
    serving = request.app[HOST].get(request.match_info["name"])
    if serving is None:
        return hosting.error(404, "Nobody ordered a serving of this name.")
    return web.json_response(sighting_as_dict(serving.sighting()))


async def order(request: web.Request) -> web.Response:
    """`PUT /servings/{name}` with a ServingOrder as JSON."""
    wanted = _order(request.match_info["name"], await request.read())
    # A caller that goes away must not leave an order half carried out.
    serving = await asyncio.shield(request.app[HOST].order(wanted))
    return web.json_response(sighting_as_dict(serving.sighting()))


async def forget(request: web.Request) -> web.Response:
    """`DELETE /servings/{name}`."""
    if not await asyncio.shield(request.app[HOST].forget(request.match_info["name"])):
        return hosting.error(404, "Nobody ordered a serving of this name.")
    return web.json_response({"stopped": request.match_info["name"]})


async def runtime(request: web.Request) -> web.Response:
    """`GET /runtime`: what the interpreter of this host and its workers has installed."""
    return web.json_response(installed())


@cache
def installed() -> dict[str, Any]:
    """Python's version and every distribution that can be imported, by normalised name."""
    found = {
        re.sub(r"[-_.]+", "-", one.name).lower(): one.version
        for one in distributions()
        if one.name
    }
    return {"python": platform.python_version(), "packages": dict(sorted(found.items()))}


def build(host: ModelHost) -> web.Application:
    """The control interface."""
    app = web.Application(middlewares=[hosting.guard(host.token)], client_max_size=MAX_BODY)
    app[HOST] = host
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/runtime", runtime)
    app.router.add_get("/servings", listing)
    app.router.add_get("/servings/{name}", look)
    app.router.add_put("/servings/{name}", order)
    app.router.add_delete("/servings/{name}", forget)
    return app


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    host = ModelHost(settings)
    runner = await hosting.opened(build(host), settings.host, settings.port)
    host.take_up()
    stopping = hosting.asked_to_stop()
    print(f"Model host ready on port {settings.port}.", flush=True)
    await stopping.wait()
    await host.close()
    await runner.cleanup()


def main() -> int:
    """Read the settings, lock the folder, run."""
    try:
        settings = Settings.read(dict(os.environ))
        lock = hosting.lock_folder(settings.folder, "model-host")
        hosting.hide_memory()
        with lock:
            asyncio.run(run(settings))
    except WrongSettings as wrong:
        print(wrong, file=sys.stderr)
        return 2
    return 0


def _sweep(folder: Path) -> None:
    if folder.name.startswith(SCRATCH) and folder.parent == Path(tempfile.gettempdir()):
        shutil.rmtree(folder, ignore_errors=True)


def _order(name: str, body: bytes) -> ServingOrder:
    content = hosting.content_of(body)
    known = {one.name for one in fields(ServingOrder)}
    if not isinstance(content, dict) or set(content) - known:
        raise EngineRefused(f"An order is an object with {', '.join(sorted(known))}.")
    if content.setdefault("name", name) != name:
        raise EngineRefused("The order's name differs from the address.")
    for key, value in content.items():
        if not isinstance(value, TYPES.get(key, str)) or isinstance(value, bool):
            raise EngineRefused(f"{key} has the wrong type.")
    try:
        return ServingOrder(**content)
    except TypeError:
        raise EngineRefused("An order needs name, model, version and environment.") from None


if __name__ == "__main__":
    sys.exit(main())
