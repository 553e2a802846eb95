"""Accounts of every kind, and their way to ask the REST API inside this process."""

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.core import tenancy
from tenants.directory import services as directory
from tenants.directory.models import Tenant, User
from tenants.directory.roles import PlatformRole, TenantRole

ACCOUNTS = {
    "consumer of one team": (["team-77"], TenantRole.CONSUMER, ""),
    "consumer of a large team": (["team-2"], TenantRole.CONSUMER, ""),
    "publisher of five teams": (
        ["team-1", "team-10", "team-20", "team-30", "team-40"], TenantRole.PUBLISHER, "",
    ),
    "owner of a division of 20": (["team-500"], TenantRole.OWNER, ""),
    "operator": ([], "", PlatformRole.OPERATOR),
    "governance": ([], "", PlatformRole.GOVERNANCE),
}  # fmt: skip


class Visitor:
    """A person with a session; every answer must be 200."""

    def __init__(self, user: User):
        self.client = Client(SERVER_NAME="127.0.0.1")
        self.client.force_login(user)

    def get(self, path: str) -> dict:
        answer = self.client.get(f"/api/v1/{path}")
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.content[:300]!r}")
        return answer.json()

    def queries(self, path: str) -> int:
        """How many questions the database is asked for one answer."""
        with CaptureQueriesContext(connection) as caught:
            self.get(path)
        return len(caught)


def visitor(name: str) -> Visitor:
    """The account of that kind; made on the first asking."""
    tenants, role, platform = ACCOUNTS[name]
    username = name.replace(" ", "-")
    with tenancy.as_system():
        user = User.objects.filter(username=username).first() or directory.enrol(
            username, by=None, email=f"{username}@example.org", password="a fine password"
        )
        for slug in tenants:
            tenant = Tenant.objects.get(slug=slug)
            if not user.memberships.filter(tenant=tenant, role=role).exists():
                directory.seat(user, tenant, role, by=None)
        if platform and not user.platform_roles:
            Group.objects.get_or_create(name=PlatformRole(platform).group_name)
            directory.appoint(user, platform, by=None)
        return Visitor(user)
