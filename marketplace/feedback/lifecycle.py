"""The life of a problem report: its publishers and who reported it move it."""

from django.db.models import TextChoices

from portal.core.lifecycle import Lifecycle


class ReportStatus(TextChoices):
    OPEN = "open", "Open"
    CONFIRMED = "confirmed", "Confirmed"
    FIXED = "fixed", "Fixed"
    DECLINED = "declined", "Declined"
    CLOSED = "closed", "Closed"


class Kind(TextChoices):
    """What somebody says of a model."""

    RATING = "rating"
    PROBLEM = "problem"


S = ReportStatus
UNSOLVED = (S.OPEN, S.CONFIRMED)
REPORT = Lifecycle(
    moves={
        S.OPEN: frozenset({S.CONFIRMED, S.FIXED, S.DECLINED, S.CLOSED}),
        S.CONFIRMED: frozenset({S.FIXED, S.DECLINED, S.CLOSED}),
        S.FIXED: frozenset({S.OPEN, S.CLOSED}),
        S.DECLINED: frozenset({S.OPEN, S.CLOSED}),
        S.CLOSED: frozenset(),
    },
    looks={
        S.OPEN: ("warn", "flag"),
        S.CONFIRMED: ("bad", "warn"),
        S.FIXED: ("ok", "ok"),
        S.DECLINED: ("idle", "idle"),
        S.CLOSED: ("idle", "check"),
    },
)
