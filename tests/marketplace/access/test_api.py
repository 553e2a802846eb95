"""The REST resources of access: who sees what, what is refused, and how it is said."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.access import services as access
from marketplace.access.models import AccessRequest
from marketplace.catalog.models import Visibility
from tests import factories
from tests.marketplace.access.stories import ASKED, ask, hold

URL = "/api/v1/access-requests/"
GRANTS = "/api/v1/grants/"


@pytest.fixture
def api(client):
    """`api(user)`: a client that is signed in as `user` and speaks JSON."""

    def signed_in(user):
        client.force_login(user)
        client.defaults["content_type"] = "application/json"
        return client

    return signed_in


def post(client, url, body=None, **headers):
    return client.post(url, body or {}, content_type="application/json", headers=headers)


def body_for(model, tenant, **other):
    return {"model": model.slug, "tenant": tenant.slug} | ASKED | other


def test_a_consumer_asks_by_slug_or_by_id(api, model, claims, consumer):
    answer = post(api(consumer), URL, body_for(model, claims))
    assert answer.status_code == 201, answer.content
    said = answer.json()
    assert (said["model"], said["tenant"], said["status"]) == ("digits", "claims", "open")
    by_id = body_for(model, claims, environment="staging") | {"model": str(model.pk)}
    assert post(api(consumer), URL, by_id).status_code == 201


def test_asking_twice_is_a_conflict_that_names_the_first(api, model, claims, consumer):
    first = post(api(consumer), URL, body_for(model, claims)).json()["id"]
    answer = post(api(consumer), URL, body_for(model, claims))
    assert answer.status_code == 409
    said = answer.json()
    assert said["existing"] == f"{URL}{first}/" and "/" not in said["detail"]
    assert api(consumer).get(said["existing"]).json()["id"] == first


def test_a_stranger_cannot_tell_that_somebody_else_has_asked(
    api, model, claims, retail, consumer, stranger
):
    before = post(api(stranger), URL, body_for(model, claims))
    ask(model, claims, consumer)
    after = post(api(stranger), URL, body_for(model, claims))
    assert (before.status_code, after.status_code) == (403, 403)
    assert before.json()["detail"] == after.json()["detail"]
    assert post(api(stranger), URL, body_for(model, retail)).status_code == 201


@pytest.mark.parametrize("verb", ["", "preview/", "approve/", "deny/", "withdraw/"])
def test_a_foreign_request_and_no_request_read_the_same(
    verb, api, model, claims, consumer, stranger
):
    client, real = api(stranger), ask(model, claims, consumer).pk
    send = (
        client.get if verb in ("", "preview/") else (lambda url: post(client, url, {"note": "x"}))
    )
    foreign, missing = (send(f"{URL}{pk}/{verb}") for pk in (real, uuid.uuid4()))
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.json() | {"request_id": ""} == missing.json() | {"request_id": ""}


def test_a_hidden_model_does_not_exist_for_who_asks(api, vision, claims, consumer):
    hidden = factories.model("hidden", vision, visibility=Visibility.NOBODY)
    real = post(api(consumer), URL, body_for(hidden, claims)).json()["errors"]["model"][0]
    fake = post(api(consumer), URL, body_for(hidden, claims) | {"model": "nothing"}).json()
    assert real.replace("hidden", "nothing") == fake["errors"]["model"][0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("environment", "moon"), ("purpose", ""), ("purpose", "a\0b"), ("purpose", "x" * 2001),
        ("expected_calls_per_month", 0), ("expected_calls_per_month", 10**30),
        ("expected_calls_per_month", "many"), ("duration_days", 366), ("duration_days", None),
        ("tenant", ["claims"]), ("model", {"a": 1}), ("renews", "not an id"),
        ("renews", "802bb3a1-b0a1-4d7c-a3a3-98a1f09a0ffc"),
    ],
)  # fmt: skip
def test_bad_input_is_told_at_its_field(field, value, api, model, claims, consumer):
    answer = post(api(consumer), URL, body_for(model, claims) | {field: value})
    assert answer.status_code == 422, answer.content
    assert field in answer.json()["errors"]
    assert answer["content-type"] == "application/problem+json"


def test_what_the_platform_writes_cannot_be_sent(api, model, claims, consumer, owner):
    sent = {"status": "approved", "requester": "owner", "provider": "claims", "granted_days": 9}
    said = post(api(consumer), URL, body_for(model, claims, **sent)).json()
    assert (said["status"], said["requester"]) == ("open", "consumer")
    assert (said["provider"], said["granted_days"]) == ("vision", None)


def test_lists_are_narrowed(api, model, claims, retail, consumer, stranger, owner):
    ask(model, claims, consumer)
    ask(model, retail, stranger, environment="staging")
    client = api(owner)
    for query, count in {
        "": 2, "?to_decide=true": 2, "?mine=true": 0, "?tenant=claims": 1, "?model=digits": 2,
        "?environment=staging": 1, "?status=approved": 0, "?status=open&tenant=retail": 1,
    }.items():  # fmt: skip
        assert client.get(URL + query).json()["count"] == count, query
    assert api(consumer).get(URL + "?to_decide=true").json()["count"] == 0
    assert api(consumer).get(URL).json()["count"] == 1


def test_the_preview_says_what_approving_would_do(api, model, claims, consumer, owner):
    request = ask(model, claims, consumer)
    answer = api(owner).get(f"{URL}{request.pk}/preview/")
    said = answer.json()
    assert said["likely_cost_per_month"] == {"amount": "16", "currency": "EUR"}
    assert (said["deciders"], said["held"]) == (["owner"], [])
    assert answer["ETag"] == f'"{access.digest_of(request)}"' == f'"{said["digest"]}"'


def test_an_owner_approves_what_was_shown_for_fewer_days(api, model, claims, consumer, owner):
    request = ask(model, claims, consumer)
    body = {"digest": access.digest_of(request), "days": 30, "note": "A first term"}
    said = post(api(owner), f"{URL}{request.pk}/approve/", body).json()
    assert (said["status"], said["granted_days"], said["decided_by"]) == ("approved", 30, "owner")
    assert post(api(owner), f"{URL}{request.pk}/approve/").status_code == 409
    assert api(consumer).get(GRANTS + "?in_force=true").json()["count"] == 1


@pytest.mark.parametrize("how", ["body", "header"])
def test_another_digest_is_a_failed_precondition(how, api, model, claims, consumer, owner):
    request = ask(model, claims, consumer)
    url, client = f"{URL}{request.pk}/approve/", api(owner)
    sent = {"body": ({"digest": "f" * 64}, {}), "header": ({}, {"If-Match": f'"{"f" * 64}"'})}
    body, headers = sent[how]
    answer = post(client, url, body, **headers)
    assert answer.status_code == 412
    assert "changed" in answer.json()["detail"]
    assert AccessRequest.objects.get().status == "open"


def test_who_may_see_but_not_decide_is_told_so(api, model, claims, consumer, governor, auditor):
    request = ask(model, claims, consumer)
    for person in (consumer, governor, auditor):
        answer = post(api(person), f"{URL}{request.pk}/approve/")
        assert answer.status_code == 403, person


def test_each_of_many_decisions_has_its_own_result(api, model, vision, claims, consumer, owner):
    first, second = (
        ask(model, claims, consumer),
        ask(factories.model("o", vision), claims, consumer),
    )
    gone = str(uuid.uuid4())
    items = [{"id": str(first.pk)}, {"id": str(second.pk), "digest": "0" * 64}, {"id": gone}]
    answer = post(api(owner), f"{URL}bulk-decide/", {"decision": "approve", "items": items})
    found = [(item["id"], item["status"]) for item in answer.json()["results"]]
    assert found == [(str(first.pk), 200), (str(second.pk), 412), (gone, 404)]


@pytest.mark.parametrize(
    "body",
    [{}, {"decision": "approve", "items": []}, {"decision": "maybe", "items": [{"id": "x"}]},
     {"decision": "approve", "items": [{"id": str(uuid.UUID(int=1))}] * 2},
     {"decision": "approve", "items": "all"}],
)  # fmt: skip
def test_a_bulk_decision_that_makes_no_sense_is_refused(body, api, owner):
    assert post(api(owner), f"{URL}bulk-decide/", body).status_code == 422


def test_a_grant_is_renewed_by_a_request_or_at_once(api, model, claims, consumer, owner):
    grant = hold(model, claims, consumer, owner)
    asked = post(api(consumer), f"{GRANTS}{grant.pk}/renew/", {"days": 30})
    assert (asked.status_code, asked.json()["request"]["renews"]) == (201, str(grant.pk))
    given = post(api(owner), f"{GRANTS}{grant.pk}/renew/", {"days": 30})
    assert (given.status_code, given.json()["request"]) == (200, None)


def test_a_grant_is_revoked_by_who_answers_for_it(api, model, claims, consumer, owner, stranger):
    url = f"{GRANTS}{hold(model, claims, consumer, owner).pk}/revoke/"
    assert post(api(stranger), url, {"note": "x"}).status_code == 404
    assert post(api(consumer), url, {"note": "x"}).status_code == 403
    assert post(api(owner), url, {}).status_code == 422
    assert post(api(owner), url, {"note": "No longer needed"}).json()["status"] == "revoked"
    again = post(api(owner), url, {"note": "No longer needed"})
    assert again.status_code == 409
    assert "is revoked already, since" in again.json()["detail"]


@pytest.mark.parametrize("url", [URL, GRANTS])
def test_a_longer_list_asks_no_more_questions(url, api, vision, claims, consumer, owner):
    counts = []
    for number in range(3):
        hold(factories.model(f"m{number}", vision), claims, consumer, owner)
        client = api(owner)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).json()["count"] == number + 1
        counts.append(len(asked))
    assert counts[1] == counts[2] <= 18
