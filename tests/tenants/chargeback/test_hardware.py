"""Time on hardware in the ledger: charged once, given back, corrected, on statements."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from portal.core.errors import Conflict, Refused
from portal.core.ids import new_id
from tenants.chargeback import services, upward
from tenants.chargeback.models import Cause, Meter, Posting, Price
from tenants.chargeback.papers import paper_of, sheet_rows
from tenants.chargeback.settlement import period_of
from tests.tenants.chargeback import book
from tests.tenants.chargeback.test_statements import LAST, LAST_MONTH, THIS

HOUR = Decimal(3600)


@pytest.fixture
def sources(monkeypatch):
    """What the rooms above say: nothing, unless a story says otherwise."""
    made = upward.Sources(models=upward.sources.models, keys=upward.sources.keys)
    monkeypatch.setattr(upward, "sources", made)
    return made


@pytest.fixture
def gpu(vision, sources):
    """A kind of hardware of vision's for 3.60 EUR an hour."""
    kind = upward.Kind(new_id(), "a100", "A100", vision, Meter.GPU_SECONDS)
    sources.hardware = lambda user: [kind.id]
    sources.kind = lambda user, id: kind if id == kind.id else None
    price = Price.objects.create(
        tenant=vision, model_id=kind.id, model_slug=kind.slug, meter=kind.meter, version=1,
        amount=Decimal("3.60"), per=3600, valid_from=timezone.now() - timedelta(days=200),
    )  # fmt: skip
    return SimpleNamespace(kind=kind, price=price)


def charge(gpu, tenant, seconds=HOUR, *, id=None, at=None) -> object:
    id = id or new_id()
    use = services.Use(
        id, tenant, new_id(), gpu.price, gpu.kind.meter, Decimal(seconds), at or timezone.now()
    )
    services.charge([use])
    return id


def sums(id) -> list[tuple]:
    rows = Posting.objects.filter(transaction=id).order_by("line")
    return [(row.tenant.slug, row.account, row.nano, row.quantity) for row in rows]


def test_a_run_moves_money_from_its_tenant_to_who_owns_the_hardware(gpu, claims):
    run = charge(gpu, claims, Decimal("1800.000500"))
    nano = 1_800_000_500
    quantity = Decimal("1800.000500")
    assert sums(run) == [
        ("claims", "usage", nano, quantity),
        ("vision", "revenue", -nano, quantity),
    ]
    assert services.verify_ledger() == []


def test_a_part_of_a_gpu_is_billed_exactly(gpu, claims):
    assert sums(charge(gpu, claims, Decimal("0.333333")))[0][2] == 333_333


def test_a_run_is_charged_once(gpu, claims):
    run = charge(gpu, claims)
    with pytest.raises(DatabaseError), transaction.atomic():
        charge(gpu, claims, id=run)
    assert len(sums(run)) == 2


def test_what_is_free_leaves_no_line(gpu, claims):
    gpu.price.amount = Decimal(0)
    assert sums(charge(gpu, claims)) == []


def test_a_run_belongs_to_the_month_of_its_end_unless_that_is_closed(gpu, claims, finance):
    before = charge(gpu, claims, at=LAST_MONTH)
    assert Posting.objects.filter(transaction=before, period=LAST).count() == 2
    services.close_period(LAST, by=finance)
    late = charge(gpu, claims, at=LAST_MONTH)
    assert Posting.objects.filter(transaction=late, period=THIS).count() == 2
    assert services.verify_ledger() == []


def test_a_refund_names_what_it_gives_back_and_sums_to_zero(gpu, claims):
    runs, receipt = [charge(gpu, claims) for _ in range(2)], new_id()
    back = services.refund(receipt, parts=dict.fromkeys(runs, Decimal(600)), note="pre-empted")
    assert back == 2 * 600_000_000
    lines = Posting.objects.filter(transaction=receipt)
    assert sum(line.nano for line in lines) == 0 and {line.corrects for line in lines} == set(runs)
    assert {line.cause for line in lines} == {Cause.REFUND}
    assert services.verify_ledger() == []


def test_no_more_comes_back_than_was_paid(gpu, claims, finance):
    run = charge(gpu, claims, 100)
    services.correct(run, by=finance, nano=-60_000_000, note="was ours to pay")
    assert services.refund(new_id(), parts={run: Decimal(90)}, note="lost") == 40_000_000
    assert services.refund(new_id(), parts={run: Decimal(1)}, note="lost") == 0
    with pytest.raises(Refused, match="more than the run cost"):
        services.correct(run, by=finance, nano=-1, note="once more")
    assert services.verify_ledger() == []


def test_only_finance_corrects_a_run(gpu, claims, consumer, stranger):
    run = charge(gpu, claims)
    with pytest.raises(PermissionDenied):
        services.correct(run, by=consumer, nano=-1, note="please")
    with pytest.raises(Refused, match="no call or run"):
        services.correct(run, by=stranger, nano=-1, note="please")


def test_calls_and_jobs_stand_on_one_statement_each_in_its_unit(gpu, model, claims):
    book.used(model, claims, 1000)
    run = charge(gpu, claims, 2 * HOUR)
    services.refund(new_id(), parts={run: HOUR / 2}, note="lost")
    paper = paper_of(claims, period_of(timezone.now()), "EUR")
    told = {
        line.title: (line.quantity, line.unit, line.nano) for _, g in paper.groups for line in g
    }
    assert told["GPU hours, price version 1"] == (2, "per GPU hour", 7_200_000_000)
    assert told["Given back for pre-emption, price version 1"][::2] == (
        Decimal("-0.5"), -1_800_000_000,
    )  # fmt: skip
    assert told["Predictions, price version 1"] == (1000, "per 1,000", 400_000_000)
    assert (paper.calls, paper.runs, paper.view.total_nano) == (1, 1, 5_800_000_000)
    sheet = {row[5]: row for row in sheet_rows(paper.view)}
    assert sheet["hardware"][-2:] == (1, Decimal(2)) and sheet["hardware"][13] == "7200.000000"


