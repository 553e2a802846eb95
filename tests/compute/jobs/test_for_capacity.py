"""What the pages of capacity show of jobs."""

from decimal import Decimal

import pytest

from compute.capacity import upward
from compute.jobs import for_capacity, services
from compute.jobs.lifecycle import JobStatus
from compute.jobs.models import Job
from tests.compute.jobs import stage


@pytest.fixture
def waiting(a100, claims, consumer):
    """Two jobs of claims that wait, of 2 GPUs and of 4 on each of 2 nodes; one that runs."""
    jobs = [
        stage.ask(claims, consumer, name="small", gpus=2),
        stage.ask(claims, consumer, name="wide", gpus=4, nodes=2),
        stage.ask(claims, consumer, name="runs", gpus=1),
    ]
    for each in jobs:
        services.converge(each.pk)
    engine = stage.engine(a100.cluster)
    engine.run(stage.attempt_name(jobs[2]), flavour="a100", nodes=("a100-0",))
    services.converge(jobs[2].pk)
    assert stage.fresh(jobs[2]).status == JobStatus.RUNNING
    return jobs


def test_what_waits_is_counted_by_kind_and_tenant(waiting, a100, operator):
    told = for_capacity.waiting(operator, most=8)
    here = (a100.cluster_id, "a100")
    assert told.total == upward.Count(2, Decimal(10))
    assert told.flavours == {here: upward.Count(2, Decimal(10))}
    assert told.tenants == {(*here, "claims"): upward.Count(2, Decimal(10))}
    assert told.since == waiting[0].created_at


def test_the_next_are_told_with_what_they_need_and_why(waiting, operator):
    told = for_capacity.waiting(operator, most=8).first
    assert {each.name: each.needs for each in told} == {
        "small": "2 GPUs", "wide": "4 GPUs on each of 2 nodes",
    }  # fmt: skip
    assert all(each.why and each.tenant == "claims" for each in told)
    assert len(for_capacity.waiting(operator, most=1).first) == 1


def test_a_flavour_is_asked_for_alone(waiting, a100, operator):
    other = stage.flavour(a100.cluster, "t4", product="T4")
    assert for_capacity.waiting(operator, most=8, flavour=other).total.jobs == 0
    assert for_capacity.waiting(operator, most=8, flavour=a100).total.jobs == 2


def test_nobody_sees_what_waits_of_others(waiting, stranger, consumer):
    assert for_capacity.waiting(stranger, most=8) == upward.Queued()
    assert for_capacity.waiting(consumer, most=8).total.jobs == 2


def test_a_job_that_needs_a_person_is_told_as_such(waiting, operator):
    Job.objects.filter(pk=waiting[0].pk).update(cause="too_large")
    told = for_capacity.waiting(operator, most=8).first
    assert [each.name for each in told if each.wrong] == ["small"]


def test_holders_are_named_to_those_who_may_see_them(waiting, operator, stranger):
    name = stage.attempt_name(waiting[2])
    assert for_capacity.holders(operator, {name, "j-elsewhere-1"})[name].name == "runs"
    assert for_capacity.holders(stranger, {name}) == {}


def test_the_pages_show_them(waiting, client, operator, consumer, a100):
    client.force_login(operator)
    page = client.get("/capacity/").content.decode()
    assert "2 jobs, 10" in page and ">wide</a>" in page
    there = client.get(a100.get_absolute_url()).content.decode()
    assert ">small</a>" in there
    client.force_login(consumer)
    assert ">small</a>" in client.get("/capacity/").content.decode()
