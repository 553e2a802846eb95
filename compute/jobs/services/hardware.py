"""Which hardware a job may be given."""

from compute.capacity import services as capacity
from compute.capacity.models import EngineKind, GpuFlavour
from compute.jobs.models import Job
from portal.core.errors import Refused


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
