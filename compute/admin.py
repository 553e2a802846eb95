"""Table of contents for Django's admin."""

from compute.capacity import admin as capacity
from compute.endpoints import admin as endpoints

__all__ = ["capacity", "endpoints"]
