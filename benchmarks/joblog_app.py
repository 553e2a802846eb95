"""The portal's sockets, and beside them the naive way: one message of the channel layer a line."""

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

from portal.asgi import application as portal
from portal.asgi import passage


class Naive(AsyncWebsocketConsumer):
    """Hands every line that it hears on to its page, one by one."""

    async def connect(self):
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    @property
    def group(self) -> str:
        return f"naive.{self.scope['url_route']['kwargs']['pk']}"

    async def line(self, event):
        await self.send(text_data=event["text"])


naive = URLRouter([path("naive/<uuid:pk>/", Naive.as_asgi())])


async def sockets(scope, receive, send):
    """By address: the naive way, or the portal's own."""
    chosen = naive if scope["path"].startswith("/naive/") else portal
    await chosen(scope, receive, send)


application = ProtocolTypeRouter({"lifespan": passage, "http": passage, "websocket": sockets})
