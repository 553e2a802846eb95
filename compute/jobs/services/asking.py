"""Submitting a job, and running one again with the same needs."""

from django.db import transaction

from compute.capacity import services as capacity
from compute.capacity.models import EngineKind, GpuFlavour
from compute.jobs.lifecycle import Priority
from compute.jobs.models import Job
from compute.jobs.services import needs, told
from compute.jobs.services.templates import require_in_use
from portal.audit.services import denied, record
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
    if not by.may(TenantRole.CONSUMER, tenant):
        why = f"Only people of {tenant} submit jobs for it."
        raise denied("submit a job for", tenant, by=by, why=why, tenant=tenant)
    facts = needs.checked(asks)
    require_rank(by, tenant, facts.get("priority", Priority.NORMAL))
    job = Job(tenant=tenant, person=by, template=template, step=step, **facts)
    bind(job)
    hardware_for(job)
    job.save(force_insert=True)
    record("submitted", job, by=by, **_facts(job))
    told.happened(job, "submitted", "submitted", f"Submitted by {by.username}.")
    told.moved(job)
    after_commit("jobs.converge", job_id=str(job.pk))
    return job


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


def hardware_for(job: Job) -> list[GpuFlavour]:
    """The kinds of hardware of one cluster that the job may be given, best first.

    Raises `Refused` when there is none.
    """
    found = capacity.fitting(
        job.tenant, gpus=job.gpus, gpu_memory_gb=job.gpu_memory_gb, nodes=job.nodes,
        region=job.region, cpu=job.cpu, memory_gb=job.memory_gb,
    )  # fmt: skip
    if not job.image:
        found = [one for one in found if one.cluster.engine == EngineKind.LOCAL]
    if not found:
        raise Refused("Name the image that holds your program.", field="image")
    return [one for one in found if one.cluster_id == found[0].cluster_id]


def require_rank(by, tenant: Tenant, priority: str) -> None:
    """High priorities are given by owners of the tenant and by operators."""
    if priority in RANKED and not (by.is_operator or by.may(TenantRole.OWNER, tenant)):
        words = f"Only owners of {tenant} and operators give this priority. Choose normal."
        raise Refused(words, field="priority")


def _facts(job: Job) -> dict:
    names = ("gpus", "gpu_memory_gb", "cpu", "memory_gb", "nodes", "time_limit_s", "priority")
    facts = {name: str(getattr(job, name)) for name in names}
    return facts | {"data_class": job.data_class, "region": job.region, "image": job.image}
