"""Every address of the gateway, with every kind of key, on real connections."""

import re
from pathlib import Path

import pytest

from compute.gateway import routes
from tenants.directory import services as directory
from tenants.directory.roles import PlatformRole, TenantRole
from tenants.keys.models import PLATFORM_TENANT
from tests import factories
from tests.access.walking import METHODS, word
from tests.compute.gateway.conftest import committed, gateway
from tests.compute.gateway.stage import MLFLOW_BODY, V2_BODY, Stage, system
from tests.compute.gateway.upstream import ScriptedWorker

__all__ = ["committed", "gateway"]
HOLDERS = ("nobody", "revoked", "consumer", "owner", "stranger", "operator", "api")
TABLE = Path(__file__).parent / "tables" / "gateway.txt"
ROWS = [
    line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")
]
TOLD = {"content-type", "cache-control", "www-authenticate", "retry-after", "allow"}


@pytest.fixture(scope="module")
def world(gateway):
    """A stage with a worker that answers, and a key for each holder."""
    worker = ScriptedWorker("a token for tests")
    worker.start()
    stage = Stage(gateway.port, worker)
    with system():
        stage.keys = {"nobody": "", "consumer": stage.text} | dict(more_keys(stage))
    yield stage
    worker.stop()


def more_keys(stage):
    platform = factories.tenant(PLATFORM_TENANT)
    other = factories.tenant(f"{stage.slug}-o", parent=stage.division)
    stage.give(stage.provider, "production")
    people = {
        "owner": (stage.provider, TenantRole.OWNER),
        "stranger": (other, TenantRole.OWNER),
    }
    for name, (tenant, role) in people.items():
        person = directory.enrol(f"{stage.slug}-{name}", by=None, email=f"{name}@example.org")
        directory.seat(person, tenant, role, by=None)
        yield name, stage.make_key(tenant, person)[1]
    operator = directory.enrol("operator", by=None, email="operator@example.org")
    directory.appoint(operator, PlatformRole.OPERATOR, by=None)
    yield "operator", stage.make_key(platform, operator, scopes=["api"])[1]
    mine = stage.consumer, stage.person
    yield "api", stage.make_key(*mine, scopes=["api"])[1]
    yield "revoked", stage.make_key(*mine, status="revoked")[1]


def test_the_table_has_every_route():
    listed = {row[0] for row in ROWS}
    for path in routes.FIXED:
        assert path in listed, path
    for pattern, root in ((routes.V2_MODEL, "/v2/models/"), (routes.SERVE, "/serve/")):
        verbs = re.search(r"\(([a-z|]+)\)", pattern.pattern)[1].split("|")
        for verb in verbs:
            assert f"{root}{{model}}/{verb}" in listed, verb
    assert all(routes.find(path.format(model="m")) for path in listed)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_answers_are_those_of_the_policy(world, row):
    path, method, *expected = row
    found = [ask(world, path, method, name)[0] for name in HOLDERS]
    assert dict(zip(HOLDERS, found, strict=True)) == dict(zip(HOLDERS, expected, strict=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_other_methods_are_refused(world, row):
    path, method, *_ = row
    for other in set(METHODS) - {method, "HEAD"}:
        for name in ("nobody", "consumer", "stranger"):
            got = ask(world, path, other, name)[0]
            assert got in ("no-method", "login", "hidden"), (other, name)


@pytest.mark.parametrize("row", [r for r in ROWS if "{model}" in r[0]], ids=lambda row: row[0])
def test_a_hidden_model_is_a_missing_one(world, row):
    path, method, *_ = row
    there = ask(world, path, method, "stranger")[1]
    missing = ask(world, path, method, "stranger", slug="m-absent0")[1]
    assert (there.status, there.body) == (missing.status, missing.body)
    kept = [{k: h.headers[k] for k in TOLD & h.headers.keys()} for h in (there, missing)]
    assert kept[0] == kept[1] and there.headers.keys() == missing.headers.keys()


def ask(stage, path: str, method: str, name: str, slug: str = ""):
    """The word and the answer, with a body that the route reads."""
    body = None
    if method not in ("GET", "HEAD", "DELETE"):
        body = MLFLOW_BODY if "/serve" in path else V2_BODY
    place = path.format(model=slug or stage.slug)
    heard = stage.send(method, place, body, key=stage.keys[name])
    return word(heard.status, heard.headers), heard
