"""The largest job that fits, beside a packer that tries everything."""

from decimal import Decimal
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compute.capacity import services
from compute.capacity.services.placing import SIZES, placeable_on
from tests.compute.fleet import node

D = Decimal


def test_free_gpus_on_several_nodes_are_no_place_for_one_node(fleet, h100):
    fleet.runs("j-1", "claims", 6, on="h-1")
    fleet.runs("j-2", "claims", 5, on="h-2")
    found = services.placeable(h100)
    assert found["gpus_one_node"] == 3
    assert found["nodes_of"] == {1: 2, 2: 2, 4: 0, 6: 0, 8: 0}
    assert found["places"] == {1: 5, 2: 2, 4: 0, 6: 0, 8: 0}


def test_what_could_fit_is_told_apart_from_what_fits_now(fleet, h100):
    fleet.runs("j-1", "claims", 8, on="h-1")
    assert services.placeable(h100)["nodes_of"][8] == 1
    assert services.placeable(h100, now=False)["nodes_of"][8] == 2


def test_nodes_that_are_closed_silent_or_gone_are_no_place(fleet, h100):
    fleet.has(node("h-1", open=False), node("h-2", ready=False), node("h-3"))
    assert services.placeable(h100)["nodes_of"][8] == 1
    fleet.has(node("h-1", open=False))
    assert services.placeable(h100)["gpus_one_node"] == 0


def test_where_there_are_no_gpus_cores_are_counted(fleet):
    assert services.placeable(fleet.flavour("cpu"))["gpus_one_node"] == 64


def test_parts_of_a_gpu_make_no_whole_one(fleet, l40s):
    fleet.has(node("l-1", "l40s", 4, parts=4))
    shared = fleet.flavour("l40s-parts")
    fleet.runs("j-1", "claims", "0.25", on="l-1", flavour=shared.slug)
    assert services.placeable(shared)["gpus_one_node"] == 3


def packed(free: tuple[int, ...], size: int) -> int:
    """How many jobs of `size` fit side by side, by trying every number on every node."""
    best = 0
    for counts in product(*(range(units + 1) for units in free)):
        if all(count * size <= units for count, units in zip(counts, free, strict=True)):
            best = max(best, sum(counts))
    return best


def spread(free: tuple[int, ...], size: int) -> int:
    """On how many different nodes a job can have `size` each, by trying every choice of nodes."""
    choices = product((False, True), repeat=len(free))
    fits = (
        sum(choice)
        for choice in choices
        if all(units >= size for units, chosen in zip(free, choice, strict=True) if chosen)
    )
    return max(fits)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.decimals(min_value=0, max_value=8, places=2), max_size=4))
def test_places_are_as_many_as_a_packer_finds_that_tries_everything(free):
    whole = tuple(int(units) for units in free)
    found = placeable_on(free)
    for size in SIZES:
        assert found["places"][size] == packed(whole, size)
        assert found["nodes_of"][size] == spread(whole, size)
    largest = [size for size in range(1, 9) if packed(whole, size)]
    assert found["gpus_one_node"] == max(largest, default=0)
