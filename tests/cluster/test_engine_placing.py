"""Where jobs go: all or nothing, one rack, parts of a GPU, one region, the hardware that fits."""

from decimal import Decimal

import pytest

from compute.engines.fleet import FlavourOrder
from compute.engines.jobs import EngineRefused, JobPhase, WaitCause
from portal.local.cluster.inventory import FakeNode, Group, read_inventory
from portal.local.cluster.nodes import OURS, manifest
from tests.cluster.job_stand import CORES, FLAVOURS, queue

SHARED = FlavourOrder("t4-shared", "Tesla-T4-SHARED", parts=4, cpu=Decimal(16), memory_mb=2**16)


@pytest.fixture
def bring(control_plane):
    """Make nodes for one test, with changes to what an inventory would make."""
    made = []

    def make(name, group, labels=(), holds=(), rack="r"):
        thing = manifest(FakeNode(name, group, "b", rack), read_inventory("small").cards)
        del thing["metadata"]["labels"][OURS]
        thing["metadata"]["labels"] |= dict(labels)
        for kind in ("capacity", "allocatable"):
            thing["status"][kind] = thing["status"][kind] | dict(holds)
        control_plane.api.create(thing)
        made.append(name)

    yield make
    for name in made:
        control_plane.api.request("DELETE", f"/api/v1/nodes/{name}")


def test_all_nodes_of_a_job_are_given_together_or_none(stand):
    stand.share(queue("vision", h100_80g=(16, 0)))
    single = stand.runs("single", gpus=2).name
    gang = stand.waits("gang", nodes=2)
    assert (gang.wait, gang.pods) == (WaitCause.QUOTA, ())
    stand.engine.stop(single)
    seen = stand.until(gang.name, JobPhase.RUNNING)
    assert [pod.index for pod in seen.pods] == [0, 1]
    assert {pod.node for pod in seen.pods} == {"h100-80g-0000", "h100-80g-0001"}


def test_enough_that_is_free_in_pieces_is_told_apart_from_none(stand):
    stand.share(queue("vision", h100_80g=(16, 0)))
    nodes = {stand.runs(f"small{number}", gpus=5).pods[0].node for number in range(2)}
    assert len(nodes) == 2
    seen = stand.waits("large", gpus=6)
    assert seen.wait is WaitCause.SPACE
    assert seen.words == "Enough is free, but not together in one place."


def test_nodes_that_belong_together_are_in_one_rack(bring, stand):
    group = Group("rack", 1, 96000, 2**20, gpus=8, card="H100-80G")
    for number in range(3):
        bring(f"apart-{number}", group, rack="apart")
    stand.share(queue("vision", h100_80g=(40, 0)))
    seen = stand.runs("together", nodes=3, together=True)
    assert {pod.node for pod in seen.pods} == {"apart-0", "apart-1", "apart-2"}


def test_parts_of_a_gpu_are_given_and_counted(bring, stand):
    group = Group("shared", 1, 16000, 2**16, card="T4")
    labels = {"nvidia.com/gpu.product": SHARED.product, "nvidia.com/gpu.replicas": "4"}
    bring("shared-0", group, labels=labels, holds={"nvidia.com/gpu.shared": "8"})
    stand.share(queue("vision", t4_shared=(2, 0)), flavours=(*FLAVOURS, SHARED))
    asks = {"flavours": ("t4-shared",)}
    for number in range(3):
        seen = stand.runs(f"half{number}", gpus="0.5", **asks)
    assert (seen.flavour, seen.pods[0].flavour) == ("t4-shared", "t4-shared")
    assert stand.waits("whole", gpus=1, **asks).wait is WaitCause.QUOTA
    node = next(one for one in stand.engine.nodes() if one.name == "shared-0")
    assert (node.gpus, node.parts, sum(held.gpus for held in node.holdings)) == (2, 4, 1.5)
    with pytest.raises(EngineRefused, match="parts of a GPU"):
        stand.engine.start(stand.order("no", gpus="0.5"))


def test_a_region_binds_a_job_to_its_nodes(stand):
    quotas = queue("vision", h100_80g=(16, 0), t4=(8, 0))
    stand.share(quotas)
    seen = stand.runs("west", flavours=("h100-80g", "t4"), gpus=1, region="eu-west")
    assert (seen.flavour, seen.pods[0].node[:3]) == ("t4", "t4-")
    seen = stand.waits("nowhere", gpus=1, region="eu-west")
    assert (seen.wait, seen.wait.wrong) == (WaitCause.NO_HARDWARE, True)
    assert seen.words.startswith("No machine has hardware of that kind")
    assert not seen.pods


def test_the_next_kind_of_hardware_is_taken_before_borrowing(stand):
    stand.share(queue("vision", l40s=(4,), a100_40g=(8,)), queue("claims", l40s=(4,)))
    asks = {"flavours": ("l40s", "a100-40g"), "gpus": 4}
    assert [stand.runs(f"job{n}", **asks).flavour for n in range(3)] == [
        "l40s",
        "a100-40g",
        "a100-40g",
    ]


def test_a_job_without_gpus_goes_where_there_are_none(bring, stand):
    bring("plain-0", Group("plain", 1, 8000, 2**14))
    stand.share(queue("vision", cores=(8, 0)), flavours=(*FLAVOURS, CORES))
    seen = stand.runs("prepare", flavours=("cores",), gpus=0, cpu=Decimal(4))
    assert (seen.flavour, seen.pods[0].flavour, seen.pods[0].node) == (
        "cores",
        "cores",
        "plain-0",
    )
    assert stand.waits("more", flavours=("cores",), gpus=0, cpu=Decimal(6)).wait is (
        WaitCause.QUOTA
    )


def test_a_flavour_that_nobody_knows_is_refused(stand):
    stand.share(queue("vision", h100_80g=(8,)))
    with pytest.raises(EngineRefused, match="no flavour 'abacus'"):
        stand.engine.start(stand.order("old", flavours=("abacus",)))
