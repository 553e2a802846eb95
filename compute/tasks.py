"""Table of contents for Celery."""

from compute.endpoints import tasks as endpoints
from compute.jobs import tasks as jobs

__all__ = ["endpoints", "jobs"]
