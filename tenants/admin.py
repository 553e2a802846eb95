"""Table of contents for Django's admin."""

from tenants.chargeback import admin as chargeback
from tenants.directory import admin as directory
from tenants.keys import admin as keys

__all__ = ["chargeback", "directory", "keys"]
