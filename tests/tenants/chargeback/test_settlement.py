"""The arithmetic of settlement, without a database."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.ids import new_id
from tenants.chargeback import settlement

NOW = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
CALL = SimpleNamespace(
    id=new_id(), tenant_id=new_id(), provider_id=new_id(), key_id=new_id(), model_id=new_id(),
    model_slug="digits", price_id=new_id(), currency="EUR",
)  # fmt: skip
amounts = st.decimals("0", "1000000", places=9)


@pytest.mark.parametrize(
    ("amount", "per", "quantity", "nano"),
    [
        ("0.40", 1000, 1, 400_000),
        ("6.00", 1000, 1000, 6_000_000_000),
        ("0.000000001", 1, 1, 1),
        ("0.000000001", 2, 1, 0),  # half a nano-unit, to even
        ("0.000000001", 2, 3, 2),
        ("0.000000003", 2, 1, 2),
        ("1", 3, 1, 333_333_333),
        ("99999999999.999999999", 1, 10**6, 99_999_999_999_999_999_999_000_000),
    ],
)
def test_prices_are_exact_to_the_nano_unit(amount, per, quantity, nano):
    assert settlement.nano_for(Decimal(amount), per, quantity) == nano


@given(amounts, st.integers(1, 10**9), st.integers(0, 10**12))
def test_the_error_of_one_call_is_half_a_nano_unit_at_most(amount, per, quantity):
    nano = settlement.nano_for(amount, per, quantity)
    exact_times_per = int(amount.scaleb(9)) * quantity
    assert abs(nano * per - exact_times_per) * 2 <= per


@given(st.integers(1, 2**62), st.integers(0, 10**12))
def test_the_lines_of_a_call_sum_to_zero(nano, quantity):
    lines = settlement.postings_for(CALL, quantity, nano, NOW, date(2026, 11, 1))
    assert [line[1:5] for line in lines] == [
        (1, CALL.tenant_id, "usage", nano),
        (2, CALL.provider_id, "revenue", -nano),
    ]
    assert all(len(line) == settlement.POSTING_SQL.count("%s") for line in lines)


def test_a_call_that_cost_nothing_leaves_no_line():
    assert settlement.postings_for(CALL, 5, 0, NOW, date(2026, 11, 1)) == []


def test_a_month_is_a_month_of_utc():
    assert settlement.period_of(NOW) == date(2026, 11, 1)
    east = timezone(timedelta(hours=14))
    assert settlement.period_of(datetime(2026, 12, 1, 5, tzinfo=east)) == date(2026, 11, 1)


def test_an_ending_fits_its_statement():
    values = settlement.ending_of(
        CALL.id, ended_as="settled", at=NOW, nano=5, quantities={"predictions": 3}, http_status=200
    )
    assert len(values) == settlement.SETTLE_SQL.count("%s")
    assert values[3] == 2 and values[-1] == CALL.id
