"""The REST API under generated requests: no 5xx, answers as the OpenAPI document says."""

import itertools
import os

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from portal.core import tenancy
from tenants.directory.roles import TenantRole
from tenants.keys import services as keys
from tenants.keys.models import PLATFORM_TENANT
from tests import factories

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
LONG = EXAMPLES > 10
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
PEOPLE = ("consumer", "owner", "finance", "anonymous")
# In the long form each request is sent by everybody, else by the next in turn.
EVERY = 1 if LONG else 3  # of what the document suggests, a third is sent
TURNS = itertools.cycle([PEOPLE] if LONG else [(name,) for name in PEOPLE])
COUNT = itertools.count()
PUBLIC = {"/api/v1/schema/", "/api/v1/docs/"}

schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
schema.app = WSGIHandler()


@pytest.fixture(scope="module")
def bearers(stage):
    """A key with scope api for each person."""
    found = {"anonymous": {"Authorization": "Bearer mw_live_nothing"}}
    with tenancy.as_system():
        platform = factories.tenant(PLATFORM_TENANT)
        for name in PEOPLE[:-1]:
            person = stage.user(name)
            mine = person.memberships.filter(role__in=TenantRole).first()
            tenant = mine.tenant if mine else platform
            _, text = keys.issue(tenant, by=person, name="fuzz", scopes=["api"])
            found[name] = {"Authorization": f"Bearer {text}"}
    return found


@pytest.fixture(autouse=True, scope="module")
def one_connection(stage):
    """Requests end inside our transaction, so none of them may close its connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_generated_request_breaks_the_api(case, bearers):
    if case.path in PUBLIC or next(COUNT) % EVERY:
        return
    for name in next(TURNS):
        with transaction.atomic():
            response = case.call(headers=bearers[name])
            transaction.set_rollback(True)
        case.validate_response(response, checks=CHECKS)
        if name == "anonymous":
            assert response.status_code in (400, 401, 404, 405), (case.method, case.path)
