"""Statements: live while the month runs, frozen afterwards, corrected on a later one."""

import ast
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.audit.models import Event
from portal.core.errors import Conflict, Refused
from tenants.chargeback import services
from tenants.chargeback.models import Posting, Statement
from tenants.chargeback.services.statements import next_period
from tenants.chargeback.settlement import period_of
from tests import factories
from tests.tenants.chargeback import book
from tests.tenants.chargeback.test_prices import set_price

THIS = period_of(timezone.now())
LAST = period_of(datetime.combine(THIS, datetime.min.time(), UTC) - timedelta(days=1))
LAST_MONTH = datetime(LAST.year, LAST.month, 15, 12, tzinfo=UTC)


def test_an_open_month_shows_what_stands_in_the_ledger(model, claims):
    book.used(model, claims, 1000)
    book.used(model, claims, 500)
    view = services.statement_of(claims, THIS)
    assert not view.closed and view.total_nano == 600_000_000
    (line,) = view.lines
    assert (line["calls"], line["quantity"], line["price"], line["per"]) == (
        2, 1500, "0.400000000", 1000,
    )  # fmt: skip


def test_each_version_of_a_price_has_its_own_line(model, claims, finance):
    book.used(model, claims, 1000)
    set_price(model, finance, "2.00")
    book.used(model, claims, 1000)
    lines = services.statement_of(claims, THIS).lines
    assert sorted((line["price_version"], line["nano"]) for line in lines) == [
        (1, 400_000_000),
        (2, 2_000_000_000),
    ]


def test_an_estimated_call_is_flagged_on_its_line(model, claims):
    book.reserve(model, claims, at=timezone.now() - timedelta(minutes=16), quantity=10)
    services.settle_estimated()
    lines = services.statement_of(claims, period_of(timezone.now() - timedelta(minutes=16))).lines
    assert [line["estimated"] for line in lines] == [1]


def test_closing_freezes_every_tenants_month_once(model, claims, vision, finance):
    book.used(model, claims, 1000, at=LAST_MONTH)
    book.used(model, vision, 10, at=LAST_MONTH)
    closed = services.close_period(LAST, by=finance)
    assert sorted((s.tenant.slug, s.total_nano, s.status) for s in closed) == [
        ("claims", 400_000_000, "closed"),
        ("vision", 4_000_000, "closed"),
    ]
    again = services.close_period(LAST, by=finance)
    assert [s.closed_at for s in again] == [s.closed_at for s in closed]
    assert Event.objects.about(closed[0]).count() == 1
    assert services.verify_ledger() == []


def test_the_certificate_tells_what_was_compared(model, claims, finance):
    for _ in range(3):
        book.used(model, claims, at=LAST_MONTH)
    book.settle(book.reserve(model, claims, at=LAST_MONTH), ended_as="voided")
    (statement,) = services.close_period(LAST, by=finance)
    told = {
        name: statement.certificate[name] for name in ("answered", "settled", "missing", "twice")
    }
    assert told == {"answered": 3, "settled": 3, "missing": 0, "twice": 0}


def test_a_month_with_open_calls_is_not_closed(model, claims, finance):
    book.reserve(model, claims, at=LAST_MONTH)
    with pytest.raises(Conflict):
        services.close_period(LAST, by=finance)
    services.settle_estimated()
    assert services.close_period(LAST, by=finance)


@pytest.mark.parametrize("period", [THIS, next_period(THIS)])
def test_a_month_that_runs_is_not_closed(model, claims, finance, period):
    book.used(model, claims)
    with pytest.raises(Conflict):
        services.close_period(period, by=finance)


def test_a_month_is_named_by_its_first_day(finance):
    with pytest.raises(Refused):
        services.close_period(LAST.replace(day=2), by=finance)


def test_only_finance_closes_a_month(consumer, owner, operator, auditor, governor):
    for person in (consumer, owner, operator, auditor, governor):
        with pytest.raises(PermissionDenied):
            services.close_period(LAST, by=person)


