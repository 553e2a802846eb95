"""Pages and REST of service levels."""

import pytest

from marketplace.service_levels import services
from tests import factories

LEVEL = "98.36\N{NO-BREAK SPACE}%"


@pytest.fixture
def measured(target, call):
    for status in [200] * 60 + [500, 422]:
        call(status)
    services.measure()


def test_a_consumer_reads_promised_and_measured(client, measured, model, consumer):
    client.force_login(consumer)
    page = client.get("/models/digits/service-level/").content.decode()
    assert LEVEL in page and "Missed" in page and "Change the targets" not in page
    assert LEVEL in client.get("/models/digits/service-level/summary/").content.decode()
    assert LEVEL in client.get("/service-levels/").content.decode()
    assert LEVEL in client.get("/models/").content.decode()


def test_without_calls_nothing_is_claimed(client, target, consumer):
    client.force_login(consumer)
    for path in ("/models/digits/service-level/", "/models/digits/service-level/summary/"):
        assert "No calls yet" in client.get(path).content.decode()
    assert "no calls yet" in client.get("/models/").content.decode()


def test_a_publisher_changes_the_targets(client, target, publisher, consumer):
    client.force_login(publisher)
    path = "/models/digits/service-level/edit/"
    bad = client.post(path, {"availability": "101", "latency_ms": "x", "latency_share": "90"})
    assert bad.status_code == 422 and b'value="101"' in bad.content
    good = {"availability": "99.5", "latency_ms": "80", "latency_share": "90"}
    assert client.post(path, good).url == "/models/digits/service-level/"
    client.force_login(consumer)
    assert client.get(path).status_code == 403


def test_hidden_models_have_no_level(client, target, model, publisher, stranger, vision):
    factories.model("secret", vision, visibility="nobody")
    services.give_targets()
    client.force_login(stranger)
    for path in ("service-level/", "service-level/summary/", "service-level/edit/"):
        assert client.get(f"/models/secret/{path}").status_code == 404
    assert b"secret" not in client.get("/service-levels/").content
    rows = client.get("/api/v1/service-levels/").json()["results"]
    assert [row["model"] for row in rows] == ["digits"]
    assert client.get("/api/v1/service-levels/secret/").status_code == 404


def test_levels_by_rest(client, measured, model, publisher, consumer):
    client.force_login(consumer)
    body = client.get("/api/v1/service-levels/digits/").json()
    assert body["availability"] == "99" and body["latency_ms"] == 100
    hour = body["measured"][0]
    assert (hour["window"], hour["calls"], hour["failed"]) == ("hour", 61, 1)
    assert (hour["excluded"], hour["met"]) == (1, False)
    assert client.get(f"/api/v1/service-levels/{model.pk}/").json()["id"] == body["id"]
    change = {"latency_ms": 5000}
    path, kind = "/api/v1/service-levels/digits/", "application/json"
    assert client.patch(path, change, content_type=kind).status_code == 403
    client.force_login(publisher)
    assert client.patch(path, change, content_type=kind).json()["latency_ms"] == 5000
    bad = client.patch(path, {"availability": 100}, content_type=kind)
    assert bad.status_code == 422 and "availability" in bad.json()["errors"]
    assert client.patch(path, {"latency_ms": "soon"}, content_type=kind).status_code == 422
