"""Table of contents for Celery."""

from marketplace.access import tasks as access
from marketplace.catalog import tasks as catalog
from marketplace.imports import tasks as imports
from marketplace.service_levels import tasks as service_levels

__all__ = ["access", "catalog", "imports", "service_levels"]
