"""The socket of the capacity pages: hardware or its use moved."""

from compute.capacity.broadcast import GROUP
from portal.web.live import LivePage


class CapacityLive(LivePage):
    """`live/capacity/`: says that something moved, never what; the page reads itself again."""

    def groups_of(self, user) -> list[str]:
        return [GROUP]

    def look(self, user, what: str) -> dict:
        return {"moved": what} if what else {}
