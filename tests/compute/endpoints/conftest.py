"""A serving engine in memory, fresh for each test."""

import pytest

from compute.endpoints import services
from compute.endpoints.services.engine import _made, engine


@pytest.fixture
def host():
    _made.cache_clear()
    yield engine()
    _made.cache_clear()


@pytest.fixture
def ready(host):
    """Brings an endpoint to where it answers."""

    def make_ready(endpoint):
        services.converge(endpoint.pk)
        host.settle()
        return services.converge(endpoint.pk)

    return make_ready


@pytest.fixture
def served(model, ready, publisher):
    """The model of vision, served and ready in all environments."""
    return ready(services.deploy(model, model.versions.get(), by=publisher))
