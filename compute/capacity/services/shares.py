"""What a tenant may have of a flavour: its own, and what others leave it."""

from decimal import Decimal

from compute.capacity import sharing
from compute.capacity.models import GpuFlavour, Node, Quota
from compute.capacity.sharing import Share
from portal.core import tenancy
from tenants.directory.models import Tenant


def total_of(flavour: GpuFlavour) -> Decimal:
    """Units that its nodes have together: those that are there, whether or not they answer now."""
    nodes = Node.objects.filter(flavour=flavour, gone_at=None).only("gpus", "cpu")
    return sum((node.units for node in nodes), Decimal(0))


def quoted(flavour: GpuFlavour) -> list[Share]:
    """Everybody's quota of `flavour`, with nothing used; queues that are closed have none."""
    with tenancy.as_system():  # what others are guaranteed counts, whoever asks
        rows = Quota.objects.filter(flavour=flavour, queue__open=True).values_list(
            "tenant__slug", "guaranteed", "borrow", "lend"
        )
        return [Share(*row) for row in rows]


def limits(flavour: GpuFlavour, tenant: Tenant) -> Decimal:
    """The most that `tenant` could ever have of `flavour`, in units.

    Its guarantee and, as far as it may borrow, what nobody is guaranteed and others lend.
    """
    shares = quoted(flavour)
    mine = next((each for each in shares if each.tenant == tenant.slug), Share(tenant.slug))
    return sharing.most(mine, shares, total_of(flavour))