def test_a_month_with_an_unbilled_run_is_not_closed(gpu, claims, finance, sources):
    charge(gpu, claims, at=LAST_MONTH)
    sources.owed = lambda since, until: 1 if since == LAST else 0
    with pytest.raises(Conflict, match="not billed"):
        services.close_period(LAST, by=finance)


def test_the_certificate_counts_runs_and_misses_what_is_missing(gpu, claims, finance, sources):
    run = charge(gpu, claims, at=LAST_MONTH)
    lost = upward.Ran(new_id(), claims.pk, "EUR", 5)
    sources.ran = lambda since, until: [upward.Ran(run, claims.pk, "EUR", 3_600_000_000), lost]
    services.close_period(LAST, by=finance)
    paper = paper_of(claims, LAST, "EUR")
    names = ("ran", "charged", "unbilled", "charged_twice")
    assert [paper.view.certificate[name] for name in names] == [2, 1, 1, 0]
    assert paper.exceptions


def test_what_those_above_find_amiss_is_told(sources, db):
    sources.amiss = lambda: ["Run 7 cost 1, and the ledger holds 2."]
    assert services.verify_ledger() == ["Run 7 cost 1, and the ledger holds 2."]


@pytest.mark.parametrize("who", ["finance", "operator"])
def test_finance_and_operators_set_the_price_of_hardware(gpu, client, request, who):
    client.force_login(request.getfixturevalue(who))
    path = f"/prices/{gpu.kind.id}/"
    assert "For an hour" in client.get(path).content.decode()
    assert client.post(path, {"amount": "4.20", "currency": "EUR"}).status_code == 302
    price = services.price_in_force(gpu.kind.id)
    assert (price.version, price.amount, price.per, price.meter) == (
        2, Decimal("4.20"), 3600, "gpu_seconds",
    )  # fmt: skip


def test_hardware_without_a_price_has_a_page_to_set_it(gpu, client, finance):
    Price.objects.filter(pk=gpu.price.pk).update(valid_to=timezone.now())
    other = upward.Kind(new_id(), "h100", "H100", gpu.kind.tenant, Meter.GPU_SECONDS)
    upward.sources.kind = lambda user, id: other if id == other.id else None
    client.force_login(finance)
    assert "First version" in client.get(f"/prices/{other.id}/").content.decode()
    client.post(f"/prices/{other.id}/", {"amount": "9", "currency": "EUR"})
    assert services.price_in_force(other.id).amount == 9
    assert client.get(f"/prices/{new_id()}/").status_code == 404


def test_nobody_else_sets_it(gpu, vision, owner, client):
    facts = {"model_id": gpu.kind.id, "model_slug": "a100", "meter": "gpu_seconds", "per": 3600}
    with pytest.raises(PermissionDenied):
        services.set_price(tenant=vision, amount=Decimal(0), currency="EUR", by=owner, **facts)


@pytest.mark.parametrize("wrong", [{"per": 1000}, {"meter": "predictions"}])
def test_hardware_is_priced_by_the_hour(gpu, vision, finance, wrong):
    facts = {"model_id": gpu.kind.id, "model_slug": "a100", "meter": "gpu_seconds", "per": 3600}
    with pytest.raises(Refused):
        services.set_price(
            tenant=vision, amount=Decimal(1), currency="EUR", by=finance, **facts | wrong
        )


def test_everybody_reads_the_price_of_hardware(gpu, stranger):
    assert gpu.price in Price.objects.visible_to(stranger)


def test_hardware_is_on_the_usage_page_its_sheet_and_the_api(gpu, claims, client, consumer):
    run = charge(gpu, claims, 2 * HOUR)
    client.force_login(consumer)
    page = client.get("/usage/").content.decode()
    assert "By hardware" in page and "€7.20" in page and "GPU hours" in page
    assert ",a100," in client.get("/usage/csv/").content.decode()
    found = client.get("/api/v1/usage/hardware/?group_by=hardware,tenant").json()["results"]
    assert found == [
        {"hardware": "a100", "hardware_id": str(gpu.kind.id), "tenant": "claims",
         "meter": "gpu_seconds", "runs": 1, "unit_seconds": "7200.000000", "amount": "7.20",
         "currency": "EUR"}
    ]  # fmt: skip
    assert Posting.objects.get(transaction=run, line=1).nano == 7_200_000_000


def test_others_do_not_see_it(gpu, claims, client, stranger):
    charge(gpu, claims)
    client.force_login(stranger)
    assert "a100" not in client.get("/usage/csv/").content.decode()
    assert client.get("/api/v1/usage/hardware/").json()["results"] == []


def test_finance_finds_a_run_on_the_page_of_corrections(gpu, claims, client, finance):
    run = charge(gpu, claims)
    client.force_login(finance)
    path = f"/corrections/?call={run}"
    assert "Run of a job" in client.get(path).content.decode()
    sent = {"direction": "credit", "amount": "1.00", "note": "hardware was slow"}
    assert client.post(path, sent).status_code == 302
    assert Posting.objects.get(corrects=run, line=1).nano == -1_000_000_000
