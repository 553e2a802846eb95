"""Pages of the catalogue."""

from marketplace.catalog.views.browse import Catalogue, Detail, Version, Versions
from marketplace.catalog.views.comparing import Compare
from marketplace.catalog.views.desk import (
    Claim,
    Edit,
    Mine,
    Pin,
    Preview,
    Publish,
    Restore,
    Retire,
    Row,
    Unpin,
)
from marketplace.catalog.views.knowing import Changes, Known
from marketplace.catalog.views.wishes import (
    Answer,
    ForgetView,
    KeepView,
    Want,
    Wanted,
    WantedList,
    WithdrawWish,
)
from marketplace.catalog.views.words import ChangeWords, DropWords, Words

__all__ = [
    "Answer",
    "Catalogue",
    "ChangeWords",
    "Changes",
    "Claim",
    "Compare",
    "Detail",
    "DropWords",
    "Edit",
    "ForgetView",
    "KeepView",
    "Known",
    "Mine",
    "Pin",
    "Preview",
    "Publish",
    "Restore",
    "Retire",
    "Row",
    "Unpin",
    "Version",
    "Versions",
    "Want",
    "Wanted",
    "WantedList",
    "WithdrawWish",
    "Words",
]
