"""Pages of the catalogue."""

from marketplace.catalog.views.browse import Catalogue, Detail, Version, Versions
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

__all__ = [
    "Catalogue",
    "Claim",
    "Detail",
    "Edit",
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
