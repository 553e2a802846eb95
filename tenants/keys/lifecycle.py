"""The life of an API key: in force until somebody ends it. Expiry is a date, not a status."""

from django.db.models import TextChoices

from portal.core.lifecycle import Lifecycle


class KeyStatus(TextChoices):
    ACTIVE = "active", "Active"
    REVOKED = "revoked", "Revoked"


KEY = Lifecycle(
    moves={
        KeyStatus.ACTIVE: frozenset({KeyStatus.REVOKED}),
        KeyStatus.REVOKED: frozenset(),
    },
    looks={KeyStatus.ACTIVE: ("ok", "ok"), KeyStatus.REVOKED: ("bad", "bad")},
)
