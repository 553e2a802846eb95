"""What a tenant may have of a flavour: its own, and what others leave it."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, DecimalField, Sum, When

from compute.capacity import sharing
from compute.capacity.models import GpuFlavour, Node, Quota
from compute.capacity.sharing import Share
from portal.core import tenancy
from tenants.directory.models import Tenant

ZERO = Decimal(0)
UNITS = Case(When(gpus__gt=0, then="gpus"), default="cpu", output_field=DecimalField())


def total_of(flavour: GpuFlavour) -> Decimal:
    """Units that its nodes have together: those that are there, whether or not they answer now."""
    return _totals([flavour]).get(flavour.pk, ZERO)


def quoted(flavour: GpuFlavour) -> list[Share]:
    """Everybody's quota of `flavour`, with nothing used; queues that are closed have none."""
    return _quoted([flavour])[flavour.pk]


def limits(flavours: Sequence[GpuFlavour], tenant: Tenant) -> dict[UUID, Decimal]:
    """The most that `tenant` could ever have of each, in units, by the id of the flavour.

    Its guarantee and, as far as it may borrow, what nobody is guaranteed and others lend.
    """
    shares, totals, found = _quoted(flavours), _totals(flavours), {}
    for flavour in flavours:
        every = shares[flavour.pk]
        mine = next((one for one in every if one.tenant == tenant.slug), Share(tenant.slug))
        found[flavour.pk] = sharing.most(mine, every, totals.get(flavour.pk, ZERO))
    return found


def _totals(flavours: Sequence[GpuFlavour]) -> dict[UUID, Decimal]:
    nodes = Node.objects.filter(flavour__in=flavours, gone_at=None).order_by()
    return dict(nodes.values("flavour").annotate(total=Sum(UNITS)).values_list("flavour", "total"))


def _quoted(flavours: Sequence[GpuFlavour]) -> dict[UUID, list[Share]]:
    found = defaultdict(list)
    with tenancy.as_system():  # what others are guaranteed counts, whoever asks
        rows = Quota.objects.filter(flavour__in=flavours, queue__open=True).values_list(
            "flavour", "tenant__slug", "guaranteed", "borrow", "lend"
        )
        for flavour, *row in rows:
            found[flavour].append(Share(*row))
    return found
