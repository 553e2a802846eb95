"""One request as one person, undone afterwards, and the word of the policy for its answer."""

import re
from dataclasses import dataclass, field
from functools import cache
from http.cookies import SimpleCookie

from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from portal.core import tenancy
from tests.access.addresses import Address
from tests.access.bodies import fields, written
from tests.access.stage import Stage

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
ASIDE = {"portal_event", "django_session", "portal_idempotentanswer"}
MISSING = {
    "pk": "00000000-0000-7000-8000-000000000000",
    "member": "00000000-0000-7000-8000-000000000000",
    "slug": "nothing-here",
    "cluster": "nothing-here",
    "tenant": "nothing-here",
    "number": 1,
    "username": "nobody-here",
    "reference": "999999999-999999999",
    "id": "999999999-999999999",
    "kind": "marketplace.grant",
    "key": "00000000-0000-7000-8000-000000000000",
    "month": "2001-01",
    "model_id": "00000000-0000-7000-8000-000000000000",
    "uidb36": "zz",
    "app_label": "nothing",
    "url": "nothing-here",
}
WORD_OF = {400: "form", 409: "form", 412: "form", 415: "form", 422: "form"}
WORD_OF |= {401: "login", 403: "no", 404: "hidden", 405: "no-method"}
CHANGING = {"x-request-id", "content-length", "set-cookie", "expires", "date"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TOKEN = re.compile(r"\b[0-9A-Za-z]{64}\b")


@dataclass
class Answer:
    """What came back, in the word of the policy and as it was."""

    word: str
    status: int
    headers: dict
    body: bytes = field(repr=False)

    def plain(self, values: dict) -> tuple:
        """Everything but what differs from one request to the next, and the ids asked for."""
        text = self.body.decode("utf-8", "replace")
        for value in sorted(map(str, values.values()), key=len, reverse=True):
            text = text.replace(value, "…") if len(value) > 3 else text
        text = TOKEN.sub("…", UUID.sub("…", text))
        kept = {name: value for name, value in self.headers.items() if name not in CHANGING}
        return self.status, kept, text


class Walker:
    """Asks as anybody, with one browser each; nothing that is done stays done."""

    def __init__(self, stage: Stage):
        self.stage, self.browsers, self.asked = stage, {}, 0
        self.kept: dict[tuple, Answer] = {}

    def ask(self, name: str, method: str, path: str, *, body="", look=None, **more) -> Answer:
        """One request. `look()` is called before it is undone."""
        client = self._browser(name)
        self.asked += 1
        # From somewhere else each time: limits on guessing are another story.
        place = ".".join(str(self.asked >> shift & 255) for shift in (16, 8, 0))
        more.setdefault("REMOTE_ADDR", f"10.{place}")
        with transaction.atomic():
            response = client.generic(method, path, **written(path, body), **more)
            answer = read(response)
            if answer.headers.get("location", "").startswith("/admin/login/"):
                answer = read(client.get("/admin/login/"))
            if look:
                look()
            transaction.set_rollback(True)
        return answer

    def ask_once(self, name: str, method: str, path: str, *, body) -> Answer:
        """The answer to the usual body; kept, as nothing that is done stays done."""
        if (name, method, path) not in self.kept:
            self.kept[name, method, path] = self.ask(name, method, path, body=body)
        return self.kept[name, method, path]

    def ask_and_compare(self, name: str, method: str, path: str, **more):
        """The answer, and the tables in which it changed anything."""
        before, after = fingerprint(), []
        answer = self.ask(name, method, path, look=lambda: after.append(fingerprint()), **more)
        changed = {table for table, rows in after[0].items() if before[table] != rows}
        return answer, changed

    def _browser(self, name: str) -> Client:
        if name not in self.browsers:
            self.browsers[name] = self.stage.browser(name)
        client = self.browsers[name]
        client.cookies = SimpleCookie()
        if name in self.stage.cookies:
            client.cookies["sessionid"] = self.stage.cookies[name]
        return client


def fingerprint() -> dict[str, tuple]:
    """How many rows each table has and what they add up to; without the trail and sessions."""
    with tenancy.as_system(), connection.cursor() as cursor:
        cursor.execute(counting())
        return {table: rest for table, *rest in cursor.fetchall()}


@cache
def counting() -> str:
    """One statement that counts and sums every table."""
    kinds = apps.get_models(include_auto_created=True)
    tables = sorted({kind._meta.db_table for kind in kinds} - ASIDE)
    one = "SELECT '{0}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM \"{0}\" t"
    return " UNION ALL ".join(one.format(table) for table in tables)


def read(response) -> Answer:
    """The answer to a request, with its word."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    body = b"".join(response) if response.streaming else response.content
    return Answer(word(response.status_code, headers), response.status_code, headers, body)


def word(status: int, headers: dict) -> str:
    """What the policy calls this answer."""
    if status in (301, 302, 303) and headers.get("location", "").startswith("/accounts/login/"):
        return "login"
    if status < 400:
        return "ok"
    return WORD_OF.get(status, f"broken-{status}")


def values_of(stage: Stage, address: Address, about: str, sample: str) -> dict | None:
    """What to write for the names of an address: `ours`, `theirs` or `missing`."""
    if not address.names or about == "-":
        return {}
    known = MISSING if sample == "missing" else stage.stories[sample].things[about]
    return {name: known[name] for name in address.names}


def body_for(stage: Stage, path: str, method: str, sample: str):
    """A full body for methods that change something, about the rows of the sample's story."""
    if method not in UNSAFE:
        return ""
    story = stage.stories["theirs" if sample == "theirs" else "ours"]
    return fields(path, story.things | {"user": story.user})
