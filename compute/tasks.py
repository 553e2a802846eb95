"""Table of contents for Celery."""

from compute.capacity import tasks as capacity
from compute.endpoints import tasks as endpoints
from compute.jobs import plan_tasks
from compute.jobs import tasks as jobs

__all__ = ["capacity", "endpoints", "jobs", "plan_tasks"]
