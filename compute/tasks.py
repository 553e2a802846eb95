"""Table of contents for Celery."""

from compute.capacity import tasks as capacity
from compute.endpoints import tasks as endpoints

__all__ = ["capacity", "endpoints"]
