"""What each office finds on the start page."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.access import services as access
from marketplace.access.models import AccessRequest
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel
from marketplace.imports import services as imports
from portal.audit.services import denied, write_denials
from portal.console import office
from portal.core.actor import Scene, enter, leave
from tests import factories
from tests.portal.people import signed_in

ASKED = {"environment": "production", "purpose": "Read", "expected_calls_per_month": 1}


def told(user) -> dict:
    return {part.key: [line.label for line in part.lines] for part in office.sections(user)}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("finance", {"months", "corrections"}),
        ("governor", {"waits", "ending"}),
        ("auditor", {"denials"}),
        ("operator", {"imports"}),
        ("publisher", {"drafts", "problems"}),
        ("consumer", set()),
    ],
)
def test_each_office_has_its_lists(client, request, name, keys):
    user = request.getfixturevalue(name)
    assert set(told(user)) == keys
    page = signed_in(client, user).get("/").content.decode()
    assert all(f'id="h-office-{key}"' in page for key in keys)


def test_governance_sees_what_waits_long(governor, consumer, claims, model):
    request = access.submit(model, claims, by=consumer, duration_days=9, **ASKED)
    assert told(governor)["waits"] == []
    AccessRequest.objects.filter(pk=request.pk).update(
        created_at=timezone.now() - timedelta(days=4)
    )
    assert told(governor)["waits"] == ["digits"]


def test_governance_sees_what_ends_soon(governor, consumer, owner, claims, model):
    request = access.submit(model, claims, by=consumer, duration_days=9, **ASKED)
    access.approve(request, by=owner, digest=None)
    assert told(governor)["ending"] == ["digits"]


def test_publishers_see_what_their_drafts_lack(publisher, vision):
    factories.model("half", vision, status=ModelStatus.DRAFT, card="")
    part = next(part for part in office.sections(publisher) if part.key == "drafts")
    assert part.lines[0].label == "half" and "missing: card" in part.lines[0].note


def test_auditors_see_who_was_refused(auditor, consumer, model):
    here = Scene(channel="page")
    token = enter(here)
    try:
        raised = denied("publish", model, by=consumer, why="Only publishers.")
    finally:
        leave(token)
    assert isinstance(raised, PermissionDenied)
    write_denials(here.denials)
    assert told(auditor)["denials"] == ["consumer denied publish digits"]


def test_operators_see_imports_that_wait(operator):
    imports.upload("zoo.csv", b"source,name\nzoo,eyes\n", by=operator)
    assert told(operator)["imports"] == ["zoo.csv"]


def test_more_drafts_cost_no_more_questions(client, publisher, vision):
    page, counts = signed_in(client, publisher), []
    page.get("/")
    for more in (1, 4):
        for number in range(more):
            factories.model(f"half-{more}-{number}", vision, status=ModelStatus.DRAFT)
        with CaptureQueriesContext(connection) as asked:
            page.get("/")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 45, counts
    assert AIModel.objects.filter(status=ModelStatus.DRAFT).count() == 5
