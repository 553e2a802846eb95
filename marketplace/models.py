"""Table of contents for Django."""

from marketplace.access.models import AccessRequest, Grant
from marketplace.catalog.index import Entry, Synonym, Word
from marketplace.catalog.models import (
    AIModel,
    AIModelGroupPermission,
    AIModelUserPermission,
    External,
    Listing,
    ModelVersion,
    RegistryWatch,
)
from marketplace.catalog.wishes import SavedView, WantedModel
from marketplace.feedback.models import Affected, Rating, Reply, Report
from marketplace.imports.models import Import, ImportFile, ImportRow
from marketplace.service_levels.models import Measured, MeasuredDay, Target

__all__ = [
    "AIModel",
    "AIModelGroupPermission",
    "AIModelUserPermission",
    "AccessRequest",
    "Affected",
    "Entry",
    "External",
    "Grant",
    "Import",
    "ImportFile",
    "ImportRow",
    "Listing",
    "Measured",
    "MeasuredDay",
    "ModelVersion",
    "Rating",
    "RegistryWatch",
    "Reply",
    "Report",
    "SavedView",
    "Synonym",
    "Target",
    "WantedModel",
    "Word",
]
