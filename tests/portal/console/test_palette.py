"""What the palette finds, for whom, and at what cost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compute.jobs.models import Job
from marketplace.catalog.models import Visibility
from portal.audit.services import record
from portal.console import finding
from tests import factories
from tests.portal.people import signed_in


def found(user, text: str, kind: str = "") -> dict[str, list[str]]:
    return {
        group.kind: [item.text for item in group.items] for group in finding.find(user, text, kind)
    }


def test_a_model_is_found_by_a_part_of_its_name(consumer, model):
    told = found(consumer, "digi")
    assert told["models"] == ["digits"]
    assert "Ask for access to digits" in told["verbs"]


def test_what_one_may_not_see_is_not_found(stranger, owner, vision):
    factories.model("secret-eyes", vision, visibility=Visibility.NOBODY)
    assert "models" not in found(stranger, "secret")
    assert found(owner, "secret")["models"] == ["secret-eyes"]


def test_people_of_other_teams_are_not_found(consumer, owner, operator):
    assert "people" not in found(consumer, "owner")
    assert found(operator, "owner")["people"] == ["owner"]


@pytest.mark.parametrize(
    ("name", "does", "not_this"),
    [
        ("operator", "Import a file of models", "Close a month"),
        ("finance", "Close a month", "Import a file of models"),
        ("consumer", "Make a key", "Found a tenant"),
        ("owner", "Decide on requests", "Close a month"),
    ],
)
def test_things_to_do_are_those_one_may_do(request, name, does, not_this):
    user = request.getfixturevalue(name)
    words = found(user, "", "verbs")["verbs"]
    assert does in words and not_this not in words


def test_every_address_it_offers_opens(client, request, model):
    record("edited", model, by=None)
    for name in ("consumer", "owner", "operator", "finance", "auditor", "governor"):
        user = request.getfixturevalue(name)
        page = signed_in(client, user)
        for text in ("", "digits", "vision"):
            for group in finding.find(user, text):
                for item in group.items:
                    assert page.get(item.href).status_code == 200, (name, item.href)


def test_a_kind_alone_is_looked_for(consumer, model):
    assert set(found(consumer, "digits", "models")) == {"models"}


def test_what_was_typed_is_marked_and_nothing_is_run(client, consumer, vision):
    factories.model("a-model", vision, name="<b>x")
    page = signed_in(client, consumer).get("/palette/?q=a-mo").content.decode()
    assert "<mark>a-mo</mark>del" in page
    page = signed_in(client, consumer).get("/palette/?q=%3Cb%3E%00(").content.decode()
    assert "<b>" not in page


def test_more_models_cost_no_more_questions(client, consumer, vision):
    page, counts = signed_in(client, consumer), []
    page.get("/palette/?q=eyes")
    for more in (1, 8):
        for number in range(more):
            factories.model(f"eyes-{more}-{number}", vision)
        with CaptureQueriesContext(connection) as asked:
            page.get("/palette/?q=eyes")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 22, counts


def test_strangers_are_asked_to_sign_in(client, db):
    assert client.get("/palette/?q=x").status_code == 302


def test_without_script_the_box_searches_the_catalogue(client, consumer):
    page = signed_in(client, consumer).get("/").content.decode()
    assert 'action="/models/"' in page and 'id="palette"' in page


def test_a_job_is_found_by_name_and_id_by_those_who_see_it(consumer, stranger, operator, claims):
    job = Job.objects.create(tenant=claims, person=consumer, name="Train on letters")
    for user in (consumer, operator):
        for text in ("letters", job.short_id):
            assert found(user, text)["jobs"] == ["Train on letters"]
    assert "jobs" not in found(stranger, "letters")


def test_where_nothing_fits_the_catalogue_is_searched_for_the_word_put_right(consumer, model):
    link = "Search the catalogue for digits"
    assert found(consumer, "digts") == {"search": [model.slug, link]}
    assert found(consumer, "digts", "people") == {"search": [link]}
