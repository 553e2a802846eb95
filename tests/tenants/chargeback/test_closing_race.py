"""A month is closed while somebody still writes to it, each in a transaction of their own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone
from psycopg import AsyncConnection

from compute.gateway import ledger
from portal.core import tenancy
from tenants.chargeback import services
from tenants.chargeback.models import Posting
from tenants.directory.roles import PlatformRole
from tests import factories
from tests.committed import sweep_away
from tests.conftest import person
from tests.tenants.chargeback import book
from tests.tenants.chargeback.test_statements import LAST, LAST_MONTH, THIS

WAITING = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@pytest.fixture
def world(django_db_setup, django_db_blocker):
    """A model, a tenant that owes for it, and finance: committed, gone afterwards."""
    with django_db_blocker.unblock():
        with tenancy.as_system():
            vision, claims = factories.tenant("vision"), factories.tenant("claims")
            found = SimpleNamespace(model=factories.model("digits", vision), claims=claims)
            found.finance = person("finance", platform=PlatformRole.FINANCE)
            book.used(found.model, claims, 1000, at=LAST_MONTH)
        yield found
        sweep_away()


@contextmanager
def beside(act):
    """`act` in a transaction of another connection, which stays open until the block ends."""
    done, go = Event(), Event()

    def run():
        try:
            with tenancy.as_system():
                found = act()
                done.set()
                assert go.wait(20)
                return found
        finally:
            done.set()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(run)
        assert done.wait(20)
        try:
            yield job
        finally:
            go.set()


def wait_for_a_waiter(job) -> None:
    """Until somebody waits for an advisory lock, or `job` is done without having waited."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        if job.done():
            break
        Event().wait(0.05)
    pytest.fail("Nobody waited.")


def months() -> list:
    with tenancy.as_system():
        rows = Posting.objects.filter(account="usage").order_by("period", "-nano")
        return list(rows.values_list("period", "nano"))


def apart(act):
    """`act` in a thread with a connection of its own."""

    def run():
        try:
            with tenancy.as_system():
                return act()
        finally:
            connection.close()

    pool = ThreadPoolExecutor(1)
    job = pool.submit(run)
    pool.shutdown(wait=False)
    return job


def test_closing_waits_for_a_posting_in_flight_and_counts_it(world):
    with beside(lambda: book.used(world.model, world.claims, 500, at=LAST_MONTH)):
        job = apart(lambda: services.close_period(LAST, by=world.finance))
        wait_for_a_waiter(job)
    (statement,) = job.result(20)
    assert statement.total_nano == 600_000_000
    assert months() == [(LAST, 400_000_000), (LAST, 200_000_000)]


def test_a_posting_that_meets_a_closing_goes_to_the_month_that_runs(world):
    def late():
        call = book.reserve(world.model, world.claims, at=LAST_MONTH, quantity=500)
        return book.settle(call, 500, at=timezone.now())

    with beside(lambda: services.close_period(LAST, by=world.finance)) as closing:
        job = apart(late)
        wait_for_a_waiter(job)
    assert job.result(20)
    assert [statement.total_nano for statement in closing.result(20)] == [400_000_000]
    assert months() == [(LAST, 400_000_000), (THIS, 200_000_000)]


def test_postings_of_one_month_do_not_wait_for_each_other(world):
    with beside(lambda: book.used(world.model, world.claims, 1, at=LAST_MONTH)):
        assert apart(lambda: book.used(world.model, world.claims, 2, at=LAST_MONTH)).result(20)
    assert len(months()) == 3


class Counted:
    """A connection that remembers what it was asked to execute."""

    def __init__(self, real):
        self.real, self.asked = real, []

    async def execute(self, sql, *values):
        self.asked.append(sql.split()[0])
        return await self.real.execute(sql, *values)


async def end_as_the_gateway(call) -> list[str]:
    facts = connection.get_connection_params()
    names = ("host", "port", "dbname", "user", "password")
    real = await AsyncConnection.connect(**{n: facts[n] for n in names if facts.get(n)})
    async with real:
        await real.execute("SET LOCAL millwright.reach = '*'")
        counted = Counted(real)
        ending = ledger.Ending(call.pk, "settled", call, 5, "predictions", 1, 200)
        assert await ledger.end(counted, ending)
        return counted.asked


def test_the_hold_costs_the_gateway_one_statement(world):
    with tenancy.as_system():
        call = book.reserve(world.model, world.claims)
    assert asyncio.run(end_as_the_gateway(call)) == ["UPDATE", "SELECT"]
    assert months()[-1] == (THIS, 5)
