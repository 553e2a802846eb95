"""Ratings, reports and replies in the console."""

from marketplace.feedback.models import Affected, Rating, Reply, Report
from portal.web.admin import columns

columns(Rating, "model", "tenant", "stars", "created_at", search=("model__slug", "tenant__slug"))
columns(
    Report, "model", "title", "tenant", "status", "fixed_in", "public", "created_at",
    search=("model__slug", "tenant__slug", "title"),
)  # fmt: skip
columns(Reply, "report", "tenant", "by_publisher", "created_at", search=("report__model__slug",))
columns(Affected, "report", "tenant", "created_at", search=("report__model__slug",))
