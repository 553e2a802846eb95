"""Every address, as everybody, with every method: the answers are those of the policy."""

import pytest

from tests.access import policy
from tests.access.addresses import portal_addresses
from tests.access.observing import observed
from tests.access.policy import FEW, PEOPLE
from tests.access.walking import METHODS, Walker, body_for, values_of

ADDRESSES = {address.path: address for address in portal_addresses()}
ROWS = policy.portal_rows()


def test_every_address_has_a_row_and_every_row_an_address():
    assert set(ADDRESSES) - set(ROWS) == set(), "These addresses have no row in the policy."
    assert set(ROWS) - set(ADDRESSES) == set(), "These rows are about no address."


@pytest.mark.parametrize("path", sorted(ADDRESSES))
def test_the_answers_are_those_of_the_policy(walker, path):
    rows = ROWS.get(path, [])
    assert rows, f"No row for {path}. As it answers now:\n" + observed(walker, ADDRESSES[path])
    wrong = [found for row in rows for found in differences(walker, row)]
    assert not wrong, "\n".join(["The policy says, and the portal answers:", *wrong])


@pytest.mark.parametrize("path", sorted(ADDRESSES))
def test_no_other_method_does_anything(walker, path):
    rows = ROWS.get(path, [])
    offered = {row.method for row in rows} | {"HEAD" for row in rows if row.method == "GET"}
    values = values_of(walker.stage, ADDRESSES[path], rows[0].about, "ours") if rows else {}
    place = ADDRESSES[path].at(values)
    for method in set(METHODS) - offered:
        for name in FEW:
            body = body_for(walker.stage, path, method, "ours")
            answer = walker.ask(name, method, place, body=body)
            assert answer.status < 500, (name, method, path)
            if answer.word in ("ok", "form"):
                _, changed = walker.ask_and_compare(name, method, place, body=body)
                assert not changed, (name, method, path, changed)


@pytest.mark.parametrize("path", sorted({p for p, a in ADDRESSES.items() if a.names}))
def test_what_may_not_be_seen_is_what_does_not_exist(walker, path):
    absent = {}
    for row in ROWS.get(path, []):
        for name, expected in row.by_person().items():
            if expected != "hidden":
                continue
            if (row.method, name) not in absent:
                absent[row.method, name] = ask(walker, row, name, "missing")
            missing, others = absent[row.method, name]
            there, values = ask(walker, row, name, row.sample)
            assert there.plain(values) == missing.plain(others), (name, str(row))


@pytest.mark.parametrize("path", sorted({p for p, a in ADDRESSES.items() if a.names}))
def test_what_does_not_exist_is_hidden_from_everybody(walker, path):
    for row in ROWS.get(path, []):
        if row.sample == "theirs" or row.about in ("sheet", "link"):
            continue
        for name, expected in row.by_person().items():
            word = ask(walker, row, name, "missing")[0].word
            assert word in {"hidden", "login"} or word == expected == "no", (name, str(row))


def differences(walker, row):
    """The row as it should be and as it is, where they differ."""
    found = [ask(walker, row, name, row.sample)[0].word for name in PEOPLE]
    if any(got != want for got, want in zip(found, row.expected, strict=True) if want != "-"):
        yield f"- {row}\n+ " + policy.line(row.path, row.about, row.sample, row.method, found)


def ask(walker: Walker, row: policy.Row, name: str, sample: str):
    """The answer to `name` at one row of a sample, and what stood in the address."""
    values = values_of(walker.stage, ADDRESSES[row.path], row.about, sample)
    body = body_for(walker.stage, row.path, row.method, sample)
    return walker.ask(name, row.method, ADDRESSES[row.path].at(values), body=body), values
