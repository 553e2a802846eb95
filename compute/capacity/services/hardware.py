"""Which kinds of hardware a job could ever get."""

from decimal import Decimal

from django.db.models import Q

from compute.capacity.models import GpuFlavour
from portal.core.errors import Refused
from tenants.directory.models import Tenant


def fitting(
    tenant: Tenant,
    *,
    gpus: Decimal,
    gpu_memory_gb: int = 0,
    nodes: int = 1,
    region: str = "",
) -> list[GpuFlavour]:
    """Flavours of open clusters that the tenant may use, the smallest that fits first.

    `gpus` are those of one node; cores are not held back. Raises `Refused` with plain words
    when there is none.
    """
    found = GpuFlavour.objects.filter(cluster__open=True).select_related("cluster__provider")
    if region:
        found = found.filter(cluster__region=region)
    if not gpus:
        found = found.filter(product="")
    else:
        need = gpus * nodes
        mine = Q(quotas__tenant=tenant)
        found = found.with_gpus().filter(memory_gb__gte=gpu_memory_gb).filter(mine).distinct()
        found = [one for one in found if _could_hold(one, tenant, need)]
    ordered = sorted(found, key=lambda one: (one.memory_gb, one.generation, one.slug))
    if not ordered:
        raise Refused("No hardware of your quota fits these needs. Ask for less.", field="gpus")
    return ordered


def _could_hold(flavour: GpuFlavour, tenant: Tenant, need: Decimal) -> bool:
    quota = flavour.quotas.filter(tenant=tenant).first()
    if quota is None:
        return False
    return quota.borrow is None or quota.guaranteed + quota.borrow >= need
