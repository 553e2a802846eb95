"""Accounts of every kind, and their way to ask the REST API inside this process."""

import http.client
import json
import subprocess
import sys
import time
from contextlib import contextmanager

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.core import tenancy
from portal.local.ports import free_port
from tenants.directory import services as directory
from tenants.directory.models import Tenant, User
from tenants.directory.roles import PlatformRole, TenantRole

START_WITHIN = 60.0
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


@contextmanager
def caller(name: str):
    """That visitor, but over HTTP: to a server of the portal's program, in its own process."""
    visitor_ = visitor(name)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "portal.asgi:application", "--port", str(port)]
    server = subprocess.Popen([*command, "--log-level", "critical"])
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        until = time.monotonic() + START_WITHIN
        while not _answers(line) and time.monotonic() < until:
            time.sleep(0.2)
        yield Caller(line, visitor_.client.cookies["sessionid"].value)
    finally:
        line.close()
        server.terminate()
        server.wait()


class Caller:
    """A person with a session and a connection that stays open."""

    def __init__(self, line: http.client.HTTPConnection, session: str):
        self.line, self.headers = line, {"Cookie": f"sessionid={session}"}

    def get(self, path: str) -> dict:
        self.line.request("GET", f"/api/v1/{path}", headers=self.headers)
        answer = self.line.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        return json.loads(body)


def _answers(line: http.client.HTTPConnection) -> bool:
    try:
        line.request("GET", "/healthz")
        line.getresponse().read()
    except OSError:
        line.close()
        return False
    return True


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
