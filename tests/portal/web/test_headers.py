"""What every answer carries, whatever it is: pages, errors, the console, the API, downloads."""

import re

import pytest

from tests.portal.people import signed_in

KINDS = {
    "start": "/",
    "sign in": "/accounts/login/",
    "help": "/help/",
    "list": "/tenants/",
    "form": "/tenants/new/",
    "trail": "/audit/",
    "export": "/audit/export.csv",
    "console": "/admin/",
    "console table": "/admin/tenants/tenant/",
    "api": "/api/v1/tenants/",
    "api error": "/api/v1/tenants/none/",
    "schema": "/api/v1/schema/",
    "api docs": "/api/v1/docs/",
    "not found": "/no/such/page/",
    "not readable": "/people/%00/",
    "health": "/healthz",
}
INLINE = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=[\"']|\son[a-z]+=[\"']", re.I)


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS.keys())
def test_every_kind_of_answer_is_behind_the_same_walls(client, operator, path):
    answer = signed_in(client, operator).get(path)
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "default-src 'none'" in policy
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert len(answer["x-request-id"]) == 36


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS.keys())
def test_no_page_has_a_script_or_a_style_inside(client, operator, path):
    answer = signed_in(client, operator).get(path)
    if "html" in answer["Content-Type"]:
        assert INLINE.findall(answer.content) == []


def test_a_page_that_breaks_keeps_its_walls(client, operator, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("portal.console.desk.waiting", lambda user: 1 / 0)
    answer = signed_in(client, operator).get("/")
    assert answer.status_code == 500
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert answer["x-request-id"].encode() in answer.content
    assert b"ZeroDivisionError" not in answer.content
    assert INLINE.findall(answer.content) == []


def test_a_form_without_our_token_is_refused(consumer, client_class):
    strict = client_class(enforce_csrf_checks=True)
    strict.force_login(consumer)
    answer = strict.post("/account/", {"time_zone": "UTC"})
    assert answer.status_code == 403
    assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_signing_in_wants_our_token_too(client_class, db):
    strict = client_class(enforce_csrf_checks=True)
    answer = strict.post("/accounts/login/", {"login": "x", "password": "y"})
    assert answer.status_code == 403


def test_cookies_are_kept_from_scripts_and_other_sites(client, consumer):
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "consumer", "password": "a fine password"})
    session, token = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert session["httponly"] and session["samesite"] == "Lax"
    assert token["samesite"] == "Lax"


@pytest.mark.parametrize("path", ["/tenants/?x=%00", "/people/a%00b/", "/api/v1/users/%00/"])
def test_addresses_that_no_name_can_have_are_a_clear_400(client, operator, path):
    answer = signed_in(client, operator).get(path)
    assert answer.status_code == 400
    framed = b"The request was not understood" in answer.content and b"<main" in answer.content
    assert framed != path.startswith("/api/")


def test_the_api_schema_is_openapi_3_1(client, db):
    document = client.get("/api/v1/schema/").json()
    assert document["openapi"].startswith("3.1")
    for path in ("/api/v1/tenants/", "/api/v1/users/me/", "/api/v1/audit/events/"):
        assert path in document["paths"]


def test_the_api_page_loads_from_this_installation_alone(client, db):
    page = client.get("/api/v1/docs/").content.decode()
    addresses = re.findall(r"(?:src|href)=\"([^\"#]+)\"", page)
    assert [each for each in addresses if "://" in each] == []
