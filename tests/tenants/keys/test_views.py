"""Pages of keys."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tenants.directory import services as directory
from tenants.keys import format
from tenants.keys import services as keys
from tenants.keys.models import ApiKey


@pytest.fixture
def key(consumer, claims):
    return keys.issue(claims, by=consumer, name="nightly batch", scopes=["predict"])[0]


@pytest.fixture
def as_consumer(client, consumer):
    client.force_login(consumer)
    return client


def make(client, **more):
    facts = {"name": "batch", "scopes": ["predict"], "expires_in_days": "30"}
    return client.post("/keys/new/", facts | more)


def test_pages_are_for_people_who_signed_in(client, key):
    for path in ("/keys/", "/keys/new/", f"/keys/{key.pk}/", f"/keys/{key.pk}/rotate/"):
        assert client.get(path).status_code == 302
    assert client.post(f"/keys/{key.pk}/revoke/").status_code == 302


def test_an_empty_list_says_how_to_get_a_key(as_consumer):
    page = as_consumer.get("/keys/").content.decode()
    assert "You have no keys yet" in page and "/keys/new/" in page


def test_a_new_key_is_shown_once_and_never_kept(as_consumer, claims):
    page = make(as_consumer, tenant=claims.pk)
    text = page.content.decode()
    key = ApiKey.objects.get()
    shown = text[text.index("mw_live_") :][:70]
    assert format.parse(shown).public_id == key.public_id
    assert "no-store" in page.headers["Cache-Control"]
    for path in ("/keys/", f"/keys/{key.pk}/"):
        assert format.parse(shown).secret not in as_consumer.get(path).content.decode()


def test_a_refused_form_keeps_what_was_typed(as_consumer, claims):
    page = make(as_consumer, tenant=claims.pk, name="my batch", expires_in_days="91")
    assert page.status_code == 422
    assert "my batch" in page.content.decode() and "between 1 and 90 days" in page.content.decode()


def test_a_foreign_tenant_is_no_choice(as_consumer, vision):
    assert make(as_consumer, tenant=vision.pk).status_code == 422
    assert not ApiKey.objects.exists()


def test_a_person_of_no_tenant_is_told_so(client, operator):
    client.force_login(operator)
    assert "in none" in client.get("/keys/new/").content.decode()


def test_the_new_key_of_a_rotation_is_shown_with_the_end_of_the_old(as_consumer, key):
    page = as_consumer.post(f"/keys/{key.pk}/rotate/", {"overlap_seconds": "3600"})
    assert "The old key still works" in page.content.decode()
    listed = as_consumer.get("/keys/").content.decode()
    assert "Being replaced" in listed
    again = as_consumer.post(f"/keys/{key.pk}/rotate/", {"overlap_seconds": "3600"})
    assert again.status_code == 422


def test_an_overlap_that_is_not_offered_is_refused(as_consumer, key):
    assert as_consumer.post(f"/keys/{key.pk}/rotate/", {"overlap_seconds": "5"}).status_code == 422


def test_revoking_says_what_happens(as_consumer, key):
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now() - timedelta(minutes=2))
    page = as_consumer.get(f"/keys/{key.pk}/").content.decode()
    assert "2 min ago" in page and "refused within a second" in page
    after = as_consumer.post(f"/keys/{key.pk}/revoke/", {"reason": "lost"}, follow=True)
    assert "is revoked" in after.content.decode()
    assert not ApiKey.objects.get(pk=key.pk).in_force
    assert (
        "nightly batch"
        not in as_consumer.get("/keys/").content.decode().split("<main")[1].split("toasts")[0]
    )
    assert "nightly batch" in as_consumer.get("/keys/?show=ended").content.decode()


def test_a_stranger_finds_nothing(client, stranger, key):
    client.force_login(stranger)
    assert "nightly batch" not in client.get("/keys/").content.decode()
    for path in (f"/keys/{key.pk}/", f"/keys/{key.pk}/rotate/"):
        assert client.get(path).status_code == 404
    assert client.post(f"/keys/{key.pk}/revoke/").status_code == 404


def test_an_owner_sees_and_revokes_but_does_not_rotate(client, claims, key):
    lead = directory.enrol("lead", by=None, email="lead@example.org")
    directory.seat(lead, claims, "owner", by=None)
    client.force_login(lead)
    page = client.get(f"/keys/{key.pk}/").content.decode()
    assert "Revoke the key" in page and "/rotate/" not in page
    assert client.get(f"/keys/{key.pk}/rotate/").status_code == 403
    assert client.post(f"/keys/{key.pk}/rotate/", {"overlap_seconds": "0"}).status_code == 403


@pytest.mark.parametrize(
    "query", ["q=%27%25_", "sort=digest", "page=last", "show=x", "whose=x", "q=mw_live_"]
)
def test_odd_addresses_are_answered(as_consumer, key, query):
    assert as_consumer.get(f"/keys/?{query}").status_code == 200


def test_a_list_asks_a_fixed_number_of_questions(
    as_consumer, consumer, claims, django_assert_max_num_queries
):
    for number in range(26):
        keys.issue(claims, by=consumer, name=f"k{number}", scopes=["api"])
    with django_assert_max_num_queries(25):
        page = as_consumer.get("/keys/")
    assert "1–25 of 26" in page.content.decode()


def test_a_reloaded_answer_makes_no_second_key(client, consumer):
    client.force_login(consumer)
    page = client.get(reverse("keys:make")).content.decode()
    once = page.partition('name="once" value="')[2].partition('"')[0]
    form = {"once": once, "name": "n", "scopes": ["predict"], "expires_in_days": "30"}
    form["tenant"] = str(consumer.memberships.get().tenant_id)
    assert client.post(reverse("keys:make"), form).status_code == 200
    assert client.post(reverse("keys:make"), form).status_code == 302
    assert ApiKey.objects.filter(holder=consumer).count() == 1


def test_a_key_says_which_of_its_models_refuse_it_and_names_them(
    as_consumer, consumer, claims, model
):
    limited, _ = keys.issue(
        claims, by=consumer, name="batch", scopes=["predict"], model_slugs=["digits"]
    )
    text = as_consumer.get(limited.get_absolute_url()).content.decode()
    assert "Calls will be refused until access is given." in text
    assert 'href="/models/digits/ask/?tenant=claims"' in text
    listed = as_consumer.get("/keys/").content.decode()
    assert model.name == "Digits" and ">Digits</td>" in listed


def test_revoking_a_key_twice_says_since_when(as_consumer, key):
    for _ in range(2):
        answer = as_consumer.post(f"/keys/{key.pk}/revoke/", follow=True)
    text = answer.content.decode()
    assert "is revoked already, since" in text and "Somebody was faster" not in text
