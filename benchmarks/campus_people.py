"""Who works on the campus: tenants with one consumer each, and the quota they have."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import Group

from compute.capacity import services as capacity
from compute.capacity.models import Queue
from portal.core import tenancy
from tenants.directory import services as directory
from tenants.directory.models import Tenant, User
from tenants.directory.roles import PlatformRole, TenantRole

SEEN_WITHIN = 60.0


@dataclass(frozen=True)
class Team:
    """A tenant and the person who submits for it."""

    tenant: Tenant
    person: User


def found(
    sizes: dict[str, int], *, pooled: bool = True, alone: Sequence[str] = ()
) -> dict[str, Team]:
    """Tenants with so many guaranteed GPUs: of the flavour in a region of their name, or else of
    the first that has any.

    `pooled`: they may borrow all that others leave, but for those that stand `alone`; otherwise
    each is a silo of its own.
    """
    with tenancy.as_system():
        operator = _operator()
        if not Tenant.objects.filter(slug=settings.CAPACITY_PROVIDER).exists():
            _tenant(settings.CAPACITY_PROVIDER)
    cluster = capacity.discover()[0]
    first = _first_flavour(cluster)
    kinds = list(cluster.flavours.with_gpus())
    teams = {slug: _team(slug) for slug in sizes}
    for slug, gpus in sizes.items():
        mine = next((kind for kind in kinds if kind.region == slug), first)
        shares = pooled and slug not in alone
        _share(teams[slug].tenant, cluster, mine, gpus, shares, operator)
        for kind in () if shares else kinds:
            if kind != mine:
                _share(teams[slug].tenant, cluster, kind, 0, False, operator)
    capacity.apply(cluster)
    return teams


def _first_flavour(cluster):
    """The first kind of GPU by name; a plane that has just come up may answer a little later."""
    give_up = time.monotonic() + SEEN_WITHIN
    while not (found := cluster.flavours.with_gpus().order_by("slug").first()):
        if time.monotonic() > give_up:
            cluster.refresh_from_db()
            raise RuntimeError(f"no GPUs are seen: {cluster.reason}")
        time.sleep(1)
        capacity.look(cluster)
    return found


def _share(tenant, cluster, flavour, gpus: int, pooled: bool, operator: User) -> None:
    with tenancy.as_system():
        queue, _ = Queue.objects.get_or_create(tenant=tenant, cluster=cluster)
        alone = None if pooled else Decimal(0)
        capacity.set_quota(
            queue, flavour, by=operator, guaranteed=Decimal(gpus), borrow=alone, lend=alone
        )


def _team(slug: str) -> Team:
    with tenancy.as_system():
        tenant = Tenant.objects.filter(slug=slug).first() or _tenant(slug)
        name = f"works-for-{slug}"
        person = User.objects.filter(username=name).first() or directory.enrol(
            name, by=None, email=f"{name}@example.org", password="a fine password"
        )
        directory.seat(person, tenant, TenantRole.CONSUMER, by=None)
        return Team(tenant, User.objects.get(pk=person.pk))


def _tenant(slug: str) -> Tenant:
    contact = f"{slug}@example.org"
    return directory.found(slug, by=None, name=slug, cost_centre=slug[:20], contact=contact)


def _operator() -> User:
    known = User.objects.filter(username="runs-the-campus").first()
    if known:
        return known
    Group.objects.get_or_create(name=PlatformRole.OPERATOR.group_name)
    made = directory.enrol(
        "runs-the-campus", by=None, email="campus@example.org", password="a fine password"
    )
    directory.appoint(made, PlatformRole.OPERATOR, by=None)
    return User.objects.get(pk=made.pk)
