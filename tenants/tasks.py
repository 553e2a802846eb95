"""Table of contents for Celery."""

from tenants.chargeback import tasks as chargeback
from tenants.directory import tasks as directory

__all__ = ["chargeback", "directory"]
