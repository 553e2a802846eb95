"""A cluster of vision's on which claims may run jobs."""

import pytest
from django.conf import settings as django_settings

from compute.capacity import services as capacity
from tests.compute.jobs import stage


@pytest.fixture(autouse=True)
def engines_in_memory(settings):
    settings.JOB_ENGINES = stage.ENGINES
    capacity.forget_engines()
    yield
    capacity.forget_engines()
    assert django_settings.JOB_ENGINES == stage.ENGINES


@pytest.fixture
def cluster(vision):
    return stage.cluster(vision)


@pytest.fixture
def a100(cluster, claims):
    """GPUs for 3.60 EUR an hour, a tenth of a cent for each second; claims has
    eight, and borrows none."""
    made = stage.flavour(cluster)
    stage.price(made)
    stage.quota(claims, made, borrow=0)
    return made


@pytest.fixture
def engine(cluster):
    return stage.engine(cluster)


@pytest.fixture
def job(a100, claims, consumer):
    return stage.ask(claims, consumer)
