"""Hostile values in every query and every form: a clear no or a harmless yes, never a 5xx."""

import os
import random
from urllib.parse import quote, urlencode

import pytest

from tests.access import policy
from tests.access.addresses import portal_addresses
from tests.access.walking import UNSAFE, body_for, values_of

ADDRESSES = {address.path: address for address in portal_addresses()}
ROWS = policy.portal_rows()
TIMES = max(1, int(os.environ.get("FUZZ_EXAMPLES", "2")) // 10)
SEED = 20_261_123
VALUES = [
    "", "\0", "a\0b", "0", "-1", "999999999", "9" * 400, "1e999", "NaN", "0x10", "１２",
    "'; DROP TABLE x;--", "{{7*7}}", "<script>", "../../etc/passwd", "__proto__", "\ud7ff\u202e",
    "null", "2026-13-45", "0000-00-00", "2026-01-01T99:99:99Z", "not-a-uuid",
    "00000000-0000-0000-0000-00000000000g", "%", "%00", "_connector", "tenant__slug",
    "-password", "id;", "a" * 20_000,
]  # fmt: skip
JSON_VALUES = [None, True, -1, 10**30, 1.5e300, [], ["a", 1], {}, {"a": {"b": []}}, [[[]]]]
BIG = "x" * 1_000_000
RAW = [
    b"\xff\xfe\x00", b"[]", b"null", b'"x"', b"{", b"[" * 20_000, b'{"note": NaN}', b"1" * 6000,
    b'{"note": "\\ud800"}', b'{"note": "\\u0000"}',
]  # fmt: skip
FORMS = [b"\xff\xfe\x00", b"a=%ff&b=%00&=&=&;", b"a[]=1&a[x]=2", b"&" * 2000]
NAMES = (
    "page", "page_size", "ordering", "search", "q", "sort", "status", "tenant", "model", "key",
    "environment", "since", "until", "group_by", "request", "call", "month", "period", "actor",
    "verb", "what", "subject_type", "beyond", "cursor", "show", "next", "role", "state", "stage",
    "task", "data_class", "region", "visibility", "currency", "format", "days", "by", "a", "b",
    "calls", "expected_calls_per_month", "tenant__slug", "_connector", "password", "undefined",
)  # fmt: skip


def comes_in(row) -> str | None:
    """Somebody whom the policy lets in at this line."""
    people = [name for name, word in row.by_person().items() if word in ("ok", "form")]
    return people[0] if people else None


def place_of(stage, row, **other) -> str:
    values = values_of(stage, ADDRESSES[row.path], row.about, row.sample)
    return ADDRESSES[row.path].at(values | other)


def lines(*methods):
    return [
        row
        for rows in ROWS.values()
        for row in rows
        if row.method in methods and row.sample != "theirs" and comes_in(row)
    ]


@pytest.mark.parametrize("row", lines("GET"), ids=lambda row: row.path)
def test_no_query_breaks_a_page(walker, row):
    place, name = place_of(walker.stage, row), comes_in(row)
    dice = random.Random(f"{SEED}{row.path}")
    queries = [
        urlencode({n: dice.choice(VALUES) for n in dice.sample(NAMES, 6)}) for _ in range(8)
    ]
    queries += [f"page={page}" for page in ("0", "-1", "999999999", "x", "last", "1&page=2")]
    queries += ["%ff=%fe&page=%ff", "page[]=1&page[a]=2", "&&==&", urlencode({"q": BIG[:9000]})]
    for query in queries:
        answer = walker.ask(name, "GET", f"{place}?{query}")
        assert answer.status < 500, (name, f"{place}?{query[:300]}", answer.status)


@pytest.mark.parametrize(
    "row", [row for row in lines("GET") if ADDRESSES[row.path].names], ids=lambda row: row.path
)
def test_no_name_in_an_address_breaks_it(walker, row):
    dice = random.Random(f"{SEED}{row.path}")
    for value in dice.sample(VALUES[1:], 10):
        other = dict.fromkeys(ADDRESSES[row.path].names, quote(value, safe=""))
        place = place_of(walker.stage, row, **other)
        answer = walker.ask(comes_in(row), "GET", place)
        assert answer.status < 500, (place[:300], answer.status)


@pytest.mark.parametrize("row", lines(*UNSAFE), ids=lambda row: f"{row.method} {row.path}")
def test_no_form_and_no_body_breaks_an_address(walker, row):
    place, name = place_of(walker.stage, row), comes_in(row)
    for body in hostile_bodies(walker.stage, row):
        answer = walker.ask(name, row.method, place, body=body)
        assert answer.status < 500, (name, row.method, place, str(body)[:400])


def hostile_bodies(stage, row):
    """Raw nonsense, then full bodies of which a few fields turned hostile."""
    dice, api = random.Random(f"{SEED}{row.method}{row.path}"), row.path.startswith("/api/")
    sound = body_for(stage, row.path, row.method, "ours")
    yield from RAW if api else FORMS
    yield sound | {"note": BIG, "name": BIG, "purpose": BIG, "card": BIG}
    yield dict.fromkeys(sound, "\x00")
    for _ in range(5 * TIMES):
        values = VALUES + JSON_VALUES if api else VALUES
        chosen = dice.sample(sorted(sound), min(3, len(sound)))
        yield sound | {name: dice.choice(values) for name in chosen}
