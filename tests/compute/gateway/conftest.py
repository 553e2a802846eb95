"""A real gateway on a real port, beside a worker that follows a script."""

from dataclasses import replace

import pytest

from compute.gateway.asgi import Application
from compute.gateway.config import read_config
from tests.committed import sweep_away
from tests.compute.gateway.server import Served
from tests.compute.gateway.stage import Stage
from tests.compute.gateway.upstream import ScriptedWorker


@pytest.fixture(scope="module")
def committed(django_db_setup, django_db_blocker):
    """These stories commit; afterwards the tables are empty again."""
    with django_db_blocker.unblock():
        yield
        sweep_away()


@pytest.fixture(scope="module")
def gateway(committed):
    config = replace(read_config(), upstream_timeout=1.5, body_patience=1.0, start_patience=2.5)
    served = Served(Application(config)).start()
    yield served
    served.stop()


@pytest.fixture
def worker():
    scripted = ScriptedWorker("a token for tests")
    scripted.start()
    yield scripted
    scripted.stop()


@pytest.fixture
def stage(gateway, worker) -> Stage:
    return Stage(gateway.port, worker)
