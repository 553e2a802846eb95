"""A method that the policy does not name at an address does nothing there, for anybody."""

import pytest

from tests.access import policy
from tests.access.addresses import portal_addresses
from tests.access.policy import FEW
from tests.access.walking import METHODS, body_for, values_of

ADDRESSES = {address.path: address for address in portal_addresses()}
ROWS = policy.portal_rows()


@pytest.mark.parametrize("path", sorted(ADDRESSES))
def test_no_other_method_does_anything(walker, path):
    rows = ROWS.get(path, [])
    offered = {row.method for row in rows} | {"HEAD" for row in rows if row.method == "GET"}
    values = values_of(walker.stage, ADDRESSES[path], rows[0].about, "ours") if rows else {}
    place = ADDRESSES[path].at(values)
    for method in sorted(set(METHODS) - offered):
        for name in FEW:
            body = body_for(walker.stage, path, method, "ours")
            answer = walker.ask(name, method, place, body=body)
            assert answer.status < 500, (name, method, path)
            if answer.word in ("ok", "form"):
                _, changed = walker.ask_and_compare(name, method, place, body=body)
                assert not changed, (name, method, path, changed)


@pytest.mark.parametrize("path", sorted(path for path, a in ADDRESSES.items() if not a.names))
def test_head_says_what_get_says(walker, path):
    if any(row.method == "GET" for row in ROWS.get(path, [])):
        for name in ("anonymous", "publisher"):
            full, head = (walker.ask(name, method, path) for method in ("GET", "HEAD"))
            assert (head.word, head.status, head.body) == (full.word, full.status, b""), name
