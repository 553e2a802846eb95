"""Several workers at once, each with a connection of its own and rows that are really there."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from compute.jobs import services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Attempt, Happening, Job, Receipt, Run
from portal.core import tenancy
from portal.notices.models import Notice
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Posting
from tenants.directory.roles import TenantRole
from tests import factories
from tests.committed import sweep_away
from tests.compute.jobs import stage
from tests.conftest import person

HANDS = 4


@pytest.fixture
def world(django_db_setup, django_db_blocker):
    """A job of claims' on hardware of vision's: committed, gone afterwards."""
    with django_db_blocker.unblock():
        with tenancy.as_system():
            vision, claims = factories.tenant("vision"), factories.tenant("claims")
            someone = person("someone", claims, TenantRole.CONSUMER)
            place = stage.cluster(vision)
            a100 = stage.flavour(place)
            stage.price(a100)
            stage.quota(claims, a100)
            job = stage.ask(claims, someone, retries=1, nodes=2)
        yield SimpleNamespace(job=job, engine=stage.engine(place), person=someone)
        sweep_away()


def all_at_once(act) -> None:
    """`act` by every hand, begun in the same moment."""
    start = Barrier(HANDS)

    def run(_):
        try:
            start.wait(20)
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(HANDS) as pool:
        list(pool.map(run, range(HANDS)))


def converge_by_all(world) -> Job:
    all_at_once(lambda: services.converge(world.job.pk))
    with tenancy.as_system():
        return Job.objects.get(pk=world.job.pk)


def age() -> None:
    with tenancy.as_system():
        Attempt.objects.update(noted_at=timezone.now() - timedelta(minutes=2))
        Run.objects.update(log_read_at=timezone.now())


def test_many_hands_order_write_down_bill_and_tell_once(world):
    engine, name = world.engine, f"j-{world.job.pk.hex}"
    assert converge_by_all(world).status == JobStatus.QUEUED
    engine.run(f"{name}-1")
    assert converge_by_all(world).status == JobStatus.RUNNING
    engine.evict(f"{name}-1", rule="InCohortReclamation")
    converge_by_all(world)
    engine.run(f"{name}-1")
    converge_by_all(world)
    engine.finish(f"{name}-1", exit_code=1)
    assert converge_by_all(world).status == JobStatus.QUEUED
    engine.run(f"{name}-2")
    engine.finish(f"{name}-2")
    assert converge_by_all(world).status == JobStatus.SUCCEEDED
    age()
    assert converge_by_all(world).settled_at
    assert [order.name for order in engine.orders] == [f"{name}-1", f"{name}-2"]
    assert engine.present() == {}
    with tenancy.as_system():
        assert (Run.objects.count(), Receipt.objects.count()) == (6, 1)
        billed = Posting.objects.filter(cause="job", account="usage")
        assert {line.transaction for line in billed} == {run.pk for run in Run.objects.all()}
        kinds = list(Happening.objects.values_list("kind", flat=True))
        assert kinds.count("running") == 3 and kinds.count("evicted") == 1
        assert Notice.objects.filter(person=world.person).count() == 2
        assert chargeback.verify_ledger() == []


def test_a_cancel_beside_an_order_leaves_nothing_behind(world):
    def act():
        services.converge(world.job.pk)

    def cancel():
        with tenancy.as_system():
            services.cancel(Job.objects.get(pk=world.job.pk), by=None)

    acts = [act, cancel, act, act]
    all_at_once(lambda: acts.pop()())
    assert converge_by_all(world).status == JobStatus.CANCELLED
    age()
    assert converge_by_all(world).settled_at
    assert world.engine.present() == {} and len(world.engine.orders) <= 1


def test_sweeps_do_not_run_beside_each_other_nor_miss_anything(world):
    all_at_once(services.sweep)
    with tenancy.as_system():
        assert Job.objects.get().status == JobStatus.QUEUED
    assert len(world.engine.orders) == 1


def test_hands_that_order_at_once_take_turns_and_miss_nothing(world):
    with tenancy.as_system():
        more = [stage.ask(world.job.tenant, world.person) for _ in range(HANDS + 1)]
    starts, names = [], [world.job.pk, *(job.pk for job in more)]
    world.engine.faults = lambda moment, verb: starts.append(verb) if moment == "before" else None
    all_at_once(lambda: services.order(names.pop()))
    with tenancy.as_system():
        assert {job.status for job in Job.objects.all()} == {JobStatus.QUEUED}
    assert starts.count("start") == HANDS + 2
