"""The lives of a request (people decide it) and of a grant (it ends)."""

from django.db.models import TextChoices

from portal.core.lifecycle import Lifecycle


class RequestStatus(TextChoices):
    OPEN = "open", "Waiting for a decision"
    APPROVED = "approved", "Approved"
    DENIED = "denied", "Denied"
    WITHDRAWN = "withdrawn", "Withdrawn"


class GrantStatus(TextChoices):
    ACTIVE = "active", "In force"
    ENDED = "ended", "Ended"
    REVOKED = "revoked", "Revoked"


R, G = RequestStatus, GrantStatus
REQUEST = Lifecycle(
    moves={
        R.OPEN: frozenset({R.APPROVED, R.DENIED, R.WITHDRAWN}),
        R.APPROVED: frozenset(),
        R.DENIED: frozenset(),
        R.WITHDRAWN: frozenset(),
    },
    looks={
        R.OPEN: ("warn", "wait"),
        R.APPROVED: ("ok", "ok"),
        R.DENIED: ("bad", "bad"),
        R.WITHDRAWN: ("idle", "idle"),
    },
)
GRANT = Lifecycle(
    moves={
        G.ACTIVE: frozenset({G.ENDED, G.REVOKED}),
        G.ENDED: frozenset(),
        G.REVOKED: frozenset(),
    },
    looks={G.ACTIVE: ("ok", "unlock"), G.ENDED: ("idle", "idle"), G.REVOKED: ("bad", "bad")},
)
