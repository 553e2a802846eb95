"""Signing in to the REST API with a key."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.audit.models import Event
from portal.core import tenancy
from tenants.directory import services as directory
from tenants.keys import format
from tenants.keys import services as keys
from tenants.keys.models import ApiKey
from tests import factories

URL = "/api/v1/api-keys/"


def ask(text: str, path: str = URL):
    return Client().get(path, headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def issued(consumer, claims):
    return keys.issue(claims, by=consumer, name="script", scopes=["api"])


def refusal(response) -> tuple:
    body = response.json()
    body.pop("request_id")
    return response.status_code, body, response.headers["WWW-Authenticate"]


def test_the_holder_of_a_key_acts(issued):
    key, text = issued
    answer = ask(text)
    assert answer.status_code == 200
    assert [row["id"] for row in answer.json()["results"]] == [str(key.pk)]


def test_every_refusal_reads_the_same(issued, consumer, claims):
    key, text = issued
    unknown = format.mint()[1]
    seen = [refusal(ask(unknown)), refusal(ask("nonsense")), refusal(ask(""))]
    other = text.replace(key.public_id, format.mint()[0].public_id)
    seen.append(refusal(ask(other[:-6] + format.checksum(other[:-6]))))
    swapped = f"mw_live_{key.public_id}_{format.mint()[0].secret}"
    seen.append(refusal(ask(swapped + format.checksum(swapped))))
    keys.revoke(key, by=consumer)
    seen.append(refusal(ask(text)))
    assert len({str(one) for one in seen}) == 1
    assert seen[0][0] == 401 and seen[0][2].startswith("Bearer")


def test_a_wrong_checksum_asks_no_table(issued):
    text = issued[1]
    wrong = text[:-1] + ("a" if text[-1] != "a" else "b")
    with CaptureQueriesContext(connection) as asked:
        assert ask(wrong).status_code == 401
    assert not [query for query in asked.captured_queries if "tenants_" in query["sql"]]


@pytest.mark.parametrize("seconds", [-1, 0])
def test_an_expired_key_is_refused(issued, seconds):
    key, text = issued
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() + timedelta(seconds=seconds))
    assert ask(text).status_code == 401


def test_the_power_of_a_key_shrinks_with_its_holder(issued, consumer, claims):
    directory.unseat(consumer.memberships.get(tenant=claims), by=None)
    assert ask(issued[1]).status_code == 401


def test_a_closed_account_is_refused(issued, consumer):
    directory.set_active(consumer, False, by=None)
    assert ask(issued[1]).status_code == 401


def test_a_key_without_the_scope_says_so_and_leaves_a_trace(consumer, claims):
    key, text = keys.issue(claims, by=consumer, name="batch", scopes=["predict"])
    answer = ask(text)
    assert answer.status_code == 403 and "scope api" in answer.json()["detail"]
    assert Event.objects.about(key).newest_first()[0].denied


def test_staff_of_the_platform_signs_in_with_a_key_of_the_platform(finance, issued):
    platform = factories.tenant("platform")
    _, text = keys.issue(platform, by=finance, name="demo", scopes=["api"])
    assert [row["tenant"] for row in ask(text).json()["results"]] == ["platform"]


def test_a_key_reaches_only_what_its_holder_reaches(issued, stranger, retail):
    _, text = keys.issue(retail, by=stranger, name="theirs", scopes=["api"])
    assert [row["name"] for row in ask(text).json()["results"]] == ["theirs"]
    assert ask(text, f"{URL}{issued[0].pk}/").status_code == 404


def test_the_last_use_is_kept_by_the_minute(issued):
    key, text = issued
    ask(text)
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    ask(text)
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first
    past = timezone.now() - timedelta(seconds=61)
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=past)
    ask(text)
    assert ApiKey.objects.get(pk=key.pk).last_used_at > first


def test_the_trail_names_the_key_that_was_used(issued):
    key, text = issued
    body = {"tenant": "claims", "name": "made by a script", "scopes": ["predict"]}
    head = {"Authorization": f"Bearer {text}"}
    made = Client().post(URL, body, content_type="application/json", headers=head)
    assert made.status_code == 201
    made = ApiKey.objects.get(pk=made.json()["id"])
    assert Event.objects.about(made).get().facts["key"] == key.public_id


def test_after_a_request_its_reach_is_gone(issued):
    tenancy.enter("")
    ask(issued[1])
    assert tenancy.current() == ""
