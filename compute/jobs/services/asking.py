"""Submitting a job, and running one again with the same needs."""

from django.db import transaction

from compute.capacity.models import GpuFlavour
from compute.jobs.lifecycle import Priority
from compute.jobs.models import Job
from compute.jobs.services import attempts, needs, told
from compute.jobs.services.hardware import hardware_for
from compute.jobs.services.templates import require_in_use
from portal.audit.services import denied, record_all
from portal.core.background import after_commit
from portal.core.errors import Conflict, Refused
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole

RANKED = frozenset({Priority.HIGH, Priority.URGENT})
COPIED = tuple(name for name in needs.ASKS if name != "name")


@transaction.atomic
def submit(
    tenant: Tenant, *, by, name: str, command, image: str = "", template=None, step=None, **asks
) -> Job:
    """Ask for hardware to run `command` for `tenant`; `asks` are other fields of `ASKS`.

    Consumers of the tenant. `command` is a list of words, or a line as people write it. Raises
    `Refused` with the field at fault, also for a template that is archived, 403.
    """
    if template is not None:
        require_in_use(template)
    facts = {"name": name, "command": command, "image": image} | asks
    return _submit(tenant, by, facts, template=template, step=step)


def _submit(tenant: Tenant, by, asks: dict, *, template=None, step=None) -> Job:
    job, flavours = accepted(tenant, by, asks, template=template, step=step)
    write([job], flavours, by=by)
    told.moved(job)
    after_commit("jobs.order", job_id=str(job.pk))
    return job


def accepted(
    tenant: Tenant, by, asks: dict, *, template=None, step=None
) -> tuple[Job, list[GpuFlavour]]:
    """A job that `by` may have, not written yet, and the hardware it may be given, best first.

    Raises `Refused` with the field at fault, 403.
    """
    if not by.may(TenantRole.CONSUMER, tenant):
        why = f"Only people of {tenant} submit jobs for it."
        raise denied("submit a job for", tenant, by=by, why=why, tenant=tenant)
    facts = needs.checked(asks)
    require_rank(by, tenant, facts.get("priority", Priority.NORMAL))
    job = Job(tenant=tenant, person=by, template=template, step=step, **facts)
    bind(job)
    flavours = hardware_for(job)
    job.cluster = flavours[0].cluster
    return job, flavours


def write(jobs: list[Job], flavours: list[GpuFlavour], *, by) -> None:
    """Store accepted jobs that differ in names and variables alone, with their first attempts,
    their lines in the trail and on their timelines."""
    Job.objects.bulk_create(jobs)
    attempts.begin_first(jobs, flavours)
    record_all("submitted", jobs, by=by, **_facts(jobs[0]))
    said = f"Submitted by {by.username}."
    told.tell(told.line(job, "submitted", "submitted", said) for job in jobs)


@transaction.atomic
def retry(job: Job, *, by) -> Job:
    """Run an ended job again: a new job of `by` with the same needs. Who may change the job."""
    if not Job.objects.changeable_by(by).filter(pk=job.pk).exists():
        raise denied("retry", job, by=by, why="Only its submitter, owners and operators retry it.")
    if not job.ended:
        raise Conflict("This job has not ended. Cancel it first, or submit another.")
    if not by.may(TenantRole.CONSUMER, job.tenant):
        raise Refused(f"Jobs of {job.tenant} are submitted by its own people.")
    return _submit(job.tenant, by, {"name": job.name} | asks_of(job), template=job.template)


def asks_of(job: Job) -> dict:
    """The needs of a job by field, as a form or another job may take them; without its name."""
    return {field: getattr(job, field) for field in COPIED}


def bind(job: Job) -> None:
    """Keep a job with data that may not travel in one region: its tenant's unless one is named."""
    if job.data_class in needs.BOUND and not job.region:
        job.region = job.tenant.region


def require_rank(by, tenant: Tenant, priority: str) -> None:
    """High priorities are given by owners of the tenant and by operators."""
    if priority in RANKED and not (by.is_operator or by.may(TenantRole.OWNER, tenant)):
        words = f"Only owners of {tenant} and operators give this priority. Choose normal."
        raise Refused(words, field="priority")


def _facts(job: Job) -> dict:
    names = ("gpus", "gpu_memory_gb", "cpu", "memory_gb", "nodes", "time_limit_s", "priority")
    facts = {name: str(getattr(job, name)) for name in names}
    return facts | {"data_class": job.data_class, "region": job.region, "image": job.image}
