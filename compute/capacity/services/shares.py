"""What a tenant may have of a flavour: its own, and what others leave it."""

from decimal import Decimal

from django.db.models import Q

from compute.capacity.models import GpuFlavour, Node, Quota
from portal.core import tenancy
from tenants.directory.models import Tenant


def total_of(flavour: GpuFlavour) -> Decimal:
    """Units that its nodes have together: those that are there, whether or not they answer now."""
    nodes = Node.objects.filter(flavour=flavour, gone_at=None).only("gpus", "cpu")
    return sum((node.units for node in nodes), Decimal(0))


def limits(flavour: GpuFlavour, tenant: Tenant) -> Decimal:
    """The most that `tenant` could ever have of `flavour`, in units.

    Its guarantee and, as far as it may borrow, what nobody is guaranteed and others lend.
    """
    total = total_of(flavour)
    with tenancy.as_system():  # what others lend counts, whoever asks
        quotas = list(Quota.objects.filter(Q(queue__open=True), flavour=flavour))
    mine = next((each for each in quotas if each.tenant_id == tenant.pk), None)
    others = [each for each in quotas if each.tenant_id != tenant.pk]
    kept = sum((held_back(each) for each in others), Decimal(0))
    own = mine.guaranteed if mine else Decimal(0)
    reach = max(Decimal(0), total - kept)
    if mine is None or mine.borrow is None:
        return reach
    return min(reach, own + mine.borrow)


def held_back(quota: Quota) -> Decimal:
    """What of its guarantee a tenant never leaves to others."""
    return Decimal(0) if quota.lend is None else max(Decimal(0), quota.guaranteed - quota.lend)
