"""Several hands on one pipeline, and its socket: with rows that are really committed."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from compute.jobs import services
from compute.jobs.models import Job
from portal.core import tenancy
from tenants.directory.roles import TenantRole
from tests import factories
from tests.committed import sweep_away
from tests.compute.jobs import stage
from tests.compute.jobs.plans import DIAMOND, finish, steps_of
from tests.conftest import person
from tests.sockets import listen

HANDS = 4


@pytest.fixture
def committed(django_db_setup, django_db_blocker):
    """A pipeline of claims whose first step has succeeded; everything is gone afterwards."""
    with django_db_blocker.unblock():
        with tenancy.as_system():
            world = _world()
        yield world
        sweep_away()


def _world() -> SimpleNamespace:
    vision, claims, retail = (factories.tenant(slug) for slug in ("vision", "claims", "retail"))
    stage.flavour(stage.cluster(vision), "cpu", product="")
    consumer = person("consumer", claims, TenantRole.CONSUMER)
    made = services.start_pipeline(claims, by=consumer, name="Nightly", steps=DIAMOND)
    services.converge_pipeline(made.pk)
    finish(steps_of(made)["prepare"].job)
    return SimpleNamespace(
        pipeline=made, consumer=consumer, stranger=person("stranger", retail, TenantRole.CONSUMER)
    )


def test_hands_at_the_same_moment_start_each_step_once(committed):
    together = Barrier(HANDS)

    def hand(_) -> None:
        try:
            together.wait(timeout=30)
            services.converge_pipeline(committed.pipeline.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(hand, range(HANDS)))
    with tenancy.as_system():
        slugs = list(Job.objects.order_by("id").values_list("step__slug", flat=True))
    assert sorted(slugs) == ["left", "prepare", "right"]


async def test_the_page_hears_that_a_job_of_the_pipeline_moved(committed):
    socket = await listen(f"/live/pipelines/{committed.pipeline.pk}/", committed.consumer)
    await sync_to_async(services.converge_pipeline)(committed.pipeline.pk)
    assert await socket.moved() == "pipeline"
    await socket.leave()


async def test_a_stranger_hears_nothing_of_it(committed):
    socket = await listen(f"/live/pipelines/{committed.pipeline.pk}/", committed.stranger)
    assert await socket.ended() == 4403
