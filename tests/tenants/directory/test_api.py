"""The directory by program."""

import json

import pytest

from portal.audit.models import Event
from tenants.directory.models import Membership, Tenant, User
from tests.portal.people import signed_in

TENANT = {"slug": "fraud", "name": "Fraud", "cost_centre": "7", "contact": "f@example.org"}


def send(client, method, path, body=None):
    text = json.dumps(body) if body is not None else ""
    return getattr(client, method)(f"/api/v1/{path}", text, content_type="application/json")


def test_everyone_reads_the_tree(client, consumer, vision):
    rows = signed_in(client, consumer).get("/api/v1/tenants/").json()["results"]
    assert {row["slug"]: row["kind"] for row in rows}["vision"] == "team"
    by_id = client.get(f"/api/v1/tenants/{vision.pk}/").json()
    assert by_id == client.get("/api/v1/tenants/vision/").json()
    assert by_id["parent"] == "bank"


def test_operators_add_and_change_tenants(client, operator, vision):
    api = signed_in(client, operator)
    assert send(api, "post", "tenants/", TENANT | {"parent": "vision"}).status_code == 201
    assert send(api, "post", "tenants/", TENANT).status_code == 409
    changed = send(api, "patch", "tenants/fraud/", {"cost_centre": "8"})
    assert changed.json()["cost_centre"] == "8"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        TENANT | {"slug": "no slug"},
        TENANT | {"slug": "x" * 41},
        TENANT | {"parent": "none"},
        TENANT | {"region": "moon"},
        TENANT | {"contact": "nobody"},
        TENANT | {"name": "a\x00b"},
        TENANT | {"name": ["a"]},
        TENANT | {"parent": 10**30},
    ],
)
def test_bad_tenants_are_a_422(client, operator, body):
    assert send(signed_in(client, operator), "post", "tenants/", body).status_code == 422


def test_a_ring_of_tenants_is_refused(client, operator, vision):
    answer = send(signed_in(client, operator), "patch", "tenants/bank/", {"parent": "vision"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["parent"])


def test_owners_change_the_name_and_not_the_money(client, owner, vision):
    api = signed_in(client, owner)
    assert send(api, "patch", "tenants/vision/", {"name": "Seeing"}).status_code == 200
    assert send(api, "patch", "tenants/vision/", {"cost_centre": "0"}).status_code == 403
    assert Tenant.objects.get(pk=vision.pk).cost_centre == "CC-vision"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "tenants/", TENANT),
        ("patch", "tenants/claims/", {"name": "Mine"}),
        ("post", "tenants/claims/members/", {"user": "consumer", "role": "owner"}),
        ("post", "users/", {"username": "x", "email": "x@example.org"}),
        ("post", "users/consumer/close/", None),
        ("post", "users/consumer/appoint/", {"role": "operator"}),
    ],
)
def test_a_consumer_changes_nothing_and_it_is_written_down(client, consumer, method, path, body):
    answer = send(signed_in(client, consumer), method, path, body)
    assert answer.status_code == 403
    assert Event.objects.newest_first().first().verb.startswith("denied ")


def test_owners_keep_their_members(client, owner, stranger, vision):
    api = signed_in(client, owner)
    asked = {"user": "stranger@example.org", "role": "consumer"}
    made = send(api, "post", "tenants/vision/members/", asked)
    assert made.status_code == 201
    members = api.get("/api/v1/tenants/vision/members/").json()["results"]
    assert ("stranger", "consumer") in {(row["user"], row["role"]) for row in members}
    assert api.delete(f"/api/v1/tenants/vision/members/{made.json()['id']}/").status_code == 204
    assert not Membership.objects.filter(user=stranger, tenant=vision).exists()


def test_members_of_other_tenants_are_not_shown(client, stranger, owner, vision):
    api = signed_in(client, stranger)
    assert api.get("/api/v1/tenants/vision/members/").json()["results"] == []
    assert api.get("/api/v1/users/owner/").status_code == 404
    assert [row["username"] for row in api.get("/api/v1/users/").json()["results"]] == ["stranger"]
    seat = Membership.objects.get(user=owner)
    assert api.delete(f"/api/v1/tenants/vision/members/{seat.pk}/").status_code == 404


def test_operators_make_accounts_and_invite(client, operator):
    body = {"username": "Newcomer", "email": "New@Example.org"}
    made = send(signed_in(client, operator), "post", "users/", body)
    assert (made.status_code, made.json()["username"]) == (201, "newcomer")
    assert send(client, "post", "users/", body).status_code == 409
    assert not User.objects.get(username="newcomer").has_usable_password()


def test_power_ends_with_the_role(client, operator, governor):
    api = signed_in(client, governor)
    assert api.get("/api/v1/audit/events/").status_code == 200
    other = signed_in(type(client)(), operator)
    taken = send(other, "post", "users/governor/dismiss/", {"role": "governance"})
    assert taken.json()["platform_roles"] == []
    assert api.get("/api/v1/audit/events/").status_code == 403


def test_nobody_raises_or_removes_themselves(client, operator):
    api = signed_in(client, operator)
    told = [
        send(api, "post", "users/operator/appoint/", {"role": "auditor"}).status_code,
        send(api, "post", "users/operator/dismiss/", {"role": "operator"}).status_code,
        send(api, "post", "users/operator/close/").status_code,
    ]
    assert told == [422, 422, 422]


def test_people_change_what_is_theirs_and_nothing_else(client, consumer):
    api = signed_in(client, consumer)
    body = {"time_zone": "Europe/Berlin", "is_superuser": True, "username": "operator"}
    answer = send(api, "patch", "users/me/", body).json()
    assert (answer["time_zone"], answer["username"]) == ("Europe/Berlin", "consumer")
    assert send(api, "patch", "users/me/", {"time_zone": "Moon/Base"}).status_code == 422
    consumer.refresh_from_db()
    assert not consumer.is_superuser


def test_a_key_signs_in_as_its_holder(client, consumer, claims):
    assert client.get("/api/v1/users/me/").status_code == 401
