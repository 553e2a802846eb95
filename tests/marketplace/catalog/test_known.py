"""The card with facts: what nobody has to type, who may know it, and how complete it is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.access import services as access
from marketplace.catalog import known, origins, services
from marketplace.catalog.changes import changes
from marketplace.catalog.completeness import completeness
from marketplace.catalog.models import AIModel, Visibility
from marketplace.catalog.rows import dress
from marketplace.catalog.spending import cost_of_call
from marketplace.feedback import services as feedback
from tests import factories
from tests.marketplace.feedback.conftest import hold
from tests.tenants.chargeback.book import used


def dressed(model):
    return dress([AIModel.objects.get(pk=model.pk)])[0]


def test_data_sets_come_from_tags_and_from_the_run(model):
    AIModel.objects.filter(pk=model.pk).update(
        tags={"millwright.datasets": "mnist, scans ;mnist", "millwright.dataset": '["forms"]'}
    )
    model.versions.update(tags={"millwright.dataset": "more\nscans"}, data_sets=["train"])
    assert origins.data_sets(dressed(model)) == ["mnist", "scans", "forms", "more", "train"]


@pytest.mark.parametrize("text", ["[", "[1, 2]", "", " , ; ", "<b>x</b>", "[" * 5000])
def test_odd_tags_are_only_odd_names(model, text):
    AIModel.objects.filter(pk=model.pk).update(tags={"millwright.datasets": text})
    names = origins.data_sets(dressed(model))
    assert all(0 < len(name) <= origins.LONGEST for name in names) and len(names) < 2


def test_what_it_depends_on_leads_where_one_may_go(model, vision, publisher, stranger):
    factories.model("embedder", vision)
    factories.model("secret", vision, visibility=Visibility.NOBODY)
    tags = {"millwright.depends_on": "embedder, secret, nothing"}
    AIModel.objects.filter(pk=model.pk).update(tags=tags)
    seen = {
        person: [bool(origin.href) for origin in origins.depends_on(dressed(model), person)]
        for person in (publisher, stranger)
    }
    assert seen == {publisher: [True, True, False], stranger: [True, False, False]}


def test_changes_are_told_without_names(model, publisher):
    services.edit(model, by=publisher, summary="Before", card="# It reads digits")
    services.retire(model, by=publisher, note="A secret reason")
    model.refresh_from_db()
    services.restore(model, by=publisher)
    again = AIModel.objects.get(pk=model.pk)
    services.edit(again, by=publisher, licence="MIT", data_class="public")
    told = [change.words for change in changes(AIModel.objects.get(pk=model.pk))]
    assert told[:2] == ["Changed: class, licence", "Published"]
    text = " ".join(told)
    assert "publisher" not in text and "secret" not in text and "summary" not in text


def test_a_draft_has_no_story(draft):
    assert changes(draft) == []


def test_consumers_are_a_number(held_by_claims, stranger):
    assert known.of(held_by_claims, stranger)["consumers"] == 1


@pytest.fixture
def held_by_claims(model, owner, consumer, claims):
    asked = access.submit(
        model, claims, by=consumer, environment="production", purpose="Use", duration_days=30,
        expected_calls_per_month=10,
    )  # fmt: skip
    access.approve(asked, by=owner, digest=None)
    access.give_standing(model)
    return model


def test_what_a_call_costs_is_the_price_and_my_own_mean(model, claims, retail, consumer, stranger):
    for rows in (1, 3):
        used(model, claims, rows)
    used(model, retail, 500)
    mine, theirs = (cost_of_call(dressed(model), who) for who in (consumer, stranger))
    assert (mine.unit_nano, mine.calls, mine.paid_nano) == (400_000, 2, 800_000)
    assert (theirs.calls, theirs.paid_nano) == (1, 200_000_000)


def test_points_add_up_to_a_hundred(model):
    bare = completeness(dressed(model))
    assert sum(item.points for item in bare.items) == 100
    assert {item.field for item in bare.items if item.done} == {
        "data_class", "signature", "task", "price"
    }  # fmt: skip
    assert bare.score == 30 and bare.tone == "bad"
    assert all(item.href for item in bare.lacking)


def test_what_is_added_counts(model):
    AIModel.objects.filter(pk=model.pk).update(
        card="# What it is not for\n" + "Words. " * 80, licence="MIT", contact="a@example.org",
        summary="Reads handwritten digits from scanned forms", framework="sklearn",
        tags={"millwright.dataset": "mnist"},
    )  # fmt: skip
    model.versions.update(metrics={"accuracy": 1.0}, input_example={"inputs": []})
    full = completeness(dressed(model))
    assert (full.score, full.lacking, full.tone) == (100, [], "ok")


def test_the_score_is_for_publishers(client, model, publisher, consumer):
    client.force_login(publisher)
    body = client.get("/api/v1/models/digits/").json()["completeness"]
    assert body["score"] == 30 and {"field", "words", "points", "done"} == set(body["items"][0])
    assert b"30 of 100" in client.get("/models/digits/facts/").content
    assert b"30 of 100" in client.get("/publish/").content
    client.force_login(consumer)
    assert client.get("/api/v1/models/digits/").json()["completeness"] is None
    assert b"of 100" not in client.get("/models/digits/facts/").content


def test_feedback_is_on_the_card(client, model, claims, vision, consumer, stranger):
    hold(claims, model)
    feedback.rate(model, by=consumer, stars=4, sentence="Good")
    feedback.report(model, by=consumer, title="Wrong on <b>blue</b>", public=True)
    feedback.report(model, by=consumer, title="Not for others")
    client.force_login(stranger)
    page = client.get("/models/digits/facts/").content.decode()
    assert "4.0</strong> of 5" in page and "Wrong on &lt;b&gt;blue" in page
    assert "Not for others" not in page


@pytest.mark.parametrize(("part", "most"), [("facts", 45), ("changes", 30), ("", 30)])
def test_the_parts_of_the_page_keep_their_budget(client, held_by_claims, consumer, part, most):
    client.force_login(consumer)
    path = f"/models/digits/{part}/" if part else "/models/digits/"
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    assert len(seen) <= most


def test_models_are_ticked_for_comparing(client, model, consumer):
    client.force_login(consumer)
    page = client.get("/models/").content.decode()
    assert 'value="digits@1" form="compare"' in page and 'id="compare"' in page
    assert "/models/compare/?m=digits@1" in client.get("/models/digits/").content.decode()
