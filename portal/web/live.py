"""The base of every live page: who listens, for how long they may, and what they are sent."""

import asyncio
import json
import time
from types import SimpleNamespace

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.utils.module_loading import import_string

from portal.core import actor, tenancy
from portal.core.ids import new_id
from portal.web.middleware import too_old
from portal.web.zones import in_zone_of

SIGNED_OUT = 4401
ENDED = 4403
RECHECK = 30.0  # seconds between two looks at whether this person may still listen

Session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")


class LivePage(AsyncWebsocketConsumer):
    """One socket of one page.

    Before each message, and every `recheck` seconds, the person is read again: signed out closes
    with 4401; a closed account, or one that may see nothing here any more, with 4403.
    Subclasses say which groups to join, and in `look` what is sent.
    """

    recheck = RECHECK
    joined: tuple[str, ...] = ()
    ticking: asyncio.Task | None = None
    last: str | dict | None = None
    looking: asyncio.Lock | None = None

    async def connect(self):
        self.looking = asyncio.Lock()
        await self.accept()
        user = self.scope["user"]
        if user.is_authenticated:
            self.joined = tuple(self.groups_of(user))
        for group in self.joined:
            await self.channel_layer.group_add(group, self.channel_name)
        if await self.show():
            self.ticking = asyncio.create_task(self._tick())

    async def disconnect(self, code):
        if self.ticking:
            self.ticking.cancel()
        for group in self.joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def moved(self, event):
        """A hint from a group: look again, send what is there now."""
        await self.show(event["what"])

    async def show(self, what: str = "") -> bool:
        """Look as the person and send what is new, or close. Says whether they may stay.

        HTML that the page has is not sent again; JSON that answers a hint is. One look at a time,
        so that an older one never comes after a newer one.
        """
        async with self.looking:
            code, seen = await database_sync_to_async(self._look)(what)
            if code:
                await self.close(code=code)
                return False
            html = isinstance(seen, str)
            if seen and (seen != self.last or (what and not html)):
                await self.send(text_data=seen if html else json.dumps(seen))
            self.last = seen
        return True

    def groups_of(self, user) -> list[str]:
        """The groups whose hints this page hears."""
        raise NotImplementedError

    def look(self, user, what: str) -> str | dict | None:
        """What to send: HTML or JSON; empty for nothing new, None when `user` may see nothing.

        Runs in a transaction with the reach of `user`. `what` is the hint, empty for a look of
        our own.
        """
        raise NotImplementedError

    def _look(self, what: str):
        token = actor.enter(actor.Scene(request_id=str(new_id()), channel="live"))
        try:
            code, user = standing(self.scope)
            if code:
                return code, None
            with tenancy.acting_as(user), in_zone_of(user):
                seen = self.look(user, what)
            return (ENDED, None) if seen is None else (0, seen)
        finally:
            actor.leave(token)

    async def _tick(self):
        while True:
            await asyncio.sleep(self.recheck)
            if not await self.show():
                return


def standing(scope) -> tuple[int, object]:
    """(close code or 0, the person as they are now); nothing is kept from connecting."""
    known = scope["user"]
    if not known.is_authenticated:
        return SIGNED_OUT, None
    if not get_user_model().objects.filter(pk=known.pk, is_active=True).exists():
        return ENDED, None
    session = Session(session_key=scope["session"].session_key)
    user = get_user(SimpleNamespace(session=session))
    if not user.is_authenticated or ("seen" in session and too_old(session, int(time.time()))):
        return SIGNED_OUT, None
    return 0, user
