"""Calls that go well: admitted, forwarded, measured, paid to the nano-unit."""

import uuid

import pytest

from portal.core.ids import moment_of
from tenants.chargeback.settlement import nano_for
from tests.compute.gateway.stage import system


def test_a_prediction_is_forwarded_measured_and_paid(stage):
    heard = stage.predict()
    assert heard.status == 200
    assert heard.json["model_name"] == stage.slug
    assert heard.json["outputs"][0]["data"] == [7]
    assert heard.headers["x-model-version"] == "1"
    assert float(heard.headers["x-gateway-overhead-ms"]) >= 0
    call = stage.call(heard)
    assert (call.ended_as, call.http_status, call.status_class) == ("settled", 200, 2)
    assert call.quantities == {"calls": 1, "predictions": 3}
    assert call.amount_nano == call.reserved_nano == 3 * 400_000
    assert (call.environment, call.protocol, call.version) == ("production", "v2", 1)
    assert call.latency_ms >= call.ttfb_ms > 0 and call.overhead_ms > 0


def test_the_worker_sees_its_own_token_and_never_the_key(stage):
    heard = stage.predict()
    (seen,) = stage.worker.seen
    assert seen["trusted"] and seen["call"] == heard.headers["x-request-id"]
    assert seen["path"] == f"/v2/models/ep-{stage.endpoint.pk}/infer"
    assert stage.text.encode() not in seen["body"]


def test_both_sides_of_the_ledger_are_written_and_cancel_out(stage):
    call = stage.call(stage.predict())
    usage, revenue = stage.postings(call)
    assert (usage.tenant_id, usage.account, usage.nano) == (stage.consumer.pk, "usage", 1_200_000)
    assert (revenue.tenant_id, revenue.account) == (stage.provider.pk, "revenue")
    assert usage.nano + revenue.nano == 0
    assert usage.period == revenue.period == call.started_at.date().replace(day=1)
    assert (usage.quantity, usage.meter, usage.key_id) == (3, "predictions", stage.key.pk)
    assert moment_of(uuid.UUID(str(call.pk))).date() == call.started_at.date()


def test_mlflow_scoring_is_paid_alike(stage):
    stage.worker.rows = 2
    heard = stage.score()
    assert heard.status == 200
    call = stage.call(heard)
    assert (call.protocol, call.amount_nano, call.reserved_nano) == ("mlflow", 800_000, 800_000)


@pytest.mark.parametrize(
    ("amount", "per", "rows"),
    [("0.000000001", 1000, 7), ("0.333333333", 7, 3), ("12.5", 1, 9999), ("0.0000000005", 1, 1)],
)
def test_the_amount_is_what_the_price_says(stage, amount, per, rows):
    price = stage.reprice(amount, per)
    stage.worker.rows = rows
    call = stage.call(stage.predict())
    assert call.amount_nano == price.nano_for(rows) == nano_for(price.amount, per, rows)
    assert len(stage.postings(call)) == (2 if call.amount_nano else 0)


def test_a_price_per_call_counts_calls(stage):
    stage.reprice("0.40", 1, "calls")
    call = stage.call(stage.predict())
    assert call.amount_nano == 400_000_000
    assert stage.postings(call)[0].quantity == 1


def test_metadata_and_health_cost_nothing(stage):
    about = stage.send("GET", f"/v2/models/{stage.slug}")
    assert (about.status, about.json["name"]) == (200, stage.slug)
    assert stage.send("GET", f"/v2/models/{stage.slug}/ready").status == 200
    assert stage.send("GET", f"/v2/models/{stage.slug}/versions/1/ready").status == 200
    assert stage.send("GET", f"/serve/{stage.slug}/ping").status == 200
    assert stage.send("GET", f"/serve/{stage.slug}/version").body == b"3.1.0"
    assert stage.calls() == []


def test_health_needs_no_key(stage):
    for path in ("/v2", "/v2/health/live", "/v2/health/ready", "/healthz", "/readyz"):
        assert stage.send("GET", path, key="").status == 200
    assert b"millwright_gateway_answers" in stage.send("GET", "/metrics", key="").body


def test_the_key_remembers_when_it_was_used(stage):
    stage.call(stage.predict())
    with system():
        stage.key.refresh_from_db()
    assert stage.key.last_used_at is not None
