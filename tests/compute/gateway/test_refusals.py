"""Calls that are not made: which status, in whose shape, and that a change acts at once."""

import zlib
from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.access.models import Grant
from marketplace.catalog.models import Listing
from portal.audit.models import Event
from tenants.directory.models import Membership
from tenants.directory.roles import TenantRole
from tenants.keys import format
from tests import factories
from tests.compute.gateway.server import send
from tests.compute.gateway.stage import V2_BODY, system

LONG_AGO = timedelta(days=1)


def well_formed_but_unknown() -> str:
    return format.mint()[1]


@pytest.mark.parametrize("key", ["", "nonsense", "mw_live_0_0", "x" * 3000])
def test_a_bad_key_is_refused(stage, key):
    heard = stage.predict(key=key)
    assert heard.status == 401 and "key" in heard.json["error"]
    assert heard.headers["www-authenticate"] == "Bearer"


def test_a_wrong_checksum_or_secret_is_refused(stage):
    body = stage.text[:-7] + ("a" if stage.text[-7] != "a" else "b")
    wrong_secret = body + format.checksum(body)
    assert zlib.crc32(b"") == 0 and format.parse(wrong_secret)
    for key in (stage.text[:-1] + "!", wrong_secret, well_formed_but_unknown()):
        assert stage.predict(key=key).status == 401
    assert stage.worker.seen == []


def test_an_end_of_anything_acts_on_the_very_next_call(stage):
    changes = [
        (stage.key, {"status": "revoked"}, {"status": "active"}, 401),
        (stage.key, {"expires_at": timezone.now() - LONG_AGO}, {"expires_at": later()}, 401),
        (stage.person, {"is_active": False}, {"is_active": True}, 401),
        (stage.key, {"scopes": ["api"]}, {"scopes": ["predict"]}, 403),
        (stage.key, {"model_slugs": ["another"]}, {"model_slugs": [stage.slug]}, 403),
        (stage.model, {"status": "retired"}, {"status": "published"}, 403),
        (stage.grant, {"environment": "staging"}, {"environment": "production"}, 503),
        (stage.endpoint, {"wanted": False}, {"wanted": True}, 503),
        (stage.endpoint, {"status": "unhealthy"}, {"status": "ready"}, 503),
    ]
    assert stage.predict().status == 200
    for row, broken, mended, status in changes:
        stage.change(row, **broken)
        assert stage.predict().status == status, broken
        stage.change(row, **mended)
        assert stage.predict().status == 200, mended


def later():
    return timezone.now() + LONG_AGO


def test_who_loses_their_seat_loses_their_keys(stage):
    with system():
        Membership.objects.filter(pk=stage.seat.pk).delete()
    assert stage.predict().status == 401
    with system():
        Membership.objects.create(user=stage.person, tenant=stage.division, role=TenantRole.OWNER)
    assert stage.predict().status == 200


def test_a_consumer_of_the_division_has_no_seat_in_its_teams(stage):
    stage.change(stage.seat, tenant=stage.division)
    assert stage.predict().status == 401


@pytest.mark.parametrize("columns", [{"status": "revoked"}, {"status": "ended"}, {"ends_at": 0}])
def test_without_a_grant_a_hidden_model_does_not_exist(stage, columns):
    if "ends_at" in columns:
        columns = {"ends_at": timezone.now() - LONG_AGO}
    stage.change(stage.grant, **columns)
    assert stage.predict().status == 404
    stage.change(stage.model, visibility="everyone")
    heard = stage.predict()
    assert heard.status == 403 and "Ask for access" in heard.json["error"]


def test_foreign_and_missing_are_the_same(stage):
    stage.change(stage.grant, status="revoked")
    kept = {"content-type", "content-length", "cache-control", "www-authenticate", "retry-after"}
    for ask in (stage.predict, stage.score):
        foreign, missing = ask(), ask(name="m-absent0")
        assert foreign.status == missing.status == 404
        assert foreign.body == missing.body
        assert foreign.headers.keys() == missing.headers.keys()
        same = [{k: v for k, v in one.headers.items() if k in kept} for one in (foreign, missing)]
        assert same[0] == same[1]


def test_a_listed_model_is_known_and_refused(stage):
    stage.change(stage.grant, status="revoked")
    stage.change(stage.model, visibility="named")
    assert stage.predict().status == 404
    with system():
        Listing.objects.create(model=stage.model, tenant=stage.consumer)
    assert stage.predict().status == 403


