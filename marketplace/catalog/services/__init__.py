"""The verbs of the catalogue."""

from marketplace.catalog.services.editing import (
    edit,
    history,
    pin,
    require_publisher,
    retirement,
    unpin,
)
from marketplace.catalog.services.following import Followed, follow_registry, registry, watch
from marketplace.catalog.services.missing import Missing, missing
from marketplace.catalog.services.publishing import (
    claim,
    consequences,
    list_to,
    publish,
    restore,
    retire,
)

__all__ = [
    "Followed",
    "Missing",
    "claim",
    "consequences",
    "edit",
    "follow_registry",
    "history",
    "list_to",
    "missing",
    "pin",
    "publish",
    "registry",
    "require_publisher",
    "restore",
    "retire",
    "retirement",
    "unpin",
    "watch",
]
