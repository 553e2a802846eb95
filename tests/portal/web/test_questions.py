"""What the REST API answers to questions that it does not understand."""

import pytest

from tests.portal.people import signed_in

LISTS = [
    "models", "models/facets", "models/digits/feedback", "access-requests", "grants", "api-keys",
    "endpoints", "prices", "usage", "usage/calls", "statements", "corrections", "tenants", "users",
    "service-levels", "notifications", "audit/events", "saved-views", "wanted-models", "synonyms",
]  # fmt: skip
WRONG = [("tenannt", "vision"), ("ordering", "evil"), ("page_size", "-1"), ("page_size", "many")]
JSON = {"content_type": "application/json"}


@pytest.mark.parametrize(("name", "value"), WRONG)
@pytest.mark.parametrize("place", LISTS)
def test_what_a_list_does_not_know_is_a_400_that_names_it(
    client, model, owner, place, name, value
):
    answer = signed_in(client, owner).get(f"/api/v1/{place}/", {name: value})
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert list(said["errors"]) == [name] and said["detail"] == said["errors"][name][0]


def test_a_list_answers_to_every_parameter_that_its_description_names(client, model, owner):
    described = client.get("/api/v1/schema/").json()["paths"]
    api = signed_in(client, owner)
    for path, verbs in described.items():
        asked = [one for one in verbs.get("get", {}).get("parameters", []) if one["in"] == "query"]
        if "{" in path or not asked:
            continue
        for one in asked:
            answer = api.get(path, {one["name"]: "x"})
            assert "There is no parameter" not in answer.content.decode(), (path, one["name"])


@pytest.mark.parametrize("size", ["201", "100000", "9" * 30])
def test_a_page_has_200_rows_at_most(client, model, owner, size):
    assert signed_in(client, owner).get("/api/v1/models/", {"page_size": size}).status_code == 200


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ('{"days": NaN}', "NaN"),
        ('{"days": -Infinity}', "-Infinity"),
        ('{"days": 1e999}', "too large"),
        ('{"days": 1', "not JSON"),
    ],
)
def test_a_body_that_is_no_json_is_a_400_that_says_where(client, consumer, body, word):
    answer = signed_in(client, consumer).post("/api/v1/api-keys/", body, **JSON)
    assert answer.status_code == 400
    assert word in answer.json()["detail"]


def test_a_sound_body_with_values_that_will_not_do_is_a_422(client, consumer, claims):
    answer = signed_in(client, consumer).post("/api/v1/api-keys/", {"tenant": "claims"}, **JSON)
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"name", "scopes"}
