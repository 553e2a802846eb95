"""A cluster of vision's on which claims may run jobs."""

from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core.cache import cache

from compute.capacity import services as capacity
from portal.core import tenancy
from tenants.directory.roles import PlatformRole, TenantRole
from tests import factories
from tests.committed import sweep_away
from tests.compute.jobs import stage
from tests.conftest import person


@pytest.fixture(autouse=True)
def engines_in_memory(settings):
    settings.JOB_ENGINES = stage.ENGINES
    cache.clear()
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


@pytest.fixture
def company(django_db_setup, django_db_blocker, engines_in_memory):
    """The same, really stored, for stories with several hands or open sockets."""
    with django_db_blocker.unblock():
        with tenancy.as_system():
            made = _company()
        yield made
        sweep_away()


def _company() -> SimpleNamespace:
    for role in PlatformRole:
        Group.objects.get_or_create(name=role.group_name)
    vision, claims, retail = (factories.tenant(s) for s in ("vision", "claims", "retail"))
    cluster = stage.cluster(vision)
    a100 = stage.flavour(cluster)
    stage.price(a100)
    stage.quota(claims, a100)
    return SimpleNamespace(
        vision=vision, claims=claims, engine=stage.engine(cluster),
        consumer=person("consumer", claims, TenantRole.CONSUMER),
        stranger=person("stranger", retail, TenantRole.CONSUMER),
        auditor=person("auditor", platform=PlatformRole.AUDITOR),
    )  # fmt: skip
