"""Pages of money: who sees what, and that every figure is the ledger's."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from portal.core.templatetags._words import money
from tenants.chargeback import services
from tenants.chargeback.amounts import nano_of
from tenants.chargeback.models import Posting, Price, Statement
from tenants.chargeback.settlement import period_of
from tenants.keys import services as keys
from tests import factories
from tests.tenants.chargeback import book
from tests.tenants.chargeback.test_prices import set_price

THIS = period_of(timezone.now())
LAST = period_of(datetime.combine(THIS, datetime.min.time(), UTC) - timedelta(days=1))
LAST_MONTH = datetime(LAST.year, LAST.month, 15, 12, tzinfo=UTC)


def text_of(response) -> str:
    return response.content.decode()


def rows_of(response) -> list[dict]:
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(text_of(response).removeprefix("\ufeff"))))


def test_pages_are_for_people_who_signed_in(client, model):
    paths = ("/usage/", "/usage/newest/", "/usage/csv/", "/statements/", "/statements/close/")
    more = (
        f"/statements/claims/{THIS:%Y-%m}/",
        "/prices/",
        f"/prices/{model.pk}/",
        "/corrections/",
    )
    for path in paths + more:
        assert client.get(path).status_code == 302


def test_without_a_call_the_page_says_where_to_begin(client, consumer):
    client.force_login(consumer)
    assert "Nothing was used yet" in text_of(client.get("/usage/"))


def test_a_call_is_on_the_page_at_the_next_look(client, consumer, claims, model):
    client.force_login(consumer)
    key, _ = keys.issue(claims, by=consumer, name="nightly", scopes=["predict"])
    book.used(model, claims, 1000, key_id=key.pk)
    page, part = text_of(client.get("/usage/")), text_of(client.get("/usage/newest/"))
    for shown in (page, part):
        assert (
            "digits" in shown and "nightly" in shown and "€0.40" in shown and "Answered" in shown
        )
    assert 'hx-trigger="every 3s"' in part


def test_calls_of_others_are_not(client, stranger, claims, model):
    client.force_login(stranger)
    book.used(model, claims)
    for path in (
        "/usage/",
        "/usage/newest/",
        "/usage/?tenant=claims",
        "/usage/newest/?tenant=claims",
    ):
        assert "€0.0004" not in text_of(client.get(path))
    assert rows_of(client.get("/usage/csv/?tenant=claims")) == []


@pytest.mark.parametrize("name", ["finance", "auditor", "operator"])
def test_who_answers_for_money_sees_all_and_may_filter(
    client, request, claims, vision, model, name
):
    client.force_login(request.getfixturevalue(name))
    book.used(model, claims, 1000)
    book.used(model, vision, 3000)
    assert {row["tenant"] for row in rows_of(client.get("/usage/csv/"))} == {"claims", "vision"}
    only = rows_of(client.get("/usage/csv/?tenant=vision"))
    assert [row["amount"] for row in only] == ["1.20"]


def test_the_sheet_sums_to_the_page(client, consumer, claims, model, finance):
    client.force_login(consumer)
    for quantity in (1, 999, 12_345):
        book.used(model, claims, quantity)
    set_price(model, finance, "0.123456789", per=7)
    book.used(model, claims, 1_000_003)
    rows = rows_of(client.get("/usage/csv/"))
    nano = sum(nano_of(Decimal(row["amount"])) for row in rows)
    assert nano == services.statement_of(claims, THIS).total_nano
    page = text_of(client.get("/usage/"))
    assert money(nano) in page


@pytest.mark.parametrize(
    "query",
    [
        "period=custom&since=2026-12-31&until=2026-01-01", "period=custom&since=yesterday",
        "period=custom&since=0001-01-01", "period=custom&until=9999-12-31", "period=forever",
        "tenant=nowhere", "tenant=%27", "key=5", "model=%3Cb%3E", "currency=XXX",
        "period=custom&since=2020-01-01",
    ],
)  # fmt: skip
def test_an_odd_address_is_answered_and_named(client, consumer, claims, model, query):
    client.force_login(consumer)
    book.used(model, claims)
    page = client.get(f"/usage/?{query}")
    assert page.status_code == 200 and "Not everything in this address" in text_of(page)
    assert client.get(f"/usage/csv/?{query}").status_code == 200


def test_a_statement_shows_lines_and_total(client, consumer, claims, model):
    client.force_login(consumer)
    book.used(model, claims, 1500)
    page = text_of(client.get(f"/statements/claims/{THIS:%Y-%m}/"))
    assert "So far" in page and "€0.60" in page and "1,500" in page and "price version 1" in page
    assert f"ST-claims-{THIS:%Y-%m}" in text_of(client.get("/statements/"))


def test_a_closed_statement_carries_its_certificate(client, consumer, claims, model, finance):
    book.used(model, claims, 1000, at=LAST_MONTH)
    (closed,) = services.close_period(LAST, by=finance)
    client.force_login(consumer)
    page = text_of(client.get(closed.get_absolute_url()))
    assert "Certificate of completeness" in page and closed.certificate["digest"] in page


def test_the_sheet_of_a_statement_equals_the_page(client, consumer, claims, model, finance):
    call = book.used(model, claims, 1000, at=LAST_MONTH)
    book.used(model, claims, 500)
    services.correct(call.pk, by=finance, nano=-7, note="=HYPERLINK(1)")
    client.force_login(consumer)
    rows = rows_of(client.get(f"/statements/claims/{THIS:%Y-%m}/csv/"))
    assert [row["amount"] for row in rows] == ["0.20", "-0.000000007"]
    assert rows[1]["note"] == "'=HYPERLINK(1)"
    assert "=HYPERLINK(1)" in text_of(client.get(f"/statements/claims/{THIS:%Y-%m}/"))


@pytest.mark.parametrize(
    "place", ["vision/2026-10", "nowhere/2026-10", "claims/2026-13", "claims/10", "claims/2999-01"]
)
def test_statements_of_others_and_of_no_month_do_not_exist(client, consumer, vision, place):
    client.force_login(consumer)
    assert client.get(f"/statements/{place}/").status_code == 404
    assert client.get(f"/statements/{place}/csv/").status_code == 404


def test_finance_closes_a_month_on_its_page(client, finance, claims, model):
    client.force_login(finance)
    book.used(model, claims, 1000, at=LAST_MONTH)
    assert "Close a month" in text_of(client.get("/statements/"))
    assert "€0.40" in text_of(client.get("/statements/close/"))
    client.post("/statements/close/", {"month": f"{LAST:%Y-%m}"})
    assert Statement.objects.get(period=LAST).status == "closed"
    refused = client.post("/statements/close/", {"month": f"{THIS:%Y-%m}"})
    assert refused.status_code == 422 and "can be closed from" in text_of(refused)


@pytest.mark.parametrize("name", ["consumer", "auditor", "operator", "governor"])
def test_others_do_not_close_months(client, request, name):
    client.force_login(request.getfixturevalue(name))
    assert client.get("/statements/close/").status_code == 403
    assert client.post("/statements/close/", {"month": f"{LAST:%Y-%m}"}).status_code == 403


def test_finance_corrects_a_call_on_its_page(client, finance, claims, model):
    client.force_login(finance)
    call = book.used(model, claims, 1000)
    path = f"/corrections/?call={call.pk}"
    assert "What it costs now" in text_of(client.get(path))
    wrong = client.post(path, {"direction": "credit", "amount": "5", "note": "too much"})
    assert wrong.status_code == 422 and "more than the call cost" in text_of(wrong)
    assert "too much" in text_of(wrong)
    client.post(path, {"direction": "credit", "amount": "0.1", "note": "slow"})
    assert Posting.objects.get(cause="correction", line=1).nano == -100_000_000


def test_auditors_look_at_corrections_and_consumers_do_not(
    client, auditor, consumer, claims, model
):
    call = book.used(model, claims, 1000)
    client.force_login(auditor)
    path = f"/corrections/?call={call.pk}"
    assert "Write the correction" not in text_of(client.get(path))
    body = {"direction": "credit", "amount": "0.1", "note": "slow"}
    assert client.post(path, body).status_code == 403
    client.force_login(consumer)
    assert client.get(path).status_code == 403
    assert not Posting.objects.filter(cause="correction").exists()


@pytest.mark.parametrize("text", ["", "nonsense", "01890000-0000-7000-8000-000000000000"])
def test_a_call_that_does_not_exist_is_not_found(client, finance, text):
    client.force_login(finance)
    assert client.get("/corrections/", {"call": text}).status_code == 200
    body = {"direction": "credit", "amount": "0.1", "note": "slow"}
    assert client.post(f"/corrections/?call={text}", body).status_code == 404


def test_prices_are_shown_for_models_one_may_know_of(client, stranger, owner, vision, model):
    hidden = factories.model("secret-sauce", vision, visibility="nobody")
    client.force_login(stranger)
    assert "digits" in text_of(client.get("/prices/"))
    assert "secret-sauce" not in text_of(client.get("/prices/"))
    assert client.get(f"/prices/{hidden.pk}/").status_code == 404
    client.force_login(owner)
    assert "secret-sauce" in text_of(client.get("/prices/"))


def test_finance_sets_the_next_version(client, finance, model):
    client.force_login(finance)
    path = f"/prices/{model.pk}/"
    terms = {"amount": "0.5", "currency": "EUR", "per": "1000", "meter": "predictions"}
    wrong = client.post(path, terms | {"amount": "-1"})
    assert wrong.status_code == 422 and 'value="-1"' in text_of(wrong)
    client.post(path, terms)
    assert services.price_in_force(model.pk).version == 2
    assert "Next version" in text_of(client.get(path))


def test_a_reader_has_no_form_and_no_right_to_change_a_price(client, consumer, model):
    client.force_login(consumer)
    path = f"/prices/{model.pk}/"
    assert "Next version" not in text_of(client.get(path))
    terms = {"amount": "0.5", "currency": "EUR", "per": "1000", "meter": "predictions"}
    assert client.post(path, terms).status_code == 403
    assert Price.objects.count() == 1


@pytest.mark.parametrize("path", ["/usage/", "/statements/", "/prices/"])
def test_pages_ask_a_fixed_number_of_questions(
    client, finance, claims, vision, django_assert_max_num_queries, path
):
    for number in range(12):
        made = factories.model(f"model-{number}", vision)
        for tenant in (claims, vision):
            book.used(made, tenant, 10)
    client.force_login(finance)
    client.get(path)
    with django_assert_max_num_queries(40):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("name", ["finance", "auditor"])
def test_who_answers_for_money_knows_keys_by_name(client, request, name, consumer, claims, model):
    key, text = keys.issue(claims, by=consumer, name="nightly", scopes=["predict"])
    book.used(model, claims, 1000, key_id=key.pk)
    client.force_login(request.getfixturevalue(name))
    for page in (text_of(client.get("/usage/")), text_of(client.get("/usage/newest/"))):
        assert "nightly" in page and text not in page
    linked = f'href="/keys/{key.pk}/"' in text_of(client.get("/usage/"))
    assert linked is (name == "auditor")
    assert client.get(f"/keys/{key.pk}/").status_code == (200 if linked else 404)
