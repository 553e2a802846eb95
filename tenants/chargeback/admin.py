"""Prices, calls and statements in the console; the ledger has its own page."""

from portal.web.admin import columns
from tenants.chargeback.models import Call, Price, Statement

columns(
    Price, "model_slug", "version", "amount", "currency", "per", "meter", "valid_from", "valid_to",
    search=("model_slug", "tenant__slug"),
)  # fmt: skip
columns(
    Call, "id", "model_slug", "tenant", "environment", "http_status", "latency_ms", "ended_as",
    "started_at", search=("model_slug", "tenant__slug"),
    list_filter=("environment", "protocol", "ended_as"),
)  # fmt: skip
columns(Statement, "tenant", "period", "status", "currency", "closed_at", search=("tenant__slug",))
