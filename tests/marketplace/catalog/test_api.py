"""Models by REST: shape, filters, verbs and errors."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.catalog.models import AIModel
from tests import factories


def send(client, verb, path, body=None):
    return getattr(client, verb)(f"/api/v1/models/{path}", body, content_type="application/json")


@pytest.fixture
def as_consumer(client, consumer):
    client.force_login(consumer)
    return client


@pytest.fixture
def as_publisher(client, publisher):
    client.force_login(publisher)
    return client


def test_a_model_by_slug_and_by_id(as_consumer, model):
    body = send(as_consumer, "get", "digits/").json()
    assert send(as_consumer, "get", f"{model.pk}/").json() == body
    assert body["tenant"] == "vision" and body["followed_version"] == 1
    assert body["price"]["amount"] == "0.4" and body["price"]["currency"] == "EUR"
    assert body["can_use"] is False
    examples = body["example_requests"]
    assert set(examples) == {"v2", "mlflow"}
    assert examples["v2"]["path"] == "/v2/models/digits/infer"
    assert set(examples["mlflow"]) == {"method", "path", "body"}


def test_a_version_that_cannot_be_served_has_no_examples(as_consumer, model):
    model.versions.update(signature=None)
    assert send(as_consumer, "get", "digits/").json()["example_requests"] == {}


@pytest.mark.parametrize("slug", ["nothing", "..", "0189a3f2-e000-7000-8000-00000000abcd"])
def test_what_is_not_there_is_a_404_problem(as_consumer, model, slug):
    answer = send(as_consumer, "get", f"{slug}/")
    assert answer.status_code == 404
    assert answer["content-type"] == "application/problem+json"


def test_what_one_may_not_see_is_not_there(client, model, publisher, stranger, vision):
    factories.model("secret", vision, visibility="nobody")
    client.force_login(stranger)
    assert send(client, "get", "secret/").status_code == 404
    assert [row["slug"] for row in send(client, "get", "").json()["results"]] == ["digits"]


def test_filters_search_and_order(as_consumer, model, vision):
    factories.model("scores", vision, stage="staging", task="regression")
    found = {
        "": ["digits", "scores"],
        "?ordering=-slug": ["scores", "digits"],
        "?stage=staging": ["scores"],
        "?search=digts": ["digits"],
        "?search=regress": ["scores"],
        "?tenant=vision&task=regression": ["scores"],
        "?can_use=true": [],
        "?mine=true": [],
    }
    for query, slugs in found.items():
        body = send(as_consumer, "get", query).json()
        assert [row["slug"] for row in body["results"]] == slugs, query
        assert body["count"] == len(slugs)


def test_the_number_of_queries_does_not_grow(as_consumer, model, vision):
    send(as_consumer, "get", "")
    counts = []
    for size in (1, 12):
        for n in range(AIModel.objects.count(), size):
            factories.model(f"model-{n}", vision)
        with CaptureQueriesContext(connection) as seen:
            assert send(as_consumer, "get", "").json()["count"] == size
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 20, counts


def test_a_publisher_edits_and_others_may_not(client, model, publisher, consumer, stranger):
    client.force_login(publisher)
    answer = send(client, "patch", "digits/", {"summary": "Reads digits", "slug": "other"})
    assert answer.status_code == 200 and answer.json()["summary"] == "Reads digits"
    assert answer.json()["slug"] == "digits"
    client.force_login(consumer)
    answer = send(client, "patch", "digits/", {"summary": "Mine"})
    assert answer.status_code == 403 and "publishers of vision" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"summary": "x" * 300},
        {"summary": ["a"]},
        {"data_class": "secret"},
        {"card": "nul \0 byte"},
        {"contact": 5},
        [],
        "text",
    ],
)
def test_bad_words_are_a_problem_by_field(as_publisher, model, body):
    answer = send(as_publisher, "patch", "digits/", json.dumps(body))
    assert answer.status_code in {400, 422}
    assert answer.json()["errors"]


def test_versions_are_listed(as_consumer, model):
    factories.version(model, 2, metrics={"accuracy": 0.97}, aliases=["champion"])
    rows = send(as_consumer, "get", "digits/versions/").json()["results"]
    assert [(row["number"], row["is_default"]) for row in rows] == [(2, False), (1, True)]
    assert rows[0]["metrics"] == {"accuracy": 0.97} and rows[0]["servable"] is True


def test_claim_publish_and_retire(client, registry, operator, publisher, draft, vision):
    client.force_login(publisher)
    answer = send(client, "post", "scores/publish/", {"visibility": "named", "tenants": ["moon"]})
    assert answer.status_code == 422 and "tenants" in answer.json()["errors"]
    answer = send(client, "post", "scores/publish/", {"visibility": "everyone"})
    assert answer.status_code == 422 and "price" in answer.json()["errors"]
    wanted = {"visibility": "everyone", "amount": "0.40", "per": 1000, "meter": "predictions"}
    answer = send(client, "post", "scores/publish/", wanted)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["status"], answer.json()["visibility"]) == ("published", "everyone")
    assert send(client, "post", "scores/retire/", {}).status_code == 422
    assert send(client, "post", "scores/retire/", {"note": "Old"}).json()["status"] == "retired"
    assert send(client, "post", "scores/retire/", {"note": "Old"}).status_code == 409
    client.force_login(operator)
    assert send(client, "post", "scores/publish/", wanted).status_code == 403
    assert send(client, "post", "scores/claim/", {"tenant": "vision"}).status_code == 409
