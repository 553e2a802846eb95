"""Without the filter of any one queryset, the database still shows no foreign row."""

import inspect
from collections import Counter, defaultdict
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
# Who reads, and the story that is foreign to them.
READERS = {"stranger": "ours", "consumer": "theirs", "owner": "theirs"}
TALLY: Counter = Counter()


def filtered() -> dict:
    """Each queryset class that narrows to a person, with the models that use it."""
    found = defaultdict(list)
    for kind in apps.get_models():
        rows = type(kind._default_manager.all())
        if hasattr(rows, "visible_to"):
            found[rows].append(kind)
    return dict(found)


MUTATED = filtered()


def personal(rows) -> list[str]:
    """The methods of a queryset class that narrow it to one person: `name(self, user)`."""
    return [
        name
        for name, method in inspect.getmembers(rows, inspect.isfunction)
        if list(inspect.signature(method).parameters) == ["self", "user"]
    ]


@contextmanager
def without_filter(monkeypatch, rows):
    """`rows` shows everything to everybody, signed in or not."""
    with monkeypatch.context() as patch:
        for name in personal(rows):
            patch.setattr(rows, name, lambda self, user: self.all())
        yield


@contextmanager
def watched(monkeypatch, heard: set):
    """Notes which querysets are narrowed to a person."""

    def noting(rows, method):
        def narrowed(self, user):
            heard.add(rows)
            return method(self, user)

        return narrowed

    with monkeypatch.context() as patch:
        for rows in MUTATED:
            for name in personal(rows):
                patch.setattr(rows, name, noting(rows, getattr(rows, name)))
        yield


def readings(stage, name: str) -> list[str]:
    """Every path that is read with GET; where it names a row, one that is foreign to `name`."""
    found = set()
    for path, rows in policy.portal_rows().items():
        for row in rows:
            if row.method == "GET" and path in ADDRESSES and row.sample in ("-", READERS[name]):
                values = values_of(stage, ADDRESSES[path], row.about, row.sample)
                found.add(ADDRESSES[path].at(values))
    return sorted(found)


def foreign(stage, name: str, answer) -> set[str]:
    """Marks and quantities in an answer that name none of this person's tenants."""
    text = answer.body.decode("utf-8", "replace") + str(answer.headers)
    mine = stage.tenants_of(name)
    marks = {found for found in MARK.findall(text) if not mine & set(found.lower().split("-"))}
    others = {whose: number for whose, number in QUANTITIES.items() if not mine & set(whose)}
    shown = text.translate(dict.fromkeys(map(ord, ",\u202f\u2009\xa0")))
    return marks | {f"{whose}: {n}" for whose, n in others.items() if str(n) in shown}


def leaks(walker, name: str, paths):
    """(path, what is foreign in its answer), for each path that shows something foreign."""
    for path in paths:
        TALLY["answers"] += 1
        if strange := foreign(walker.stage, name, walker.ask(name, "GET", path)):
            yield path, strange


def private_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        return {name for (name,) in cursor.fetchall()}


@pytest.fixture(scope="module")
def plain_walk(walker):
    """Everything read once as it is: what was foreign, and who narrowed a queryset where."""
    found, narrowed = {}, defaultdict(list)
    with pytest.MonkeyPatch.context() as patch:
        for name in READERS:
            for path in readings(walker.stage, name):
                heard: set = set()
                with watched(patch, heard):
                    found |= {(name, at): strange for at, strange in leaks(walker, name, [path])}
                for rows in heard:
                    narrowed[rows, name].append(path)
    return found, narrowed


def test_the_marks_are_there_to_be_found(walker):
    """The search finds what it looks for: auditors see both stories, each user their own."""
    seen = " ".join(walker.ask("auditor", "GET", path).body.decode() for path in (
        "/api/v1/access-requests/", "/api/v1/grants/", "/api/v1/api-keys/", "/api/v1/models/",
    ))  # fmt: skip
    assert {"claims", "retail", "claims-vision", "bank-retail"} <= set(MARK.findall(seen))
    own = walker.ask("consumer", "GET", "/api/v1/access-requests/").body.decode()
    assert set(MARK.findall(own)) == {"claims-vision"}


def test_nothing_foreign_is_shown(plain_walk):
    assert plain_walk[0] == {}


@pytest.mark.parametrize("rows", MUTATED, ids=lambda rows: rows.__name__)
def test_without_one_filter_the_database_still_holds(walker, plain_walk, monkeypatch, rows):
    if not {kind._meta.db_table for kind in MUTATED[rows]} & private_tables():
        pytest.skip("shared by design; tests/architecture/test_tenancy.py says which and why")
    TALLY["mutated"] += 1
    paths = {name: plain_walk[1][rows, name] for name in READERS}
    assert any(paths.values()), f"Nothing that they read narrows {rows.__name__}."
    with without_filter(monkeypatch, rows):
        for name in READERS:
            assert dict(leaks(walker, name, paths[name])) == {}


def test_every_private_table_that_people_read_was_tried(stage):
    tried = {kind._meta.db_table for kinds in MUTATED.values() for kind in kinds}
    roots = {table for table in private_tables() if not table[-1].isdigit()}
    assert roots - tried == {"portal_secret"}  # read by the vault alone


def test_without_both_walls_it_would_be_found(walker, plain_walk, monkeypatch):
    """The control: with the filter gone and the database open, the same search finds leaks."""
    monkeypatch.setattr(User, "reach", lambda self: tenancy.EVERYTHING)
    found = set()
    for rows in MUTATED:
        with without_filter(monkeypatch, rows):
            for name in READERS:
                if next(leaks(walker, name, plain_walk[1][rows, name]), None):
                    found.add(rows)
    telling = {"marketplace_accessrequest", "marketplace_grant", "tenants_apikey", "tenants_call"}
    told = {kind._meta.db_table for rows in found for kind in MUTATED[rows]}
    telling |= {"tenants_posting", "tenants_statement", "portal_notice"}
    said = f"{TALLY['mutated']} querysets mutated, {TALLY['answers']} answers searched"
    assert telling <= told, f"{said}; the search is blind for {telling - told}"
