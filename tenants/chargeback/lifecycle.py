"""The life of a statement: open while the month runs, closed for good."""

from django.db.models import TextChoices

from portal.core.lifecycle import Lifecycle


class StatementStatus(TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


STATEMENT = Lifecycle(
    moves={
        StatementStatus.OPEN: frozenset({StatementStatus.CLOSED}),
        StatementStatus.CLOSED: frozenset(),
    },
    looks={StatementStatus.OPEN: ("info", "half"), StatementStatus.CLOSED: ("ok", "ok")},
)
