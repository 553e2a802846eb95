"""A small fleet: two kinds of GPUs and a machine without any."""

import pytest

from compute.capacity import services
from tests.compute.fleet import Fleet, node


@pytest.fixture(autouse=True)
def own_engines():
    """Engines of one test are not those of the next."""
    services.forget_engines()
    yield
    services.forget_engines()


@pytest.fixture
def fleet(vision) -> Fleet:
    """Two nodes of eight H100, one of four L40S, one without GPUs; every tenant has a place."""
    return Fleet(vision).has(node("h-1"), node("h-2"), node("l-1", "l40s", 4), node("c-1", "cpu"))


@pytest.fixture
def h100(fleet):
    return fleet.flavour("h100-80gb")


@pytest.fixture
def l40s(fleet):
    return fleet.flavour("l40s")
