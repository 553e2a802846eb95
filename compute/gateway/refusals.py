"""Why a call is not made: the status, the words, and whether the trail should know."""

from dataclasses import KW_ONLY, dataclass
from uuid import UUID

PORTAL_DOWN = "The gateway cannot reach its database. Nothing was called or billed; try again."


@dataclass(frozen=True)
class Denial:
    """A known key was refused: what the trail keeps of it."""

    holder_id: UUID
    holder: str
    key: str
    tenant_id: UUID
    subject_type: str
    subject_id: UUID
    label: str


@dataclass
class Refusal(Exception):
    """The gateway says no. `detail` says what to do; `retry_after` is in seconds."""

    status: int
    detail: str
    _: KW_ONLY
    retry_after: int | None = None
    denial: Denial | None = None
    allow: str = ""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """What HTTP asks for beside the status."""
        found = []
        if self.retry_after is not None:
            found.append((b"retry-after", str(self.retry_after).encode()))
        if self.allow:
            found.append((b"allow", self.allow.encode()))
        if self.status == 401:
            found.append((b"www-authenticate", b"Bearer"))
        return found


def unavailable(detail: str = PORTAL_DOWN, retry_after: int = 2) -> Refusal:
    """503: come back soon."""
    return Refusal(503, detail, retry_after=retry_after)
