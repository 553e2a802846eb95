"""Signing in and out, passwords by mail, and what the trail says of them."""

import re
import time

import pytest
from django.urls import reverse

from portal.audit.models import Event
from tenants.directory import guessing
from tenants.directory import services as directory

PASSWORD = "a fine password"
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def fresh_counters():
    guessing._counter().flushdb()


def sign_in(client, name, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": name, "password": password}, **more)


def verbs(subject) -> list[str]:
    return [event.verb for event in Event.objects.about(subject).newest_first()]


@pytest.mark.parametrize("name", ["consumer", "CONSUMER", "consumer@example.org"])
def test_people_sign_in_by_name_and_by_address(client, consumer, name):
    answer = sign_in(client, name)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert verbs(consumer)[0] == "signed in"


def test_the_session_is_new_after_signing_in(client, consumer):
    client.get(LOGIN)
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    client.cookies["sessionid"] = session.session_key
    sign_in(client, "consumer")
    assert client.session.session_key != session.session_key


def test_unknown_and_known_names_read_the_same(client, consumer):
    answers = [sign_in(client, name, "wrong") for name in ("consumer", "nobody at all")]
    bodies = [re.sub(r'value="[^"]*"', "", a.content.decode()) for a in answers]
    strip = [re.sub(r"[0-9a-f-]{36}|nonce-\S+", "", body) for body in bodies]
    assert strip[0] == strip[1]
    assert [a.status_code for a in answers] == [422, 422]


@pytest.mark.parametrize("name", ["consumer", "consumer@example.org", "nobody", "no@example.org"])
def test_every_wrong_password_costs_one_hash(client, consumer, name, monkeypatch):
    made = []
    hasher = "tests.hashers.FewRounds.encode"
    monkeypatch.setattr(hasher, lambda self, *a, **k: made.append(1) or "few$10$salt$hash")
    sign_in(client, name, "wrong")
    assert len(made) == 1


def test_too_many_tries_are_refused_before_hashing(client, consumer, monkeypatch):
    for _ in range(10):
        assert sign_in(client, "consumer", "wrong").status_code == 422
    monkeypatch.setattr("tests.hashers.FewRounds.verify", lambda *a: pytest.fail("hashed"))
    answer = sign_in(client, "consumer@example.org")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 300
    assert b"The next one is possible in" in answer.content
    assert b'value="consumer@example.org"' in answer.content


def test_refusals_and_the_lock_are_in_the_trail(client, consumer):
    for _ in range(13):
        sign_in(client, "consumer", "wrong", REMOTE_ADDR="192.0.2.7")
    told = [e.facts for e in Event.objects.about(consumer).newest_first()]
    notes = [line["note"] for line in told if line["verb"] == "denied sign in"]
    assert notes[0] == "Locked after too many wrong passwords."
    assert notes[1:] == ["Wrong name or password."] * 10
    assert told[0]["address"] == "192.0.2.7"


def test_what_was_typed_as_a_name_is_not_kept(client, db):
    sign_in(client, "my secret password", "wrong")
    assert not [e for e in Event.objects.all() if "my secret" in e.payload]


def test_a_closed_account_opens_for_nobody(client, consumer, operator):
    directory.set_active(consumer, False, by=operator)
    answer = sign_in(client, "consumer")
    assert "_auth_user_id" not in client.session
    assert answer["Location"] == "/accounts/inactive/"


def test_without_valkey_nobody_signs_in(client, consumer, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1"
    answer = sign_in(client, "consumer")
    assert answer.status_code == 503
    assert b"cannot be counted" in answer.content


def test_signing_out_is_in_the_trail(client, consumer):
    sign_in(client, "consumer")
    client.post("/accounts/logout/")
    assert verbs(consumer)[0] == "signed out"
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up(client, db):
    assert b"Accounts are made by operators" in client.get("/accounts/signup/").content
    assert client.post("/accounts/signup/", {"username": "x"}).status_code == 200
    assert client.get("/accounts/email/").status_code == 404


def test_the_next_page_stays_in_the_portal(client, consumer):
    answer = client.post(
        f"{LOGIN}?next=https://evil.example", {"login": "consumer", "password": PASSWORD}
    )
    assert answer["Location"] == "/"


def test_a_link_sets_a_password_once(client, consumer, mailoutbox, settings):
    directory.mail_link(consumer.email, invited=False)
    link = re.search(r"https?://\S+", mailoutbox[0].body)[0]
    assert link.startswith(settings.PORTAL_URL)
    path = link.removeprefix(settings.PORTAL_URL)
    form = client.get(path, follow=True)
    new = {"password1": "another fine one", "password2": "another fine one"}
    assert client.post(form.redirect_chain[-1][0], new).status_code == 302
    assert sign_in(client, "consumer", "another fine one").status_code == 302
    assert verbs(consumer)[:3] == [
        "signed in",
        "set a password",
        "was sent a link to set a password",
    ]
    client.logout()
    assert b"This link no longer works" in client.get(path, follow=True).content


def test_asking_for_a_link_answers_the_same_for_everybody(client, consumer, mailoutbox):
    reset = reverse("account_reset_password")
    known = client.post(reset, {"email": consumer.email})
    unknown = client.post(reset, {"email": "no@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert mailoutbox == []  # the mail is the worker's, so both take as long


def test_asking_for_links_is_limited(client, consumer):
    reset = reverse("account_reset_password")
    told = [client.post(reset, {"email": consumer.email}).status_code for _ in range(4)]
    assert told == [302, 302, 302, 429]


def test_the_old_password_is_not_guessed_on_the_password_page(client, consumer):
    client.force_login(consumer)
    wrong = {"oldpassword": "x", "password1": "another fine one", "password2": "another fine one"}
    told = [client.post("/accounts/password/change/", wrong).status_code for _ in range(12)]
    assert told == [422] * 10 + [429] * 2


def test_other_sessions_end_with_the_old_password(client, consumer):
    client.force_login(consumer)
    consumer.set_password("something else entirely")
    consumer.save()
    assert client.get("/account/").status_code == 302


def test_an_idle_session_ends(client, consumer, settings):
    sign_in(client, "consumer")
    session = client.session
    session["seen"] = int(time.time()) - settings.SESSION_IDLE_AGE - 1
    session.save()
    assert client.get("/account/").status_code == 302
    assert verbs(consumer)[0] == "session ended"


def test_a_session_has_a_greatest_age(client, consumer, settings):
    sign_in(client, "consumer")
    session = client.session
    session["began"] = int(time.time()) - settings.SESSION_COOKIE_AGE - 1
    session.save()
    assert client.get("/account/").status_code == 302
