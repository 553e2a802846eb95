"""The REST resource of keys."""

import uuid

import pytest

from tenants.keys import format
from tenants.keys import services as keys
from tenants.keys.models import ApiKey

URL = "/api/v1/api-keys/"


@pytest.fixture
def as_consumer(client, consumer):
    client.force_login(consumer)
    return client


def post(client, path: str = URL, **body):
    return client.post(path, body, content_type="application/json")


def make(client, **more):
    return post(client, **({"tenant": "claims", "name": "batch", "scopes": ["predict"]} | more))


def test_the_answer_holds_the_secret_once(as_consumer):
    made = make(as_consumer)
    assert made.status_code == 201 and "no-store" in made.headers["Cache-Control"]
    key = ApiKey.objects.get(pk=made.json()["id"])
    assert format.parse(made.json()["secret"]).public_id == key.public_id
    assert made.json()["prefix"] == key.prefix
    for path in (URL, f"{URL}{key.pk}/"):
        assert "secret" not in as_consumer.get(path).content.decode()


def test_a_repeated_request_is_answered_without_the_secret(as_consumer):
    body = {"tenant": "claims", "name": "batch", "scopes": ["predict"]}
    head = {"Idempotency-Key": "once"}
    answers = [
        as_consumer.post(URL, body, content_type="application/json", headers=head)
        for _ in range(2)
    ]
    assert "secret" in answers[0].json() and "secret" not in answers[1].json()
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"tenant": "nowhere"},
        {"tenant": 7},
        {"tenant": None},
        {"name": ""},
        {"name": "a\0b"},
        {"name": "n" * 81},
        {"scopes": []},
        {"scopes": ["root"]},
        {"scopes": "predict"},
        {"models": ["no-such-model"]},
        {"models": "digits"},
        {"expires_in_days": 0},
        {"expires_in_days": 10**30},
        {"expires_in_days": "soon"},
    ],
)
def test_bad_input_is_answered_with_what_to_do(as_consumer, wrong):
    answer = make(as_consumer, **wrong)
    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    (field,) = wrong
    assert any(name.split(".")[0] == field for name in answer.json()["errors"])
    assert not ApiKey.objects.exists()


def test_a_foreign_tenant_is_refused(as_consumer, vision):
    assert make(as_consumer, tenant="vision").status_code == 403


def test_fields_that_are_not_asked_for_are_not_taken(as_consumer, owner):
    made = make(as_consumer, holder="owner", status="revoked", for_portal=True, digest="x")
    key = ApiKey.objects.get(pk=made.json()["id"])
    assert (key.holder.username, key.status, key.for_portal) == ("consumer", "active", False)


def test_rotation_answers_a_new_secret(as_consumer, consumer, claims):
    old, text = keys.issue(claims, by=consumer, name="batch", scopes=["api"])
    answer = post(as_consumer, f"{URL}{old.pk}/rotate/", overlap_seconds=60)
    assert answer.status_code == 201
    assert answer.json()["rotated_from"] == str(old.pk) and answer.json()["secret"] != text
    assert post(as_consumer, f"{URL}{old.pk}/rotate/").status_code == 409


@pytest.mark.parametrize("overlap", [-1, 604_801, "long", None, 10**30])
def test_a_wrong_overlap_is_a_422(as_consumer, consumer, claims, overlap):
    old, _ = keys.issue(claims, by=consumer, name="batch", scopes=["api"])
    answer = post(as_consumer, f"{URL}{old.pk}/rotate/", overlap_seconds=overlap)
    assert answer.status_code == 422


def test_revoking_twice_is_a_conflict(as_consumer, consumer, claims):
    key, _ = keys.issue(claims, by=consumer, name="batch", scopes=["api"])
    first = post(as_consumer, f"{URL}{key.pk}/revoke/", note="not needed")
    assert first.status_code == 200 and first.json()["status"] == "revoked"
    again = post(as_consumer, f"{URL}{key.pk}/revoke/")
    assert again.status_code == 409 and again.json()["existing"] == f"{URL}{key.pk}/"
    assert again.json()["detail"].startswith("This key is revoked already, since ")


def test_a_key_for_a_model_that_is_not_held_is_made_with_a_warning(as_consumer, model):
    (warning,) = make(as_consumer, models=["digits"]).json()["warnings"]
    assert warning["model"] == "digits" and "/models/digits/ask/?tenant=claims" in warning["ask"]
    assert make(as_consumer, models=["digits"], scopes=["api"]).json()["warnings"] == []


def test_foreign_and_missing_keys_read_the_same(client, stranger, consumer, claims):
    key, _ = keys.issue(claims, by=consumer, name="batch", scopes=["api"])
    client.force_login(stranger)
    answers = [client.get(f"{URL}{name}/") for name in (key.pk, uuid.uuid4(), "not-an-id")]
    assert {answer.status_code for answer in answers} == {404}
    for verb in ("rotate", "revoke"):
        assert post(client, f"{URL}{key.pk}/{verb}/").status_code == 404


def test_a_list_is_filtered_searched_and_ordered(as_consumer, consumer, claims):
    old, _ = keys.issue(claims, by=consumer, name="old", scopes=["api"])
    keys.issue(claims, by=consumer, name="nightly", scopes=["api"])
    keys.issue(claims, by=consumer, name="hidden", scopes=["predict"], for_portal=True)
    keys.revoke(old, by=consumer)

    def names(query: str) -> list[str]:
        return [row["name"] for row in as_consumer.get(f"{URL}?{query}").json()["results"]]

    assert names("") == ["nightly", "old"]
    assert names("in_force=true") == ["nightly"]
    assert names("status=revoked") == ["old"]
    assert names("search=night") == ["nightly"]
    assert names("ordering=name") == ["nightly", "old"]
    assert names("mine=false") == [] and names("tenant=claims") == ["nightly", "old"]
    assert as_consumer.get(f"{URL}?status=bogus").status_code == 400


def test_a_list_asks_a_fixed_number_of_questions(
    as_consumer, consumer, claims, django_assert_max_num_queries
):
    for number in range(30):
        keys.issue(claims, by=consumer, name=f"k{number}", scopes=["api"])
    with django_assert_max_num_queries(14):
        as_consumer.get(URL)
