"""Auditors read. Whatever they send, wherever they send it, no row of anybody else changes."""

import pytest

from tests.access import policy
from tests.access.addresses import portal_addresses
from tests.access.walking import UNSAFE, body_for, values_of

ADDRESSES = {address.path: address for address in portal_addresses()}
ROWS = policy.portal_rows()
# What auditors do about themselves: tables by address.
OWN = {
    "/account/": {"tenants_user"},
    "/api/v1/users/me/": {"tenants_user"},
    "/accounts/password/reset/": set(),
    "/api/v1/saved-views/": {"marketplace_savedview"},
    "/views/keep/": {"marketplace_savedview"},
}


@pytest.mark.parametrize("path", sorted(ADDRESSES))
def test_an_auditor_changes_nothing(walker, path):
    address, rows = ADDRESSES[path], ROWS.get(path, [])
    acts = [row for row in rows if row.method in UNSAFE]
    for row in acts:
        place = address.at(values_of(walker.stage, address, row.about, row.sample))
        for body in ("", body_for(walker.stage, path, row.method, row.sample)):
            answer, changed = walker.ask_and_compare("auditor", row.method, place, body=body)
            assert answer.status < 500, str(row)
            assert changed <= OWN.get(path, set()), (str(row), answer.word)


def test_no_row_of_the_policy_lets_an_auditor_act():
    may = {
        row.path
        for rows in ROWS.values()
        for row in rows
        if row.method in UNSAFE and row.by_person()["auditor"] == "ok"
    }
    assert may == {
        "/account/",  # their own account
        "/account/tenant/",  # which tenant their pages are about
        "/accounts/login/",  # is signed in, so goes on to the start page
        "/accounts/password/reset/",
        "/accounts/password/reset/key/{uidb36}-{key}/",
        "/api/v1/access-requests/bulk-decide/",  # says of each that it is not theirs to decide
        "/api/v1/users/me/",
        "/notices/read/",  # their own notices
        "/api/v1/saved-views/",  # their own searches
        "/queue/decide/",  # as bulk-decide
        "/views/keep/",
        "/jobs/cancel/",  # several at once: says of each why it was not cancelled
        "/jobs/estimate/",  # asks alone
    }
