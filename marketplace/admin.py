"""Table of contents for Django's admin."""

from marketplace.access import admin as access
from marketplace.catalog import admin as catalog
from marketplace.feedback import admin as feedback
from marketplace.imports import admin as imports
from marketplace.service_levels import admin as service_levels

__all__ = ["access", "catalog", "feedback", "imports", "service_levels"]
