"""Clusters, kinds of hardware and nodes are what engines and settings say."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compute.capacity import services
from compute.capacity.kinds import even_gb, kind_of
from compute.capacity.models import Cluster, EngineKind, Node, Quota
from portal.audit.models import Event
from portal.core.errors import Refused
from tests import factories
from tests.compute.fleet import Fleet, hold, node


@pytest.mark.parametrize(
    ("product", "memory", "parts", "slug", "name", "generation"),
    [
        ("NVIDIA-H100-80GB-HBM3", 81559, 1, "h100-80gb", "H100 80 GB", 90),
        ("NVIDIA-A100-SXM4-40GB", 40960, 1, "a100-40gb", "A100 40 GB", 80),
        ("NVIDIA-L40S", 46068, 1, "l40s", "L40S 48 GB", 89),
        ("Tesla-T4", 15360, 1, "t4", "T4 16 GB", 75),
        ("Tesla-P100-PCIE-16GB", 16280, 1, "p100-16gb", "P100 16 GB", 60),
        ("NVIDIA-A10-SHARED", 23028, 4, "a10-parts", "A10 24 GB, in 4 parts", 86),
        ("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", 4864, 1, "a100-40gb-mig-1g-5gb",
         "A100 40GB MIG 1g.5gb 5 GB", 200),
        ("", 0, 1, "cpu", "CPU only", 0),
    ],
)  # fmt: skip
def test_a_product_is_called_as_people_call_it(product, memory, parts, slug, name, generation):
    kind = kind_of(product, memory, parts)
    assert (kind.slug, kind.name, kind.generation) == (slug, name, generation)


def test_what_nobody_knows_yet_counts_as_newer_than_what_is_known():
    assert kind_of("NVIDIA-Z900-200GB", 204_800).generation > kind_of("B300", 0).generation


@pytest.mark.parametrize(("mb", "gb"), [(46068, 48), (81559, 80), (15360, 16), (0, 0), (2048, 2)])
def test_memory_is_told_as_it_is_sold(mb, gb):
    assert even_gb(mb) == gb


def test_nodes_are_sorted_into_kinds(fleet):
    found = {each.slug: each.nodes.count() for each in fleet.cluster.flavours.all()}
    assert found == {"h100-80gb": 2, "l40s": 1, "cpu": 1}
    assert (fleet.cluster.reachable, fleet.cluster.region) == (True, "eu-central")


def test_one_product_in_two_regions_is_two_kinds(vision):
    fleet = Fleet(vision).has(node("a"), node("b", region="eu-west"), node("t", "t4", 4))
    found = dict(fleet.cluster.flavours.values_list("slug", "region"))
    assert found == {
        "h100-80gb-eu-central": "eu-central", "h100-80gb-eu-west": "eu-west", "t4": "eu-central",
    }  # fmt: skip


def test_a_kind_keeps_its_name_when_its_product_comes_to_another_region(fleet, h100):
    fleet.has(node("h-1"), node("w-1", region="eu-west"))
    h100.refresh_from_db()
    assert h100.slug == "h100-80gb"
    assert fleet.flavour("h100-80gb-eu-west").nodes.get().name == "w-1"


def test_products_that_people_call_the_same_are_told_apart(vision):
    other = node("b", product="NVIDIA-H100-PCIe-80GB")
    fleet = Fleet(vision).has(node("a"), other)
    assert {f.slug for f in fleet.cluster.flavours.all()} == {
        "h100-80gb", "nvidia-h100-pcie-80gb",
    }  # fmt: skip


def test_a_node_that_vanished_is_told_as_gone_and_holds_nothing(fleet, h100):
    fleet.runs("j-1", "claims", 8, on="h-1")
    fleet.has(node("h-2"))
    gone = Node.objects.get(name="h-1")
    assert (gone.condition, gone.held, gone.holdings) == ("gone", 0, [])
    fleet.has(node("h-1"), node("h-2"))
    gone.refresh_from_db()
    assert gone.gone_at is None and gone.held == 8


def test_a_look_that_changes_nothing_writes_no_node(fleet, django_assert_max_num_queries):
    with django_assert_max_num_queries(26):
        fleet.look()


def test_a_look_at_many_nodes_takes_the_statements_of_one_at_few(vision):
    fleet = Fleet(vision)

    def statements(count: int) -> int:
        fleet.has(*(node(f"n-{number}") for number in range(count)))
        with CaptureQueriesContext(connection) as asked:
            fleet.look()
        return len(asked)

    assert statements(30) == statements(3)


def test_a_silent_cluster_keeps_what_was_seen_and_says_since_when(fleet):
    seen = fleet.cluster.seen_at
    fleet.engine.down = True
    fleet.look()
    assert fleet.cluster.reachable is False
    assert (fleet.cluster.seen_at, fleet.cluster.nodes.count()) == (seen, 4)
    assert Event.objects.filter(verb="does not answer").count() == 1
    fleet.look()
    assert Event.objects.filter(verb="does not answer").count() == 1
    fleet.engine.down = False
    fleet.look()
    assert (fleet.cluster.reachable, fleet.cluster.reason) == (True, "")


def test_without_a_kubeconfig_there_is_this_machine(world, settings):
    factories.tenant(settings.CAPACITY_PROVIDER)
    services.discover()
    services.discover()
    local = Cluster.objects.get()
    assert (local.slug, local.engine, local.provider.slug) == ("local", "local", "platform")


def test_each_context_of_a_kubeconfig_is_a_cluster(world, settings, tmp_path):
    factories.tenant(settings.CAPACITY_PROVIDER)
    settings.KUBECONFIG = str(tmp_path / "config")
    (tmp_path / "config").write_text("contexts: [{name: Lab/A}, {name: lab-a}, {name: far}]")
    services.discover()
    found = dict(Cluster.objects.values_list("slug", "context"))
    assert found == {"laba": "Lab/A", "lab-a": "lab-a", "far": "far"}
    assert set(Cluster.objects.values_list("engine", flat=True)) == {EngineKind.KUEUE}


@pytest.mark.parametrize("text", ["", "contexts: 3", "contexts: []", "{"])
def test_a_kubeconfig_that_cannot_be_read_is_told(world, settings, tmp_path, text):
    settings.KUBECONFIG = str(tmp_path / "config")
    (tmp_path / "config").write_text(text)
    with pytest.raises(Refused, match="KUBECONFIG"):
        services.discover()


def test_nobody_invents_the_tenant_that_provides_hardware(world):
    with pytest.raises(Refused, match="CAPACITY_PROVIDER"):
        services.discover()
    services.tend()  # goes on, and says so in the log
    assert not Cluster.objects.exists()


def test_tending_makes_a_place_for_every_tenant(world, settings):
    factories.tenant(settings.CAPACITY_PROVIDER)
    (local,) = services.discover()
    services.engine_of(local).nodes_are(node("c-1", "cpu"))
    services.tend()
    late = factories.tenant("late")
    services.tend()
    quota = Quota.objects.get(tenant=late)
    assert (quota.guaranteed, quota.borrow, quota.lend) == (0, None, None)
    assert services.engine_of(local).fleet.ordered.queues[-1].weight == 1


def test_a_cluster_that_the_settings_forgot_is_told(fleet, settings):
    factories.tenant(settings.CAPACITY_PROVIDER)
    services.tend()
    fleet.cluster.refresh_from_db()
    assert fleet.cluster.reachable is False and "settings" in fleet.cluster.reason


def test_holdings_are_kept_as_they_were_seen(fleet):
    fleet.engine.fleet.sightings = lambda held: (
        node("h-1", holdings=(hold("claims", "2.5"), hold("retail", 1))),
    )
    fleet.look()
    seen = fleet.cluster.nodes.get(name="h-1")
    assert (seen.held, seen.free) == (3.5, 4.5)
    assert seen.holdings[0] == {"job": "j-of-claims", "tenant": "claims", "gpus": "2.5"}
