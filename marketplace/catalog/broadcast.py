"""Saying that models moved: to the open pages of the people who look after them."""

from collections.abc import Iterable

from django.db.models import Q

from portal.core import tenancy
from portal.notices import broadcast as people
from tenants.directory.models import Membership, User
from tenants.directory.roles import PlatformRole, TenantRole

MODELS = "models"
ANSWERING = (TenantRole.PUBLISHER, TenantRole.OWNER)


def moved(tenants: Iterable[str]) -> None:
    """After commit, hint to the operators and to the publishers of `tenants` (slugs)."""
    with tenancy.as_system():
        seats = Membership.objects.filter(tenant__slug__in=set(tenants), role__in=ANSWERING)
        operators = Q(groups__name=PlatformRole.OPERATOR.group_name)
        known = User.objects.filter(operators | Q(pk__in=seats.values("user")), is_active=True)
        people.moved(list(known.values_list("pk", flat=True).distinct()), MODELS)
