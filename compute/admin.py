"""Table of contents for Django's admin."""

from compute.capacity import admin as capacity
from compute.endpoints import admin as endpoints
from compute.jobs import admin as jobs

__all__ = ["capacity", "endpoints", "jobs"]
