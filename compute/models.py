"""Table of contents for Django."""

from compute.endpoints.models import Endpoint, Route, ServingRuntime

__all__ = ["Endpoint", "Route", "ServingRuntime"]
