"""Several hands, and open pages: rows that are really there."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Sum

from compute.capacity import services
from compute.capacity.models import Cluster, Node, Quota
from portal.core import tenancy
from portal.core.errors import Refused
from tenants.directory.roles import PlatformRole, TenantRole
from tests import factories
from tests.committed import sweep_away
from tests.compute.fleet import Fleet, node
from tests.conftest import person
from tests.sockets import listen


@pytest.fixture
def committed(django_db_setup, django_db_blocker):
    """Two tenants that share sixteen H100, an operator and a person of claims."""
    with django_db_blocker.unblock():
        with tenancy.as_system():
            for role in PlatformRole:
                Group.objects.get_or_create(name=role.group_name)
            vision, claims = factories.tenant("vision"), factories.tenant("claims")
            fleet = Fleet(vision).has(node("h-1"), node("h-2"))
            world = SimpleNamespace(
                fleet=fleet, vision=vision, claims=claims,
                operator=person("operator", platform=PlatformRole.OPERATOR),
                consumer=person("consumer", claims, TenantRole.CONSUMER),
            )  # fmt: skip
        yield world
        sweep_away()


def at_once(*acts) -> list:
    """What each of `acts` returned or refused; all begin at the same moment."""
    start = Barrier(len(acts))

    def run(act):
        start.wait()
        try:
            with tenancy.as_system():
                return act()
        except Refused as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_operators_do_not_promise_the_same_gpus(committed):
    world = committed
    with tenancy.as_system():
        h100 = world.fleet.flavour("h100-80gb")
        queues = [world.fleet.queue(world.vision), world.fleet.queue(world.claims)]

    def promise(queue):
        return lambda: services.set_quota(queue, h100, by=world.operator, guaranteed=12)

    done = at_once(*(promise(queue) for queue in queues))
    assert sum(isinstance(each, Refused) for each in done) == 1
    with tenancy.as_system():
        assert Quota.objects.aggregate(all=Sum("guaranteed"))["all"] == 12


def test_looks_at_once_make_each_node_once(committed):
    fleet = committed.fleet
    fleet.engine.nodes_are(*(node(f"n-{number}") for number in range(40)))
    at_once(*[lambda: services.tend_one(Cluster.objects.get())] * 4)
    with tenancy.as_system():
        assert Node.objects.filter(gone_at=None).count() == 40


async def test_open_pages_hear_that_something_moved(committed):
    socket = await listen("/live/capacity/", committed.consumer)
    assert await socket.silent()
    await sync_to_async(services.look)(committed.fleet.cluster)
    assert await socket.moved() == "capacity"
    await socket.leave()


async def test_nobody_listens_without_signing_in(committed):
    socket = await listen("/live/capacity/")
    assert await socket.ended() == 4401
