"""Table of contents for Celery."""

from portal.notices import tasks as notices

__all__ = ["notices"]
