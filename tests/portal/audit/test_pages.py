"""The pages and the REST resource of the trail."""

import csv
import io
import json

import pytest

from portal.audit import services as audit
from portal.audit.models import Event
from tests.portal.people import signed_in


@pytest.fixture
def story(model, vision, owner):
    """A model with lines of its own and of its version."""
    audit.record("published", model, by=owner, note="For everyone")
    audit.record("registered", model.versions.get(), by=None, tenant=vision)
    return model


def test_an_auditor_finds_an_object_by_its_name_and_its_id(client, auditor, story):
    page = signed_in(client, auditor)
    for wanted in ("digits", str(story.pk)):
        answer = page.get("/audit/", {"what": wanted})
        assert b"published" in answer.content and b"For everyone" in answer.content


@pytest.mark.parametrize(
    "query",
    [
        {"actor": "owner", "verb": "publish", "tenant": "vision"},
        {"kind": "marketplace.aimodel", "since": "2020-01-01", "until": "2100-01-01"},
    ],
)
def test_filters_narrow_together(client, auditor, story, query):
    rows = signed_in(client, auditor).get("/audit/", query).context["events"]
    assert [row.verb for row in rows] == ["published"]


@pytest.mark.parametrize(
    "query",
    [
        {"since": "tomorrow"},
        {"tenant": "no-such-tenant"},
        {"since": "2026-02-01", "until": "2026-01-01"},
        {"kind": "no.such"},
        {"what": "x" * 500},
    ],
)
def test_bad_filters_are_named_and_kept(client, auditor, story, query):
    answer = signed_in(client, auditor).get("/audit/", query)
    assert b"data-form-errors" in answer.content


def test_pages_continue_where_the_last_one_ended(client, auditor, vision):
    for number in range(120):
        audit.record(f"counted {number}", vision, by=None)
    page, beyond, seen = signed_in(client, auditor), "", []
    while True:
        context = page.get("/audit/", {"verb": "counted", "beyond": beyond}).context
        seen += [event.verb for event in context["events"]]
        beyond = context["more"]
        if not beyond:
            break
    assert seen == [f"counted {number}" for number in reversed(range(120))]


def test_the_story_of_a_model_tells_of_its_versions(client, auditor, story):
    answer = signed_in(client, auditor).get(f"/audit/story/marketplace.aimodel/{story.pk}/")
    assert [event.verb for event in answer.context["events"]] == ["published", "registered"]


def test_an_event_says_whether_it_is_as_written(client, auditor, story, monkeypatch):
    event = Event.objects.about(story).first()
    page = signed_in(client, auditor)
    assert b"As written" in page.get(event.get_absolute_url()).content
    monkeypatch.setattr("portal.audit.services.seal", lambda *parts: b"another seal")
    assert b"This line is not as it was written" in page.get(event.get_absolute_url()).content


@pytest.mark.parametrize("place", ["1-1", "x", "9" * 40, "1-2-3", "-"])
def test_events_that_are_not_there_are_not_found(client, auditor, place):
    assert signed_in(client, auditor).get(f"/audit/events/{place}/").status_code == 404


def test_an_owner_reads_only_of_their_tenants(client, owner, stranger, story, retail):
    audit.record("changed", retail, by=None)
    foreign = Event.objects.about(retail).newest_first().first()
    page = signed_in(client, owner)
    assert {e.tenant_slug for e in page.get("/audit/").context["events"]} == {"vision"}
    assert page.get(foreign.get_absolute_url()).status_code == 404
    assert page.get(f"/audit/story/tenants.tenant/{retail.pk}/").status_code == 404


@pytest.mark.parametrize("path", ["/audit/", "/audit/export.csv", "/api/v1/audit/events/"])
def test_consumers_do_not_read_the_trail(client, consumer, path):
    assert signed_in(client, consumer).get(path).status_code == 403


def test_a_spreadsheet_gets_no_formulas(client, auditor, vision):
    audit.record("changed", vision, by=None, note="=HYPERLINK()")
    answer = signed_in(client, auditor).get("/audit/export.csv", {"what": "vision"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert "'=HYPERLINK()" in {row["note"] for row in rows}


def test_lines_of_json_carry_what_was_sealed(client, auditor, story):
    answer = signed_in(client, auditor).get("/audit/export.jsonl", {"verb": "published"})
    line = json.loads(answer.content.decode().splitlines()[0])
    sealed = audit.seal(line["writer"], line["wseq"], line["payload"]).hex()
    assert sealed == line["mac"]
    assert Event.objects.newest_first().first().verb == "exported the trail"


def test_programs_read_the_same_page_by_page(client, auditor, story):
    api = signed_in(client, auditor)
    first = api.get("/api/v1/audit/events/", {"page_size": 1, "subject": "digits"}).json()
    second = api.get(first["next"]).json()
    assert [first["results"][0]["verb"], second["results"][0]["verb"]] == [
        "registered",
        "published",
    ]
    one = first["results"][0]
    assert api.get(f"/api/v1/audit/events/{one['id']}/").json() == one
    assert one["genuine"] is True


@pytest.mark.parametrize(
    "query", ["cursor=x", "page_size=0", "page_size=%F0", "since=x", "tenant=x", "verb=%00"]
)
def test_programs_are_told_what_is_wrong(client, auditor, query):
    answer = signed_in(client, auditor).get(f"/api/v1/audit/events/?{query}")
    assert answer.status_code == 400
    assert answer["content-type"] == "application/problem+json"
