"""The verbs of capacity."""

from compute.capacity.services.engine import engine_of, forget_engines
from compute.capacity.services.hardware import fitting

__all__ = ["engine_of", "fitting", "forget_engines"]
