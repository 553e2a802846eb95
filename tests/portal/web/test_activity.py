"""A page that is left open does not keep its session; a person who uses it does."""

import http.server
import shutil
import threading
import time
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import sync_playwright

from portal.web.middleware import BY_ITSELF, SEEN_EVERY
from tests.portal.people import signed_in

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
BY_PAGE = {BY_ITSELF: "1", "HX-Request": "true", "HX-Current-URL": "http://testserver/usage/"}
PAGE = b"""<!doctype html><title>x</title>
<script src="/django_htmx/htmx-2.min.js" defer></script>
<script type="module" src="/js/activity.js"></script>
<p hx-get="/poll" hx-trigger="every 100ms" hx-swap="none">x</p>
<p hx-get="/load" hx-trigger="load" hx-swap="none">x</p>
<button type="button" hx-get="/click" hx-swap="none">Ask</button>"""


def left_alone(client, seconds: int) -> None:
    session = client.session
    session["seen"] = session["began"] = int(time.time()) - seconds
    session.save()


def test_what_a_page_asks_by_itself_is_no_activity(client, consumer, settings):
    signed_in(client, consumer).get("/usage/")
    left_alone(client, SEEN_EVERY + 5)
    before = client.session["seen"]
    assert client.get("/usage/newest/", headers=BY_PAGE).status_code == 200
    assert client.session["seen"] == before
    client.get("/usage/newest/", headers={"HX-Request": "true"})
    assert client.session["seen"] > before


def test_a_page_that_was_left_open_is_led_to_the_entrance_as_a_whole(client, consumer, settings):
    signed_in(client, consumer).get("/usage/")
    left_alone(client, settings.SESSION_IDLE_AGE + 1)
    answer = client.get("/usage/newest/", headers=BY_PAGE)
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=/usage/"
    assert answer.content == b""
    assert client.get("/usage/").status_code == 302


class Listener(http.server.BaseHTTPRequestHandler):
    """Serves one page and our scripts; remembers who asked by itself."""

    def do_GET(self):
        found = self.path != "/" and finders.find(self.path[1:])
        if "HX-Request" in self.headers:
            self.server.heard.append((self.path, BY_ITSELF in self.headers))
        script = found and Path(found).read_bytes()
        self.send_response(200)
        self.send_header("content-type", "text/javascript" if found else "text/html")
        self.end_headers()
        self.wfile.write(script or (PAGE if self.path == "/" else b""))

    def log_message(self, *facts):
        """Nothing to tell."""


@pytest.fixture
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.heard = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def until(told, page) -> None:
    for _ in range(100):
        if told():
            return
        page.wait_for_timeout(50)
    pytest.fail("It was not asked.")


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
def test_only_a_person_makes_requests_of_a_person(site):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{site.server_port}/")
        until(lambda: {"/poll", "/load"} <= {path for path, _ in site.heard}, page)
        assert all(by_itself for _, by_itself in site.heard)
        page.get_by_role("button").click()
        until(lambda: "/click" in dict(site.heard), page)
        browser.close()
    assert dict(site.heard)["/click"] is False
