"""Table of contents for Django."""

from compute.endpoints.models import Endpoint, Route

__all__ = ["Endpoint", "Route"]
