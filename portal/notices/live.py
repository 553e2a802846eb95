"""The socket that every page listens to: something of mine moved."""

from portal.notices.broadcast import group_of
from portal.web.live import LivePage


class Me(LivePage):
    """`live/me/`: says what moved, never what it is; the page reads it again by itself."""

    def groups_of(self, user) -> list[str]:
        return [group_of(user.pk)]

    def look(self, user, what: str) -> dict:
        return {"moved": what} if what else {}
