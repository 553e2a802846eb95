"""Requests and grants in the console."""

from marketplace.access.models import AccessRequest, Grant
from portal.web.admin import columns

columns(
    AccessRequest, "model", "tenant", "environment", "requester", "status", "decided_by",
    "created_at", search=("model__slug", "tenant__slug", "requester__username"),
)  # fmt: skip
columns(
    Grant, "model", "tenant", "environment", "status", "starts_at", "ends_at",
    search=("model__slug", "tenant__slug"),
)  # fmt: skip
