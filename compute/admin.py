"""Table of contents for Django's admin."""

from compute.endpoints import admin as endpoints

__all__ = ["endpoints"]
