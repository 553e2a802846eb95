"""Table of contents for Celery."""

from compute.endpoints import tasks as endpoints

__all__ = ["endpoints"]
