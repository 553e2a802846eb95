"""Which hardware can ever hold a job, and what people are told when none can."""

import pytest

from compute.capacity import services
from portal.core.errors import Refused
from tests import factories
from tests.compute.fleet import Fleet, node


@pytest.fixture
def mixed(vision):
    return Fleet(vision).has(
        node("h-1"), node("h-2"), node("a-1", "a100"), node("t-1", "t4", 4),
        node("p-1", "l40s", 4, parts=4), node("w-1", "l40s", 4, region="eu-west"),
        node("c-1", "cpu"),
    )  # fmt: skip


def found(tenant, gpus=1, memory=0, **more) -> list[str]:
    return [f.slug for f in services.fitting(tenant, gpus=gpus, gpu_memory_gb=memory, **more)]


def test_the_smallest_and_oldest_that_fits_comes_first(mixed, claims):
    assert found(claims) == ["t4", "a100-40gb", "l40s", "h100-80gb"]
    assert found(claims, memory=40) == ["a100-40gb", "l40s", "h100-80gb"]
    assert found(claims, 8) == ["a100-40gb", "h100-80gb"]


def test_a_part_of_a_gpu_goes_where_gpus_are_shared(mixed, claims):
    assert found(claims, "0.5") == ["l40s-parts"]


def test_without_gpus_it_goes_where_there_are_none(mixed, claims):
    assert found(claims, 0, cpu=8, memory_gb=16) == ["cpu"]


def test_a_region_holds_a_job(mixed, claims):
    assert found(claims, region="eu-west") == ["l40s"]


def test_nodes_are_counted_that_could_each_hold_it(mixed, claims):
    assert found(claims, 8, nodes=2) == ["h100-80gb"]


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"gpus": 9}, "gpus", "8 GPUs at most"),
        ({"gpus": "1.5"}, "gpus", "less than one"),
        ({"gpus": "0.3"}, "gpus", "parts of 0.25"),
        ({"gpus": 1, "memory": 100}, "gpu_memory_gb", "largest GPU here has 80 GB"),
        ({"gpus": 1, "region": "us-east"}, "region", "us-east"),
        ({"gpus": 8, "nodes": 3}, "nodes", "Only 2 nodes"),
        ({"gpus": 1, "cpu": 65}, "cpu", "64 cores at most"),
        ({"gpus": 1, "memory_gb": 257}, "memory_gb", "256 GB of memory"),
        ({"gpus": 0, "region": "eu-west"}, "region", "no such nodes in eu-west"),
    ],
)
def test_what_never_fits_is_refused_with_what_would(mixed, claims, asked, field, words):
    with pytest.raises(Refused, match=words) as refused:
        found(claims, **asked)
    assert refused.value.field == field


def test_a_quota_that_could_never_hold_it_is_said(fleet, h100, claims, operator):
    queue = fleet.queue(claims)
    services.set_quota(queue, h100, by=operator, guaranteed=2, borrow=2)
    assert found(claims, 4, 80) == ["h100-80gb"]
    with pytest.raises(Refused, match="4 GPUs of that at most"):
        found(claims, 8, 80)


def test_what_others_keep_for_themselves_is_not_counted(fleet, h100, vision, claims, operator):
    services.set_quota(fleet.queue(vision), h100, by=operator, guaranteed=12, lend=0)
    assert found(claims, 4, 80) == ["h100-80gb"]
    with pytest.raises(Refused, match="4 GPUs of that at most"):
        found(claims, 8, 80)


def test_closed_clusters_and_closed_places_take_nothing(fleet, claims, operator):
    services.leave(fleet.queue(claims), by=operator)
    with pytest.raises(Refused, match="No cluster is open"):
        found(claims)
    services.join(claims, fleet.cluster, by=operator)
    assert found(claims)
    services.close_cluster(fleet.cluster, by=operator)
    with pytest.raises(Refused, match="No cluster is open"):
        found(claims)


def test_a_cluster_that_does_not_answer_comes_last(fleet, vision, claims):
    other = Fleet(vision, "there").has(node("x-1"))
    fleet.engine.down = True
    fleet.look()
    first, *_ = services.fitting(claims, gpus=1, gpu_memory_gb=80)
    assert first.cluster == other.cluster


def test_a_tenant_of_a_minute_ago_may_borrow(fleet):
    assert found(factories.tenant("newcomer"), memory=80) == ["h100-80gb"]
