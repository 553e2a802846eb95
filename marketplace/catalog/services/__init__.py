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
from marketplace.catalog.services.shelving import compare_shelf, note_levels

__all__ = [
    "Followed",
    "Missing",
    "claim",
    "compare_shelf",
    "consequences",
    "edit",
    "follow_registry",
    "history",
    "list_to",
    "missing",
    "note_levels",
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
