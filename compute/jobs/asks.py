"""What a form of jobs begins with: the values of a template or of an earlier job."""

from compute.jobs import services
from compute.jobs.models import Job, Template

NEEDS = (
    "gpus", "gpu_memory_gb", "cpu", "memory_gb", "nodes", "together", "data_class", "region",
    "time_limit_s", "priority",
)  # fmt: skip


def start_from(template: Template | None, job: Job | None = None) -> dict:
    """What a form begins with: the values of a template or of an earlier job."""
    if job is not None:
        kept = job.template if job.template and not job.template.archived_at else None
        return services.asks_of(job) | {
            "name": job.name, "tenant": job.tenant.slug, "template": kept and kept.pk,
        }  # fmt: skip
    if template is None:
        return {}
    known = {name: value for name, value in template.asks.items() if name in services.ASKS}
    return {"name": template.name} | known | {
        "tenant": template.tenant.slug, "template": template.pk,
    }  # fmt: skip
