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
from marketplace.catalog.services.shelving import compare_shelf, compare_told, note_levels
from marketplace.catalog.services.wishing import (
    decline,
    forget_view,
    helps,
    keep_view,
    meet,
    plan,
    require_helper,
    want,
    withdraw_wish,
)
from marketplace.catalog.services.wordbook import (
    add_synonyms,
    change_synonyms,
    drop_synonyms,
    keeps_words,
    require_keeper,
)

__all__ = [
    "Followed",
    "Missing",
    "add_synonyms",
    "change_synonyms",
    "claim",
    "compare_shelf",
    "compare_told",
    "consequences",
    "decline",
    "drop_synonyms",
    "edit",
    "follow_registry",
    "forget_view",
    "helps",
    "history",
    "keep_view",
    "keeps_words",
    "list_to",
    "meet",
    "missing",
    "note_levels",
    "pin",
    "plan",
    "publish",
    "registry",
    "require_helper",
    "require_keeper",
    "require_publisher",
    "restore",
    "retire",
    "retirement",
    "unpin",
    "want",
    "watch",
    "withdraw_wish",
]
