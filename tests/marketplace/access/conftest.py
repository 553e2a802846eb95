"""A world that is really in the database, for stories with several hands or open sockets."""

from types import SimpleNamespace

import pytest

from portal.core import tenancy
from tenants.directory.roles import PlatformRole, TenantRole
from tests import factories
from tests.committed import sweep_away
from tests.conftest import person


@pytest.fixture
def committed(django_db_setup, django_db_blocker):
    """Tenants, people and a model, committed; everything is gone afterwards."""
    with django_db_blocker.unblock():
        with tenancy.as_system():
            world = _world()
        yield world
        sweep_away()


def _world() -> SimpleNamespace:
    bank = factories.tenant("bank")
    vision, claims, retail = (
        factories.tenant(s, parent=bank) for s in ("vision", "claims", "retail")
    )
    return SimpleNamespace(
        vision=vision, claims=claims, model=factories.model("digits", vision),
        owner=person("owner", vision, TenantRole.OWNER),
        second_owner=person("second_owner", vision, TenantRole.OWNER),
        consumer=person("consumer", claims, TenantRole.CONSUMER),
        stranger=person("stranger", retail, TenantRole.CONSUMER),
        governor=person("governor", platform=PlatformRole.GOVERNANCE),
    )  # fmt: skip
