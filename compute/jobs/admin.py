"""Jobs in the console, to be read."""

from compute.jobs.models import (
    Attempt,
    Estimate,
    Happening,
    Job,
    Lease,
    Pipeline,
    Receipt,
    Run,
    Step,
    Template,
)
from portal.web.admin import columns

columns(
    Job, "name", "tenant", "person", "status", "priority", "gpus", "nodes", "created_at",
    search=("name", "tenant__slug", "person__username"),
)  # fmt: skip
columns(Attempt, "job", "number", "tenant", "evictions", "end", "ended_at")
columns(
    Run, "pod_name", "tenant", "node", "flavour", "units", "started_at", "ended_at", "billed_at"
)
columns(Receipt, "job", "tenant", "at", "rule", "by_tenant", "settled_at")
columns(Template, "name", "tenant", "person", "archived_at", search=("name", "tenant__slug"))
columns(Pipeline, "name", "tenant", "person", "status", "created_at", search=("name",))
columns(Step, "name", "pipeline", "tenant", "place", search=("name",))
columns(Happening, "words", "job", "tenant", "kind", "at")
columns(Estimate, "job_id", "tenant", "low", "high", "method", "started_at")
columns(Lease, "duty", "holder", "token", "until")
