"""The values of a job that can be asked for again: from a job, from a template, and cleaned."""

from compute.jobs.models import Job, Template

FIELDS = (
    "name", "command", "image", "gpus", "gpu_memory_gb", "cpu", "memory_gb", "nodes", "together",
    "datasets", "data_class", "region", "time_limit_s", "priority", "retries", "checkpoint",
    "variables", "notify",
)  # fmt: skip
NEEDS = (
    "gpus", "gpu_memory_gb", "cpu", "memory_gb", "nodes", "together", "data_class", "region",
    "time_limit_s", "priority",
)  # fmt: skip


def asks_of(job: Job) -> dict:
    """What was asked for, by field of the form."""
    return {name: getattr(job, name) for name in FIELDS}


def start_from(template: Template | None, job: Job | None = None) -> dict:
    """What a form begins with: the values of a template or of an earlier job."""
    if job is not None:
        return asks_of(job) | {"tenant": job.tenant.slug, "template": job.template_id}
    if template is None:
        return {}
    known = {name: value for name, value in template.asks.items() if name in FIELDS}
    return {"name": template.name} | known | {
        "tenant": template.tenant.slug, "template": template.pk,
    }  # fmt: skip