def test_a_refusal_of_a_known_key_is_in_the_trail(stage):
    stage.change(stage.model, status="retired")
    heard = stage.predict()
    with system():
        event = Event.objects.about(stage.model).newest_first()[0]
    assert (event.verb, event.denied, event.actor) == ("denied call", True, stage.slug)
    assert event.tenant_id == stage.consumer.pk
    assert event.facts["request_id"] == heard.headers["x-request-id"]
    assert event.facts["key"] == stage.key.public_id and event.facts["channel"] == "gateway"
    assert stage.text not in event.payload


def test_the_environment_is_the_most_productive_or_the_one_asked_for(stage):
    with system():
        stage.serve(factories.version(stage.model, 2), "development", "staging")
        stage.give(stage.consumer, "development")
    assert stage.call(stage.predict()).environment == "production"
    asked = stage.predict(x_millwright_environment="development")
    assert (stage.call(asked).environment, asked.headers["x-model-version"]) == (
        "development",
        "2",
    )
    assert stage.predict(x_millwright_environment="staging").status == 403
    assert stage.predict(x_millwright_environment="moon").status == 400


def test_a_version_or_alias_is_called_where_it_is_served_and_granted(stage):
    with system():
        second = factories.version(stage.model, 2, aliases=["challenger"])
        stage.serve(second, "staging")
    for name in ("@2", "@challenger", "@9", "@nobody"):
        assert stage.predict(name=stage.slug + name).status == 404
    with system():
        stage.give(stage.consumer, "staging")
    for name, version in (("@1", "1"), ("@2", "2"), ("@challenger", "2"), ("", "1")):
        heard = stage.predict(name=stage.slug + name)
        assert (heard.status, heard.headers["x-model-version"]) == (200, version)
    path = f"/v2/models/{stage.slug}/versions/2/infer"
    assert stage.send("POST", path, V2_BODY).headers["x-model-version"] == "2"
    assert stage.send("POST", path.replace("/2/", "/9/"), V2_BODY).status == 404


def test_without_a_price_nothing_is_called(stage):
    stage.reprice(None)
    heard = stage.predict()
    assert heard.status == 503 and "price" in heard.json["error"]
    assert stage.worker.seen == [] and stage.calls() == []


def test_an_endpoint_that_is_not_ready_says_when_to_come_back(stage):
    stage.change(stage.endpoint, status="starting")
    heard = stage.score()
    assert heard.status == 503 and int(heard.headers["retry-after"]) > 0
    assert heard.json["error_code"] == "TEMPORARILY_UNAVAILABLE" and heard.json["message"]


def test_the_wrong_method_kind_or_size_is_refused(stage):
    for path in (f"/v2/models/{stage.slug}/infer", f"/serve/{stage.slug}/invocations"):
        heard = stage.send("GET", path)
        assert (heard.status, heard.headers["allow"]) == (405, "POST")
    assert stage.predict(b"a,b", Content_Type="text/csv").status == 415
    assert stage.predict(b"{}", Content_Encoding="gzip").status == 415
    assert stage.predict(b"{}", Inference_Header_Content_Length="2").status == 400
    assert stage.predict(b"x" * (9 * 1024 * 1024)).status == 413
    assert stage.worker.seen == []


def test_errors_take_the_shape_of_their_protocol(stage):
    assert set(stage.predict(key="").json) == {"error"}
    assert stage.score(key="").json["error_code"] == "UNAUTHENTICATED"
    heard = stage.send("POST", "/v1/chat/completions", {})
    assert heard.status == 404 and heard.json["error"]["type"] == "invalid_request_error"
    assert stage.send("GET", "/elsewhere").json["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/%00/infer",
        "/v2/models/a%2Fb/infer",
        "/v2/models/a@b@c/infer",
        "/v2/models/x@99999999999999999999/infer",
        "/v2/models/x@%FF/infer",
        "/v2/models/" + "x" * 500 + "/infer",
        "/serve/%C3%A9/invocations",
    ],
)
def test_a_name_that_cannot_exist_does_not_exist(stage, path):
    path = path.replace("x@", f"{stage.slug}@")
    assert stage.send("POST", path, V2_BODY).status == 404


def test_a_body_that_never_comes_is_given_up(stage):
    headers = {"Authorization": f"Bearer {stage.text}", "Content-Length": "100"}
    path = f"/v2/models/{stage.slug}/infer"
    assert send(stage.port, "POST", path, b"{", headers).status == 408


def test_a_grant_of_another_tenant_is_no_grant(stage):
    stage.change(stage.model, visibility="everyone")
    with system():
        other = factories.tenant(f"{stage.slug}-o", parent=stage.division)
        Grant.objects.filter(pk=stage.grant.pk).update(tenant=other)
    assert stage.predict().status == 403
