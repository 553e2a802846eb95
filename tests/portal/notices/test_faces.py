"""The pages, the REST resource and the count of notices."""

import uuid

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.core import tenancy
from portal.notices import services, tasks
from portal.notices.models import Notice

API = "/api/v1/notifications/"


@pytest.fixture
def told(consumer, claims):
    (notice,) = services.tell(
        [consumer], tenant=claims, title="<b>digits</b> is yours", href="/access/", tone="ok"
    )
    return notice


@pytest.fixture
def signed_in(client):
    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


def test_my_notices_are_listed_and_escaped(signed_in, told, consumer):
    text = signed_in(consumer).get(reverse("notices:list")).content.decode()
    assert "&lt;b&gt;digits" in text
    assert "<b>digits" not in text


def test_an_empty_list_says_what_would_be_here(signed_in, stranger, told):
    client = signed_in(stranger)
    for query in ("", "?show=unread"):
        text = client.get(reverse("notices:list") + query).content.decode()
        assert 'class="empty"' in text
        assert "digits" not in text


def test_opening_a_notice_reads_it_and_goes_where_it_leads(signed_in, told, consumer):
    client, url = signed_in(consumer), reverse("notices:open", args=[told.pk])
    assert client.post(url).url == "/access/"
    assert services.unread(consumer) == 0
    answer = client.post(url, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/access/"


def test_somebody_elses_notice_and_none_are_one_answer(signed_in, told, stranger):
    client = signed_in(stranger)
    for pk in (told.pk, uuid.uuid4()):
        assert client.post(reverse("notices:open", args=[pk])).status_code == 404
        assert client.get(f"{API}{pk}/").status_code == 404
        assert client.post(f"{API}{pk}/read/").status_code == 404


def test_the_bell_counts_what_is_unread(signed_in, told, consumer):
    client = signed_in(consumer)
    assert "1 unread" in client.get(reverse("notices:bell")).content.decode()
    assert "is yours" in client.get(reverse("notices:newest")).content.decode()
    client.post(reverse("notices:read_all"))
    assert "0 unread" in client.get(reverse("notices:bell")).content.decode()


def test_programs_read_their_notices(signed_in, told, consumer):
    client = signed_in(consumer)
    assert client.get(API + "?unread=true").json()["count"] == 1
    said = client.post(f"{API}{told.pk}/read/").json()
    assert (said["href"], said["tenant"]) == ("/access/", "claims")
    assert said["read_at"]
    assert client.get(API + "?unread=true").json()["count"] == 0


def test_a_longer_list_asks_no_more_questions(signed_in, consumer, claims):
    counts = []
    for _ in range(3):
        services.tell([consumer], tenant=claims, title="x", href="/")
        client = signed_in(consumer)
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("notices:list"))
        counts.append(len(asked))
    assert counts[1] == counts[2] <= 30


def test_the_tasks_send_what_is_owed_once(told):
    tasks.deliver(str(told.pk))
    tasks.sweep()
    assert len(mail.outbox) == 1


def test_without_the_filter_a_stranger_still_finds_no_notice(told, stranger):
    with tenancy.acting_as(stranger):
        assert not Notice._base_manager.exists()
