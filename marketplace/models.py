"""Table of contents for Django."""

from marketplace.access.models import AccessRequest, Grant
from marketplace.catalog.models import (
    AIModel,
    AIModelGroupPermission,
    AIModelUserPermission,
    Listing,
    ModelVersion,
    RegistryWatch,
)
from marketplace.service_levels.models import Measured, MeasuredDay, Target

__all__ = [
    "AIModel",
    "AIModelGroupPermission",
    "AIModelUserPermission",
    "AccessRequest",
    "Grant",
    "Listing",
    "Measured",
    "MeasuredDay",
    "ModelVersion",
    "RegistryWatch",
    "Target",
]
