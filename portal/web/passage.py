"""The portal's port also answers for the gateway: those requests are handed on, unbuffered.

Convenient on one machine and for trying; a larger installation routes them at its ingress.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

PREFIXES = ("/v1", "/v2", "/serve")
HOP_BY_HOP = {
    b"connection",
    b"expect",
    b"host",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
NOT_ASKED = HOP_BY_HOP | {b"cookie", b"x-forwarded-for"}  # the session is the portal's alone
NOT_TOLD = HOP_BY_HOP | {b"date", b"server"}
PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=3)
CONNECTIONS = 256
DOWN = "The gateway does not answer now. Try again in a few seconds."


class Passage:
    """An ASGI application in front of `inner`; knows the way to the gateway, and no more."""

    def __init__(self, inner, gateway_url: str):
        self.inner, self.gateway_url = inner, gateway_url
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: dict, receive, send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http" or not _is_for_the_gateway(scope["path"]):
            await self.inner(scope, receive, send)
            return
        client = _Client(receive)
        asked = asyncio.create_task(self._ask(scope, client, send))
        gone = asyncio.create_task(client.gone())
        try:
            await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                asked.result()
        finally:
            for task in (asked, gone):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
                    await task

    async def _live(self, receive, send) -> None:
        """Close what was opened when the server ends."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
                continue
            if self._session:
                await self._session.close()
            await send({"type": "lifespan.shutdown.complete"})
            return

    async def _ask(self, scope: dict, client: "_Client", send) -> None:
        started = False
        try:
            async with self._opened().request(
                scope["method"],
                self._address(scope),
                headers=_asked(scope),
                data=client.body() if _has_body(scope) else client.nothing(),
                allow_redirects=False,
            ) as answer:
                started = True
                await _relay(answer, send)
        except (aiohttp.ClientError, OSError):
            if started:
                raise  # the server cuts the connection, so that half an answer is no answer
            await _say_down(send)

    def _address(self, scope: dict) -> URL:
        path, query = scope.get("raw_path") or scope["path"].encode(), scope["query_string"]
        text = (path + (b"?" + query if query else b"")).decode("latin-1")
        return URL(self.gateway_url + text, encoded=True)

    def _opened(self) -> aiohttp.ClientSession:
        """One session for this process, made inside its running loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=4),
                timeout=PATIENCE,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers={"User-Agent", "Accept", "Accept-Encoding", "Content-Type"},
            )
        return self._session


class _Client:
    """Who asks: gives its body piece by piece, and is then watched until it hangs up."""

    def __init__(self, receive):
        self._receive = receive
        self._sent, self._left = asyncio.Event(), False

    def nothing(self) -> None:
        """There is no body to wait for."""
        self._sent.set()

    async def body(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._left = True
                break
            if message.get("body"):
                yield message["body"]
            more = message.get("more_body", False)
        self._sent.set()
        if self._left:
            raise aiohttp.ClientConnectionError("The client went away.")

    async def gone(self) -> None:
        """Ends when the client has hung up; reads nothing that belongs to the body."""
        await self._sent.wait()
        while not self._left:
            self._left = (await self._receive())["type"] == "http.disconnect"


async def _relay(answer: aiohttp.ClientResponse, send) -> None:
    headers = [(k.lower(), v) for k, v in answer.raw_headers if k.lower() not in NOT_TOLD]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    async for part in answer.content.iter_any():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _say_down(send) -> None:
    body = json.dumps({"error": DOWN}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"2"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _asked(scope: dict) -> list[tuple[str, str]]:
    """The request's headers without those of the connection, and who it came from."""
    headers = dict(scope["headers"])
    named = {word.strip().lower() for word in headers.get(b"connection", b"").split(b",")}
    kept = [(k, v) for k, v in scope["headers"] if k not in NOT_ASKED | named]
    kept.append((b"x-forwarded-for", (scope.get("client") or ("",))[0].encode()))
    return [(k.decode("latin-1"), v.decode("latin-1")) for k, v in kept]


def _is_for_the_gateway(path: str) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PREFIXES)


def _has_body(scope: dict) -> bool:
    names = {name for name, _ in scope["headers"]}
    return b"transfer-encoding" in names or b"content-length" in names
