"""The verbs of capacity, and what is read of it."""

from compute.capacity.services.clusters import discover
from compute.capacity.services.engine import engine_of, forget_engines
from compute.capacity.services.fitting import fitting, hourly
from compute.capacity.services.looking import look
from compute.capacity.services.placing import placeable

__all__ = [
    "discover",
    "engine_of",
    "fitting",
    "forget_engines",
    "hourly",
    "look",
    "placeable",
]
