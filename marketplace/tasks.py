"""Table of contents for Celery."""

from marketplace.access import tasks as access
from marketplace.catalog import tasks as catalog

__all__ = ["access", "catalog"]
