"""One leader at a time, and nothing that an overtaken one could still write."""

import pytest
from django.db import connection

from compute.jobs import leasing, logs
from compute.jobs.leasing import NotLeading
from compute.jobs.models import LogLine
from tests.compute.jobs.logbook import pieces, running


def run_out(lease) -> None:
    """Let a lease end by the clock of the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE compute_lease SET until = clock_timestamp() - interval '1 second' "
            "WHERE duty = %s AND token = %s",
            [lease.duty, lease.token],
        )


def test_one_holds_the_duty_and_others_wait(db):
    first = leasing.take("first")
    assert first.token == 1
    assert leasing.take("second") is None


def test_the_token_grows_with_each_change_of_hands(db):
    first = leasing.take("first")
    run_out(first)
    second = leasing.take("second")
    assert second.token == first.token + 1
    with pytest.raises(NotLeading):
        leasing.renew(first)
    leasing.renew(second)


def test_a_late_holder_that_nobody_replaced_goes_on(db):
    first = leasing.take("first")
    run_out(first)
    leasing.renew(first)
    assert leasing.take("second") is None


def test_who_leaves_makes_room_at_once(db):
    first = leasing.take("first")
    leasing.let_go(first)
    assert leasing.take("second").token == 2


def test_duties_are_apart(db):
    assert leasing.take("first", duty="one") and leasing.take("first", duty="other")


def test_a_paused_leader_writes_nothing_once_it_is_overtaken(consumer, claims):
    run = running(consumer, claims).runs.get()
    old = leasing.take("old")
    logs.store(run, pieces("one"), token=old.token)
    run_out(old)
    new = leasing.take("new")
    with pytest.raises(NotLeading):
        logs.store(run, pieces("two", first=2), token=old.token)
    with pytest.raises(NotLeading):
        logs.finish(run.pk, "1", token=old.token)
    run.refresh_from_db()
    assert (run.log_mark, run.log_read_at) == ("1", None)
    assert logs.store(run, pieces("two", first=2), token=new.token) == 2
    assert [line.text for line in LogLine.objects.all()] == ["one", "two"]
