"""Own, borrowed and lent, by one rule."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compute.capacity.sharing import SHARED, Share, headroom, lent, lent_by, most, shared

D = Decimal


def share(tenant, guaranteed=0, used=0, borrow=None, lend=None) -> Share:
    limits = [None if each is None else D(each) for each in (borrow, lend)]
    return Share(tenant, D(guaranteed), *limits, used=D(used))


def test_what_is_used_beyond_the_guarantee_is_borrowed():
    mine = share("vision", guaranteed=8, used=11)
    assert (mine.own, mine.borrowed, mine.unused) == (8, 3, 0)


def test_lenders_are_charged_in_proportion_to_what_they_spare():
    found = lent([share("a", 12), share("b", 6, used=2), share("c", used=6)], D(18))
    assert found == {("a", "c"): D("4.5"), ("b", "c"): D("1.5")}


def test_what_nobody_is_guaranteed_lends_too():
    found = lent([share("a", 4), share("c", used=6)], D(12))
    assert found == {("a", "c"): D(2), (SHARED, "c"): D(4)}


def test_who_lends_nothing_is_charged_nothing():
    found = lent([share("a", 12, lend=0), share("b", 4), share("c", used=2)], D(16))
    assert found == {("b", "c"): D(2)}


def test_where_nobody_has_anything_to_spare_it_is_everybodys():
    assert lent([share("c", 2, used=6)], D(2)) == {(SHARED, "c"): D(4)}


def test_room_is_what_nobody_else_uses_or_keeps():
    a, b, c = share("a", 8, used=2), share("b", 8, lend=2), share("c", used=3)
    assert headroom(c, [a, b, c], D(20)) == 6 + 2 + 4 - 3
    assert headroom(a, [a, b, c], D(20)) == 6 + (2 + 4 - 3)


def test_room_ends_where_borrowing_ends():
    a, c = share("a", 8), share("c", used=3, borrow=4)
    assert headroom(c, [a, c], D(8)) == 1


def test_the_most_is_everything_but_what_others_keep():
    a, c = share("a", 8, lend=2), share("c", 2)
    assert most(c, [a, c], D(16)) == 10
    assert most(share("c", 2, borrow=3), [a, c], D(16)) == 5


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
amounts = st.decimals(min_value=0, max_value=64, places=1)
limits = st.none() | amounts


@st.composite
def fleets(draw):
    shares = [
        Share(
            f"t{number}",
            guaranteed := draw(amounts),
            draw(limits),
            draw(st.none() | st.decimals(min_value=0, max_value=guaranteed, places=1)),
            draw(amounts),
        )
        for number in range(draw(st.integers(1, 6)))
    ]
    return shares, draw(amounts)


@unhurried
@given(fleets())
def test_all_that_is_borrowed_is_lent_by_somebody(fleet):
    shares, total = fleet
    found = lent(shares, total)
    for each in shares:
        taken = sum((v for (_, to), v in found.items() if to == each.tenant), D(0))
        assert taken == pytest.approx(each.borrowed)
    assert all(lender != borrower for lender, borrower in found)


@unhurried
@given(fleets())
def test_nobody_lends_more_than_there_is_to_spare_while_all_fits(fleet):
    shares, total = fleet
    spare = sum((each.spare for each in shares), shared(shares, total))
    if sum((each.borrowed for each in shares), D(0)) > spare:
        return
    limit = {each.tenant: each.spare for each in shares} | {SHARED: shared(shares, total)}
    for lender, amount in lent_by(shares, total).items():
        assert amount <= limit[lender] + D("1e-9")


@unhurried
@given(fleets())
def test_room_never_goes_beyond_the_limit_or_below_nothing(fleet):
    shares, total = fleet
    for each in shares:
        room = headroom(each, shares, total)
        assert room >= 0
        if each.limit is not None and each.used <= each.limit:
            assert each.used + room <= each.limit
