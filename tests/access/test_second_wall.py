"""Without the filter of any one queryset, the database still shows no foreign row."""

from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import connection

from portal.core import tenancy
from tenants.directory.models import User
from tests.access import policy
from tests.access.addresses import portal_addresses
from tests.access.stage import MARK, QUANTITIES
from tests.access.walking import values_of

ADDRESSES = {address.path: address for address in portal_addresses()}
READERS = ("stranger", "consumer")
# Methods of our querysets that narrow to a person, beside `visible_to`.
PERSONAL = ("visible_to", "decidable_by", "held_by", "asked_by")


def filtered_models() -> dict:
    """Querysets of tenant-private tables by name, with a model that uses each."""
    found = {}
    for kind in apps.get_models():
        rows = type(kind._default_manager.all())
        if hasattr(rows, "visible_to"):
            found.setdefault(rows, []).append(kind)
    return found


MUTATED = filtered_models()
TELLING = {"marketplace_accessrequest", "tenants_apikey", "portal_notice"}  # rows full of marks


@contextmanager
def without_filter(monkeypatch, rows):
    """`rows` shows everything to everybody, signed in or not."""
    with monkeypatch.context() as patch:
        for name in PERSONAL:
            if hasattr(rows, name):
                patch.setattr(rows, name, lambda self, user: self.all())
        yield


def readings(stage, name: str):
    """Every path that is read with GET; where it names a row, one of the other story."""
    other = {"stranger": "ours", "consumer": "theirs"}[name]
    for path, rows in policy.portal_rows().items():
        for row in rows:
            if row.method == "GET" and path in ADDRESSES and row.sample in ("-", other):
                yield ADDRESSES[path].at(values_of(stage, ADDRESSES[path], row.about, row.sample))


def foreign(stage, name: str, answer) -> set[str]:
    """Marks and quantities in an answer that name none of this person's tenants."""
    text = answer.body.decode("utf-8", "replace") + str(answer.headers)
    mine = stage.marks_foreign_to(name)
    marks = {found for found in MARK.findall(text) if not mine & set(found.lower().split("-"))}
    others = {tenant: number for tenant, number in QUANTITIES.items() if tenant not in mine}
    shown = text.replace(",", "").replace("\u202f", "").replace("\u2009", "").replace("\xa0", "")
    return marks | {f"{tenant}: {n}" for tenant, n in others.items() if str(n) in shown}


def private_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        return {name for (name,) in cursor.fetchall()}


def leaks(walker, name: str) -> tuple[int, dict]:
    """How many answers were searched for this person, and what was foreign in them."""
    found, searched = {}, 0
    for path in sorted(set(readings(walker.stage, name))):
        answer, searched = walker.ask(name, "GET", path), searched + 1
        if strange := foreign(walker.stage, name, answer):
            found[path] = strange
    return searched, found


def test_the_marks_are_there_to_be_found(walker):
    """The search finds what it looks for: auditors see both stories, each user their own."""
    seen = " ".join(walker.ask("auditor", "GET", path).body.decode() for path in (
        "/api/v1/access-requests/", "/api/v1/grants/", "/api/v1/api-keys/", "/api/v1/models/",
    ))  # fmt: skip
    assert {"claims", "retail", "claims-vision", "bank-retail"} <= set(MARK.findall(seen))
    own = walker.ask("consumer", "GET", "/api/v1/access-requests/").body.decode()
    assert set(MARK.findall(own)) == {"claims-vision"}


@pytest.mark.parametrize("name", READERS)
def test_nothing_foreign_is_shown(walker, name):
    searched, found = leaks(walker, name)
    assert searched > 80 and not found, f"{searched} answers searched as {name}"


@pytest.mark.parametrize("rows", MUTATED, ids=lambda rows: rows.__name__)
def test_without_one_filter_the_database_still_holds(walker, monkeypatch, rows):
    private = [k for k in MUTATED[rows] if k._meta.db_table in private_tables()]
    if not private:
        return  # shared by design; see tests/architecture/test_tenancy.py
    with without_filter(monkeypatch, rows):
        for name in READERS:
            searched, found = leaks(walker, name)
            assert not found, f"{rows.__name__} without filter: {searched} answers as {name}"


def test_without_both_walls_it_would_be_found(walker, monkeypatch):
    """The control: with the filter gone and the database open, this search does find leaks."""
    monkeypatch.setattr(User, "reach", lambda self: tenancy.EVERYTHING)
    blind = []
    for rows, kinds in MUTATED.items():
        if {kind._meta.db_table for kind in kinds} & TELLING:
            with without_filter(monkeypatch, rows):
                if not leaks(walker, "stranger")[1]:
                    blind.append(rows.__name__)
    assert not blind


def test_every_private_table_that_people_read_was_tried(stage):
    tried = {kind._meta.db_table for kinds in MUTATED.values() for kind in kinds}
    roots = {table for table in private_tables() if not table[-1].isdigit()}
    assert roots - tried == {"portal_secret"}  # read by the vault alone
