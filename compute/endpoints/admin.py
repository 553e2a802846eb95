"""Endpoints and routes in the console."""

from compute.endpoints.models import Endpoint, Route, ServingRuntime
from portal.web.admin import columns

columns(
    Endpoint, "__str__", "tenant", "status", "wanted", "replicas", "restarts", "seen_at",
    search=("model__slug", "tenant__slug"),
)  # fmt: skip
columns(Route, "model", "environment", "endpoint", search=("model__slug",))
columns(ServingRuntime, "__str__", "python", "seen_at")
