"""The gateway as an ASGI application of its own: no Django handler, middleware or ORM."""

import asyncio
import logging.config
import os
import time

import structlog
from django.conf import settings

from compute.gateway import figures
from compute.gateway.accounts import Accounts
from compute.gateway.calls import Calls, Clock
from compute.gateway.config import FAREWELL_PATIENCE, Config, read_config
from compute.gateway.database import Database
from compute.gateway.messages import LOOPBACK, Reply, Request
from compute.gateway.protocols.base import written
from compute.gateway.refusals import Refusal, unavailable
from compute.gateway.routes import Route, find, protocol_of
from compute.gateway.upstream import Upstream
from portal.core.ids import new_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
NOTHING = "There is nothing at this address. GET /v2 says what the gateway speaks."
NO_OPENAI = "No model here speaks the OpenAI protocol. Use /v2 or /serve; its page shows how."
log = structlog.get_logger("gateway")


class Gateway:
    """Answers HTTP requests by their route."""

    def __init__(self, config: Config):
        self.config = config
        self.database = Database(config.conninfo, config.database_patience)
        self.upstream = Upstream(config.upstream_timeout, config.vault_keys)
        self.accounts = Accounts(self.database, config)
        self.calls = Calls(self.accounts, self.upstream, config)

    async def open(self) -> None:
        await self.database.open()
        await self.upstream.open()

    async def close(self) -> None:
        """Let calls under way end and be settled; what is left over, the sweep finds."""
        self.calls.waiting.close()
        limit = time.monotonic() + FAREWELL_PATIENCE
        while self.accounts.open and time.monotonic() < limit:
            await asyncio.wait(self.accounts.open, timeout=limit - time.monotonic())
        await self.upstream.close()
        await self.database.close()

    async def http(self, scope: dict, receive, send) -> None:
        """One request, one answer, one line in the log."""
        clock, call, request = Clock(time.perf_counter()), new_id(), Request(scope, receive)
        route = find(request.path)
        protocol = route.protocol if route else protocol_of(request.path)
        try:
            reply = await self._reply(request, route, call, clock)
        except Refusal as refusal:
            body = protocol.error(refusal.status, refusal.detail)
            reply = Reply(refusal.status, body, refusal.headers)
        except Exception:
            log.exception("bug", call=str(call))
            body = protocol.error(500, "The gateway failed. The operators find it by its id.")
            reply = Reply(500, body)
        overhead = clock.overhead()
        also = [
            (b"x-request-id", str(call).encode()),
            (b"x-gateway-overhead-ms", f"{overhead:.2f}".encode()),
        ]
        figures.ANSWERS.labels(protocol.name, str(reply.status)).inc()
        if route is None or route.verb in {"predict", "describe"} or reply.status >= 400:
            _note(request, route, reply, str(call), clock)
        await reply.send(send, also)

    async def _reply(self, request: Request, route: Route | None, call, clock: Clock) -> Reply:
        if route is None:
            raise Refusal(404, NOTHING)
        if route.verb == "absent":
            raise Refusal(404, NO_OPENAI)
        if request.method != route.method:
            raise Refusal(405, f"Use {route.method} here.", allow=route.method)
        if route.verb == "predict":
            return await self.calls.predict(request, route, call, clock)
        if route.verb in {"describe", "ready", "ping", "version"}:
            return await self.calls.ask(request, route, call, clock)
        return await self._fixed(request, route.verb)

    async def _fixed(self, request: Request, verb: str) -> Reply:
        if verb == "database":
            if not await self.database.answers():
                raise unavailable()
            return Reply(200, written({"ready": True}))
        if verb == "figures":
            if request.peer not in LOOPBACK or "x-forwarded-for" in request.headers:
                raise Refusal(404, NOTHING)
            return Reply(200, figures.written(), content_type="text/plain; version=0.0.4")
        if verb == "server":
            about = {"name": "millwright", "version": self.config.version, "extensions": []}
            return Reply(200, written(about))
        return Reply(200, written({"live": True}))


class Application:
    """The ASGI callable: opens the gateway when the server starts, closes it when it ends."""

    def __init__(self, config: Config | None = None):
        self._config = config
        self.gateway: Gateway | None = None

    async def __call__(self, scope: dict, receive, send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self.gateway.http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1003})

    async def _lifespan(self, receive, send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self._config is None:
                    logging.config.dictConfig(settings.LOGGING)
                self.gateway = Gateway(self._config or read_config())
                await self.gateway.open()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.gateway.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _note(request: Request, route: Route | None, reply: Reply, call: str, clock: Clock) -> None:
    """No header, no body, no secret: what was asked, how it went, how long it took."""
    log.info(
        "call",
        call=call,
        method=request.method,
        path=request.path[:300],
        verb=route.verb if route else "",
        status=reply.status,
        ms=round(clock.milliseconds(), 2),
        overhead_ms=round(clock.overhead(), 2),
        address=request.address,
    )


application = Application()