def test_what_arrives_late_goes_to_the_month_that_runs(model, claims, finance):
    book.used(model, claims, 1000, at=LAST_MONTH)
    services.close_period(LAST, by=finance)
    late = book.reserve(model, claims, at=LAST_MONTH)
    assert book.settle(late, 5, at=timezone.now())
    assert services.statement_of(claims, LAST).total_nano == 400_000_000
    assert services.statement_of(claims, THIS).total_nano == 2_000_000
    assert services.verify_ledger() == []


def test_a_correction_stands_on_the_statement_of_the_month_it_is_made_in(model, claims, finance):
    call = book.used(model, claims, 1000, at=LAST_MONTH)
    (closed,) = services.close_period(LAST, by=finance)
    services.correct(call.pk, by=finance, nano=-100_000_000, note="Slow answer")
    assert services.statement_of(claims, LAST).total_nano == closed.total_nano
    (line,) = services.statement_of(claims, THIS).lines
    assert (line["kind"], line["nano"], line["note"]) == (
        "correction",
        -100_000_000,
        "Slow answer",
    )
    assert line["corrects"] == str(call.pk)


def test_who_was_billed_gets_an_open_statement_once(model, claims, vision):
    assert services.open_statements() == 0
    book.used(model, claims)
    book.used(model, vision, at=LAST_MONTH)
    assert services.open_statements() == 2
    assert services.open_statements() == 0
    places = Statement.objects.values_list("tenant__slug", "period")
    assert set(places) == {("claims", THIS), ("vision", LAST)}


def test_a_changed_line_of_a_closed_statement_is_noticed(model, claims, finance):
    book.used(model, claims, at=LAST_MONTH)
    (closed,) = services.close_period(LAST, by=finance)
    Statement.objects.filter(pk=closed.pk).update(lines=[])
    assert any("not those that were closed" in said for said in services.verify_ledger())


def test_the_command_closes_a_month_as_finance(model, claims, finance, owner, capsys):
    book.used(model, claims, 1000, at=LAST_MONTH)
    call_command("close_period", f"{LAST:%Y-%m}", "--by", "finance")
    assert "claims: 0.40 EUR" in capsys.readouterr().out
    call_command("verify_ledger")
    assert "The ledger holds." in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("close_period", f"{LAST:%Y-%m}", "--by", "owner")


steps = st.lists(
    st.one_of(
        st.tuples(st.just("use"), st.integers(0, 10**9)),
        st.tuples(st.just("price"), st.decimals("0", "1000", places=9)),
        st.tuples(st.just("correct"), st.integers(-(10**9), 10**9)),
    ),
    max_size=12,
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=steps, per=st.sampled_from([1, 3, 1000, 1_000_000]))
def test_whatever_happens_the_ledger_sums_to_zero_and_the_statement_to_its_lines(
    claims, vision, finance, steps, per
):
    model = factories.model(f"m{timezone.now().timestamp():.6f}".replace(".", "-"), vision)
    calls = []
    for verb, value in steps:
        if verb == "use":
            calls.append(book.used(model, claims, value))
        elif verb == "price":
            set_price(model, finance, str(Decimal(value)), per=per)
        elif calls:
            _try_to_correct(calls[-1], finance, value)
    view = services.statement_of(claims, THIS)
    owed = Posting.objects.filter(tenant=claims, period=THIS, account="usage")
    assert services.verify_ledger() == []
    assert view.total_nano == sum(line["nano"] for line in view.lines)
    assert view.total_nano == (owed.aggregate(total=Sum("nano"))["total"] or 0)


def _try_to_correct(call, finance, nano: int) -> None:
    try:
        services.correct(call.pk, by=finance, nano=nano, note="found later")
    except Refused as refused:
        assert refused.field in {"call", "amount"}


def test_no_floating_point_touches_money():
    room = Path(services.__file__).parent.parent
    for path in [*room.glob("*.py"), *room.glob("services/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            floats = isinstance(node, ast.Constant) and isinstance(node.value, float)
            named = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float"
            assert not floats and not named, f"{path.name}:{node.lineno}"
