"""The cast and their world. Every test is a small story about these people."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connections

from portal.core import tenancy
from tenants.directory import services as directory
from tenants.directory.models import Tenant, User
from tenants.directory.roles import PlatformRole, TenantRole
from tests import factories


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    """The real roles: the owner migrates, the application's role runs every test."""
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        connections["owner"].close()
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(autouse=True)
def reach_everything(request):
    """Stories are set up by the platform; pages, API and sockets set their own reach."""
    if "db" in request.fixturenames:
        request.getfixturevalue("db")
        tenancy.enter(tenancy.EVERYTHING)


@pytest.fixture
def world(db):
    """The tenants of the cast: a division with three teams."""
    tenancy.enter(tenancy.EVERYTHING)
    for role in PlatformRole:
        Group.objects.get_or_create(name=role.group_name)
    bank = factories.tenant("bank")
    return {slug: factories.tenant(slug, parent=bank) for slug in ("vision", "claims", "retail")}


@pytest.fixture
def vision(world) -> Tenant:
    """The team that owns the model."""
    return world["vision"]


@pytest.fixture
def claims(world) -> Tenant:
    """The team that wants to use it."""
    return world["claims"]


@pytest.fixture
def retail(world) -> Tenant:
    """The team that has nothing to do with it."""
    return world["retail"]


def person(name: str, tenant: Tenant | None = None, role: str = "", platform: str = "") -> User:
    user = directory.enrol(name, by=None, email=f"{name}@example.org", password="a fine password")
    if tenant:
        directory.seat(user, tenant, role, by=None)
    if platform:
        directory.appoint(user, platform, by=None)
    return user


@pytest.fixture
def owner(vision) -> User:
    return person("owner", vision, TenantRole.OWNER)


@pytest.fixture
def second_owner(vision) -> User:
    return person("second_owner", vision, TenantRole.OWNER)


@pytest.fixture
def publisher(vision) -> User:
    return person("publisher", vision, TenantRole.PUBLISHER)


@pytest.fixture
def consumer(claims) -> User:
    return person("consumer", claims, TenantRole.CONSUMER)


@pytest.fixture
def stranger(retail) -> User:
    return person("stranger", retail, TenantRole.CONSUMER)


@pytest.fixture
def operator(world) -> User:
    return person("operator", platform=PlatformRole.OPERATOR)


@pytest.fixture
def governor(world) -> User:
    return person("governor", platform=PlatformRole.GOVERNANCE)


@pytest.fixture
def finance(world) -> User:
    return person("finance", platform=PlatformRole.FINANCE)


@pytest.fixture
def auditor(world) -> User:
    return person("auditor", platform=PlatformRole.AUDITOR)


@pytest.fixture
def model(vision):
    """A published model of vision that everyone may find, with one version and a price."""
    return factories.model("digits", vision)
