"""The REST resources of money."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from portal.core.ids import new_id
from tenants.chargeback import services
from tenants.chargeback.models import Price
from tenants.chargeback.settlement import period_of
from tests import factories
from tests.tenants.chargeback import book

API = "/api/v1"
THIS = period_of(timezone.now())
LAST = period_of(datetime.combine(THIS, datetime.min.time(), UTC) - timedelta(days=1))
LAST_MONTH = datetime(LAST.year, LAST.month, 15, 12, tzinfo=UTC)


@pytest.fixture
def as_consumer(client, consumer):
    client.force_login(consumer)
    return client


@pytest.fixture
def as_finance(client, finance):
    client.force_login(finance)
    return client


def post(client, path: str, **body):
    return client.post(f"{API}/{path}", body, content_type="application/json")


def results(client, path: str) -> list[dict]:
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_usage_is_added_up_by_what_was_asked(as_consumer, claims, model, vision):
    other = factories.model("rates", vision)
    first = book.used(model, claims, 1000)
    book.used(model, claims, 500)
    book.used(other, claims, 10)
    book.settle(book.reserve(model, claims), ended_as="voided")
    rows = results(as_consumer, "usage/?group_by=model")
    assert [(row["model"], row["calls"], row["failed"]) for row in rows] == [
        ("digits", 2, 1),
        ("rates", 1, 0),
    ]
    assert rows[0] | {"amount": "0.60", "currency": "EUR", "quantity": 1500} == rows[0]
    rows = results(as_consumer, "usage/?group_by=day,model,key")
    assert {row["key"] for row in rows} >= {str(first.key_id)}
    assert {row["day"] for row in rows} == {str(timezone.now().date())}
    assert sum(row["calls"] for row in results(as_consumer, "usage/?group_by=environment")) == 3
    assert results(as_consumer, "usage/?group_by=tenant")[0]["tenant"] == "claims"


def test_usage_is_narrowed(as_finance, claims, vision, model):
    call = book.used(model, claims, 1000)
    book.used(model, vision, 10)
    book.used(model, claims, 1, at=LAST_MONTH)
    for query in ("tenant=claims", f"tenant={claims.pk}", f"key={call.key_id}"):
        rows = results(as_finance, f"usage/?group_by=model&{query}")
        assert [row["amount"] for row in rows] == ["0.40"]
    assert results(as_finance, "usage/?model=none") == []
    rows = results(as_finance, f"usage/?group_by=model&since={LAST}&until={LAST_MONTH.date()}")
    assert [row["amount"] for row in rows] == ["0.0004"]


@pytest.mark.parametrize(
    "query",
    [
        "group_by=colour", "group_by=day,,model", "since=soon", "since=2026-13-01",
        "since=0001-01-01", "until=9999-12-31", "since=2026-05-02&until=2026-05-01", "key=1",
        "tenant=nowhere", "since=2020-01-01", "group_by=tenant__name",
    ],
)  # fmt: skip
def test_a_wrong_question_is_a_400(as_consumer, query):
    for path in ("usage/", "usage/calls/"):
        answer = as_consumer.get(f"{API}/{path}?{query}")
        assert answer.status_code == 400 and answer.json()["errors"]


def test_calls_come_newest_first_by_cursor(as_consumer, claims, model):
    made = [str(book.used(model, claims).pk) for _ in range(5)]
    answer = as_consumer.get(f"{API}/usage/calls/?page_size=3").json()
    rest = as_consumer.get(answer["next"]).json()
    assert [row["id"] for row in answer["results"] + rest["results"]] == sorted(made)[::-1]
    assert as_consumer.get(f"{API}/usage/calls/?cursor=cD1hYmM%3D").status_code in {400, 404}


def test_usage_of_others_is_not_there(client, stranger, claims, model):
    book.used(model, claims)
    client.force_login(stranger)
    for path in ("usage/", "usage/?tenant=claims", "usage/calls/", "statements/", "corrections/"):
        assert results(client, path) == []


def test_an_open_statement_is_listed_with_what_it_comes_to(as_consumer, claims, model):
    book.used(model, claims, 1000)
    (row,) = results(as_consumer, "statements/")
    assert row | {"period": f"{THIS:%Y-%m}", "status": "open", "total": "0.40"} == row
    assert as_consumer.get(f"{API}/statements/{row['id']}/").json()["total"] == "0.40"
    (line,) = results(as_consumer, f"statements/{row['id']}/lines/")
    assert line | {"model": "digits", "quantity": 1000, "amount": "0.40", "calls": 1} == line


def test_a_closed_statement_stays_as_it_was(as_consumer, claims, model, finance):
    call = book.used(model, claims, 1000, at=LAST_MONTH)
    services.close_period(LAST, by=finance)
    services.correct(call.pk, by=finance, nano=-1, note="late")
    (row,) = results(as_consumer, "statements/?status=closed")
    assert row["total"] == "0.40" and row["closed_by"] == "finance"
    (running,) = results(as_consumer, f"statements/?period={THIS:%Y-%m}")
    assert running["total"] == "-0.000000001"
    (line,) = results(as_consumer, f"statements/{running['id']}/lines/")
    assert line | {"kind": "correction", "corrects": str(call.pk), "note": "late"} == line


def test_an_export_is_a_sheet_with_the_same_sum(as_consumer, claims, model):
    for quantity in (3, 5, 7):
        book.used(model, claims, quantity)
    (row,) = results(as_consumer, "statements/")
    path = f"{API}/statements/{row['id']}/export/"
    answer = as_consumer.get(f"{path}?format=csv", headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode().removeprefix("\ufeff"))))
    assert sum(Decimal(line["amount"]) for line in lines) == Decimal(row["total"])
    for wrong in ("focus", "xlsx", ""):
        assert as_consumer.get(f"{path}?format={wrong}").status_code == 400


def test_statements_of_others_do_not_exist(client, stranger, claims, model, finance):
    book.used(model, claims, 1000, at=LAST_MONTH)
    (closed,) = services.close_period(LAST, by=finance)
    client.force_login(stranger)
    for name in (closed.pk, new_id(), "x"):
        for rest in ("", "lines/", "export/"):
            assert client.get(f"{API}/statements/{name}/{rest}").status_code == 404


def test_prices_are_listed_by_version(as_consumer, model, finance, vision):
    factories.model("secret-sauce", vision, visibility="nobody")
    rows = results(as_consumer, "prices/")
    assert [(row["model"], row["amount"], row["per"]) for row in rows] == [
        ("digits", "0.40", 1000)
    ]
    assert results(as_consumer, "prices/?in_force=true&model=digits") == rows
    assert results(as_consumer, "prices/?in_force=false") == []


def test_finance_sets_a_price(as_finance, model):
    made = post(as_finance, "prices/", model="digits", amount="0.55")
    assert made.status_code == 201
    told = made.json()
    assert told | {"version": 2, "amount": "0.55", "per": 1000, "meter": "predictions"} == told
    again = post(as_finance, "prices/", model=str(model.pk), amount="0.6", per=1)
    assert again.json()["version"] == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "nothing"}, {"model": 5}, {"model": None}, {"amount": "-1"}, {"amount": "NaN"},
        {"amount": "1e30"}, {"amount": "0.1234567891"}, {"amount": "much"}, {"per": 0},
        {"per": 10**30}, {"meter": "smiles"}, {"currency": "XXX"}, {"model": "a\0b"},
    ],
)  # fmt: skip
def test_a_wrong_price_is_a_422(as_finance, model, wrong):
    answer = post(as_finance, "prices/", **{"model": "digits", "amount": "1"} | wrong)
    assert answer.status_code == 422 and list(wrong)[0] in answer.json()["errors"]
    assert Price.objects.count() == 1


def test_others_set_no_price_and_make_no_correction(client, request, claims, model):
    call = book.used(model, claims, 1000)
    for name in ("consumer", "auditor", "operator"):
        client.force_login(request.getfixturevalue(name))
        assert post(client, "prices/", model="digits", amount="1").status_code == 403
        body = {"call": str(call.pk), "amount": "-0.1", "note": "mine"}
        assert post(client, "corrections/", **body).status_code == 403


def test_finance_makes_a_correction(as_finance, claims, model):
    call = book.used(model, claims, 1000)
    body = {"call": str(call.pk), "amount": "-0.15", "note": "slow"}
    made = post(as_finance, "corrections/", **body)
    assert made.status_code == 201
    assert made.json() | body | {"tenant": "claims", "period": f"{THIS:%Y-%m}"} == made.json()
    assert results(as_finance, "corrections/") == [made.json()]
    assert post(as_finance, "corrections/", **body | {"amount": "-9"}).status_code == 422
    for wrong in ({"call": "x"}, {"amount": "1e12"}, {"amount": None}, {"note": ""}):
        assert post(as_finance, "corrections/", **body | wrong).status_code == 422


def test_a_repeated_correction_is_made_once(as_finance, claims, model):
    call = book.used(model, claims, 1000)
    body = {"call": str(call.pk), "amount": "-0.15", "note": "slow"}
    for _ in range(2):
        as_finance.post(
            f"{API}/corrections/",
            body,
            content_type="application/json",
            headers={"Idempotency-Key": "one"},
        )
    assert len(results(as_finance, "corrections/")) == 1


def test_nothing_is_changed_or_deleted(as_finance, model):
    price = Price.objects.get()
    for path in (f"prices/{price.pk}/", "usage/", "statements/", "corrections/"):
        for verb in (as_finance.put, as_finance.patch, as_finance.delete):
            assert verb(f"{API}/{path}").status_code == 405


@pytest.mark.parametrize("path", ["usage/", "usage/calls/", "statements/", "prices/"])
def test_lists_ask_a_fixed_number_of_questions(
    as_finance, claims, vision, django_assert_max_num_queries, path
):
    for number in range(12):
        made = factories.model(f"model-{number}", vision)
        for tenant in (claims, vision):
            book.used(made, tenant, 10)
    as_finance.get(f"{API}/{path}")
    with django_assert_max_num_queries(22):
        assert as_finance.get(f"{API}/{path}").status_code == 200
