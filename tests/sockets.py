"""A WebSocket as a browser holds one, spoken straight to the ASGI application."""

import asyncio
import json

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.test import Client

from portal.routing import live_urls

PATIENCE = 15
ORIGIN = b"http://localhost"
stack = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(live_urls)))


class Socket:
    """An open socket; `hear` gives the next text, `ended` the code with which it was closed."""

    def __init__(self, path: str, headers: list):
        scope = {"type": "websocket", "path": path, "headers": headers, "subprotocols": []}
        self.wire = ApplicationCommunicator(stack, scope | {"query_string": b""})

    async def open(self) -> bool:
        await self.wire.send_input({"type": "websocket.connect"})
        answer = await self.wire.receive_output(PATIENCE)
        return answer["type"] == "websocket.accept"

    async def hear(self) -> str:
        frame = await self.wire.receive_output(PATIENCE)
        assert frame["type"] == "websocket.send", frame
        return frame["text"]

    async def moved(self) -> str:
        """What the next hint says has moved."""
        return json.loads(await self.hear())["moved"]

    async def ended(self) -> int:
        while True:
            frame = await self.wire.receive_output(PATIENCE)
            if frame["type"] == "websocket.close":
                return frame["code"]

    async def silent(self, seconds: float = 0.5) -> bool:
        return await self.wire.receive_nothing(seconds)

    async def leave(self) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wire.wait(PATIENCE)


async def listen(path: str, user=None, origin: bytes = ORIGIN) -> Socket | None:
    """A socket that `user` opened (nobody, without one); None if it was refused."""
    headers = [(b"origin", origin), (b"host", b"localhost")]
    if user:
        name = settings.SESSION_COOKIE_NAME.encode()
        headers.append((b"cookie", name + b"=" + await sync_to_async(cookie_of)(user)))
    socket = Socket(path, headers)
    return socket if await asyncio.wait_for(socket.open(), PATIENCE) else None


def cookie_of(user) -> bytes:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value.encode()
