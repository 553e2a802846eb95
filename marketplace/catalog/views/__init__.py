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

__all__ = [
    "Catalogue",
    "Changes",
    "Claim",
    "Compare",
    "Detail",
    "Edit",
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
]
