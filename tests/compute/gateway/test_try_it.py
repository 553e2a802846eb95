"""Trying a model from its page: through the real gateway, with a key of the person, and billed."""

import pytest
from django.test import Client

from marketplace.catalog.models import ModelVersion
from tenants.keys import services as keys
from tenants.keys.models import ApiKey
from tests.compute.gateway.stage import system

SIGNATURE = {
    "inputs": [{"name": "a", "type": "double"}, {"name": "b", "type": "long"}],
    "outputs": [],
}
ENTERED = {"in-0": "1.5", "in-1": "2"}


@pytest.fixture
def person(stage, gateway, settings):
    settings.GATEWAY_URL = gateway.url
    stage.change(stage.model, visibility="everyone")
    with system():
        ModelVersion.objects.filter(model=stage.model).update(signature=SIGNATURE)
    client = Client()
    client.force_login(stage.person)
    return client


def address(stage) -> str:
    return f"/models/{stage.slug}/try/"


def test_a_try_is_a_call_like_any_other(stage, person):
    stage.worker.rows = 1
    text = person.get(address(stage)).content.decode()
    assert f"Billed to {stage.consumer.slug}, about €0.0004" in text
    assert not with_portal_keys(stage)
    answer = person.post(address(stage), ENTERED)
    text = answer.content.decode()
    assert answer.status_code == 200 and "Answered" in text and "€0.0004" in text and "v1" in text
    (call,) = stage.calls()
    assert str(call.pk) in text
    assert (call.ended_as, call.amount_nano, call.environment) == (
        "settled",
        400_000,
        "production",
    )
    assert (call.tenant_id, call.holder_id) == (stage.consumer.pk, stage.person.pk)
    assert b'"data": [[1.5, 2]]' in stage.worker.seen[0]["body"]


def with_portal_keys(stage):
    with system():
        return list(ApiKey.objects.filter(holder=stage.person, for_portal=True).order_by("id"))


def test_the_key_is_made_once_and_again_when_it_was_revoked(stage, person):
    for _ in range(2):
        assert b"Answered" in person.post(address(stage), ENTERED).content
    (key,) = with_portal_keys(stage)
    assert stage.calls()[0].key_id == key.pk
    with system():
        keys.revoke(key, by=None)
    assert b"Answered" in person.post(address(stage), ENTERED).content
    assert len(with_portal_keys(stage)) == 2


def test_what_the_model_says_is_shown_and_free(stage, person):
    stage.worker.mode = "refuse"
    text = person.post(address(stage), ENTERED).content.decode()
    assert "Refused" in text and "Column &#x27;a&#x27; is missing." in text
    assert 'value="1.5"' in text


def test_without_a_grant_nothing_can_be_tried(stage, person):
    stage.change(stage.grant, status="revoked")
    answer = person.post(address(stage), ENTERED)
    assert answer.status_code == 409 and b"Ask for access" in answer.content
    assert stage.worker.seen == []


def test_an_endpoint_that_is_not_ready_is_waited_for(stage, person):
    stage.change(stage.endpoint, status="starting", reason="The model is being loaded.")
    text = person.get(address(stage)).content.decode()
    assert "The model is being loaded." in text and 'hx-trigger="every 4s"' in text
