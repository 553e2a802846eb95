"""Table of contents for Celery."""

from compute.capacity import tasks as capacity
from compute.endpoints import tasks as endpoints
from compute.jobs import log_tasks as logs
from compute.jobs import plan_tasks
from compute.jobs import tasks as jobs

__all__ = ["capacity", "endpoints", "jobs", "logs", "plan_tasks"]
