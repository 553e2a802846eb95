"""Odd ways to ask: no other answer than the plain one, and no form without its token."""

import pytest

from tests.access import policy
from tests.access.addresses import portal_addresses
from tests.access.walking import UNSAFE, Walker, read, values_of

ADDRESSES = {address.path: address for address in portal_addresses()}
OVERRIDES = [
    {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
    {"HTTP_X_METHOD_OVERRIDE": "POST"},
    {"HTTP_X_HTTP_METHOD": "PATCH"},
    {"HTTP_X_ORIGINAL_URL": "/people/"},
    {"HTTP_X_REWRITE_URL": "/admin/"},
    {"HTTP_X_FORWARDED_USER": "operator"},
    {"HTTP_X_REMOTE_USER": "operator", "HTTP_REMOTE_USER": "operator"},
    {"HTTP_X_FORWARDED_FOR": "127.0.0.1", "HTTP_X_REAL_IP": "127.0.0.1"},
]
REFUSED = {"login", "no", "hidden", "no-method", "form"}
PLACES = [
    ("stranger", "/access/requests/{pk}/", "request"),
    ("stranger", "/api/v1/access-requests/{pk}/", "request"),
    ("stranger", "/api/v1/grants/{pk}/", "grant"),
    ("consumer", "/api/v1/models/{slug}/retire/", "model"),
    ("owner", "/keys/{pk}/", "key"),
    ("consumer", "/people/new/", "-"),
    ("anonymous", "/api/v1/users/", "-"),
]


@pytest.fixture(scope="module")
def strict(stage):
    """A walker whose browsers are asked for the token of each form."""
    walker = Walker(stage)
    plain = stage.browser
    walker.stage = type("Strict", (), {"cookies": stage.cookies})()
    walker.stage.browser = lambda name: plain(name, enforce_csrf_checks=True)
    return walker


@pytest.mark.parametrize(("name", "path", "about"), PLACES)
def test_headers_change_neither_method_nor_person(walker, name, path, about):
    place = place_of(walker, path, about)
    for method in ("GET", "POST"):
        plain = walker.ask(name, method, place)
        for headers in OVERRIDES:
            odd = walker.ask(name, method, place, **headers)
            assert (odd.status, odd.word) == (plain.status, plain.word), headers


@pytest.mark.parametrize(("name", "path", "about"), PLACES)
def test_other_spellings_open_nothing(walker, name, path, about):
    plain = place_of(walker, path, about)
    last = plain.rstrip("/").rpartition("/")[2]
    encoded = "".join(f"%25{ord(letter):02x}" for letter in last)
    spellings = [
        plain.upper(), plain.rstrip("/"), plain + "/", f"/{plain}", plain.replace("/", "//"),
        plain.replace(last, encoded), plain + ".json", plain + "%2e%2e/", plain + ";x=1",
        plain.rstrip("/") + "%00/", plain.rstrip("/") + "%20/",
    ]  # fmt: skip
    for method in ("GET", "POST", "DELETE"):
        for spelling in spellings:
            word = walker.ask(name, method, spelling).word
            assert word in REFUSED or redirects(walker, name, method, spelling), (
                method,
                spelling,
                word,
            )


def redirects(walker, name, method, place) -> bool:
    """A missing slash is put right, and where that leads nothing opens either."""
    answer = walker.ask(name, method, place)
    if answer.status not in (301, 308):
        return False
    return walker.ask(name, method, answer.headers["location"]).word in REFUSED


@pytest.mark.parametrize("path", sorted(p for p in ADDRESSES if not p.startswith("/api/")))
def test_no_page_is_changed_without_its_token(strict, stage, path):
    rows = [row for row in policy.portal_rows().get(path, []) if row.method in UNSAFE]
    for row in rows:
        place = ADDRESSES[path].at(values_of(stage, ADDRESSES[path], row.about, row.sample))
        for name in ("owner", "operator"):
            assert strict.ask(name, row.method, place).status == 403, str(row)


@pytest.mark.parametrize("path", sorted(p for p in ADDRESSES if p.startswith("/api/")))
def test_a_session_alone_changes_nothing_by_the_api(strict, stage, path):
    rows = [row for row in policy.portal_rows().get(path, []) if row.method in UNSAFE]
    for row in rows:
        place = ADDRESSES[path].at(values_of(stage, ADDRESSES[path], row.about, row.sample))
        assert strict.ask("owner", row.method, place).status == 403, str(row)


def place_of(walker, path: str, about: str) -> str:
    return ADDRESSES[path].at(values_of(walker.stage, ADDRESSES[path], about, "ours"))


def test_a_key_in_another_place_is_no_key(walker):
    client = walker.stage.browser("anonymous")
    for more in ({"HTTP_X_API_KEY": "mw_live_x"}, {"HTTP_AUTHORIZATION": "Basic b3duZXI6eA=="}):
        assert read(client.get("/api/v1/users/me/", **more)).word == "login"
    assert read(client.get("/api/v1/users/me/?api_key=mw_live_x")).word == "login"
