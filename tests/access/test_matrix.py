"""Every address, as everybody, with every method: the answers are those of the policy."""

import pytest

from tests.access import policy
from tests.access.addresses import portal_addresses
from tests.access.observing import observed
from tests.access.policy import PEOPLE
from tests.access.walking import UNSAFE, Walker, body_for, values_of

ADDRESSES = {address.path: address for address in portal_addresses()}
ROWS = policy.portal_rows()
NAMING = sorted({path for path, address in ADDRESSES.items() if address.names})


def test_every_address_has_a_row_and_every_row_an_address():
    assert set(ADDRESSES) - set(ROWS) == set(), "These addresses have no row in the policy."
    assert set(ROWS) - set(ADDRESSES) == set(), "These rows are about no address."


def test_owners_are_equals():
    """So reading is asked of one of them; what changes something, of both."""
    for row in (row for rows in ROWS.values() for row in rows):
        may = row.by_person()
        assert may["owner"] == may["second_owner"], str(row)


@pytest.mark.parametrize("path", sorted(ADDRESSES))
def test_the_answers_are_those_of_the_policy(walker, path):
    rows = ROWS.get(path, [])
    assert rows, f"No row for {path}. As it answers now:\n" + observed(walker, ADDRESSES[path])
    wrong = [found for row in rows for found in differences(walker, row)]
    assert not wrong, "\n".join(["The policy says, and the portal answers:", *wrong])


@pytest.mark.parametrize("path", NAMING)
def test_what_may_not_be_seen_is_what_does_not_exist(walker, path):
    for row in ROWS.get(path, []):
        for name in asked(row):
            if row.by_person()[name] == "hidden":
                there, values = ask(walker, row, name, row.sample)
                missing, others = ask(walker, row, name, "missing")
                assert there.plain(values) == missing.plain(others), (name, str(row))


@pytest.mark.parametrize("path", NAMING)
def test_what_does_not_exist_is_hidden_from_everybody(walker, path):
    for row in ROWS.get(path, []):
        if row.sample == "theirs" or row.about in ("sheet", "link"):
            continue
        for name in asked(row):
            word = ask(walker, row, name, "missing")[0].word
            refused = word == row.by_person()[name] == "no"
            assert word in {"hidden", "login"} or refused, (name, str(row))


def asked(row: policy.Row) -> list[str]:
    """Whose answer is asked for; of two equals one, unless something may change."""
    return [name for name in PEOPLE if name != "second_owner" or row.method in UNSAFE]


def differences(walker, row):
    """The row as it should be and as it is, where they differ."""
    expected = row.by_person()
    found = expected | {name: ask(walker, row, name, row.sample)[0].word for name in asked(row)}
    if any(found[name] != word for name, word in expected.items() if word != "-"):
        yield f"- {row}\n+ " + policy.line(
            row.path, row.about, row.sample, row.method, found.values()
        )


def ask(walker: Walker, row: policy.Row, name: str, sample: str):
    """The answer to `name` at one row of a sample, and what stood in the address."""
    values = values_of(walker.stage, ADDRESSES[row.path], row.about, sample)
    body = body_for(walker.stage, row.path, row.method, sample)
    place = ADDRESSES[row.path].at(values)
    return walker.ask_once(name, row.method, place, body=body), values
