"""What was promised and what was measured, in the console."""

from marketplace.service_levels.models import Measured, MeasuredDay, Target
from portal.web.admin import columns

columns(
    Target, "model", "availability", "latency_ms", "latency_share", "changed_at",
    search=("model__slug",),
)  # fmt: skip
columns(Measured, "model", "environment", "window", "calls", "good", "p95_ms", "measured_at")
columns(MeasuredDay, "model", "day", "calls", "good", "fast", "excluded")
