"""Pages of endpoints, and what they add to the page of a model."""

import json
import subprocess
import sys

import pytest

from compute.endpoints import how_to
from compute.endpoints.models import Endpoint
from marketplace.access.models import Grant
from marketplace.catalog.examples import example_requests
from marketplace.catalog.models import ModelVersion
from portal.core.ids import new_id
from tenants.chargeback.models import Call, Price
from tests import factories

COLUMNS = {
    "inputs": [
        {"name": "radius", "type": "double", "shape": None, "required": True},
        {"name": "cells", "type": "long", "shape": None, "required": True},
        {"name": "dense", "type": "boolean", "shape": None, "required": True},
        {"name": "note", "type": "string", "shape": None, "required": False},
    ],
    "outputs": [],
    "params": [],
}
EXAMPLE = {
    "dataframe_split": {
        "columns": ["radius", "cells", "dense", "note"],
        "data": [[17.5, 3, True, "it's fine"]],
    }
}


@pytest.fixture
def columns(model):
    ModelVersion.objects.filter(model=model).update(signature=COLUMNS, input_example=EXAMPLE)
    return model


@pytest.fixture
def granted(columns, claims, vision):
    facts = {"provider": vision, "model": columns, "environment": "production"}
    return Grant.objects.create(tenant=claims, **facts)


def page(client, user, address, status=200):
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


def test_the_list_shows_publishers_their_endpoints(client, served, publisher, operator):
    for person in (publisher, operator):
        text = page(client, person, "/endpoints/")
        assert "digits v1" in text and "Ready" in text
    assert "No endpoint fits" in page(client, publisher, "/endpoints/?status=failed")
    assert "digits v1" in page(client, publisher, "/endpoints/?q=digi")


def test_others_see_no_endpoint(client, served, stranger, consumer):
    for person in (stranger, consumer):
        assert "digits v1" not in page(client, person, "/endpoints/")
        page(client, person, f"/endpoints/{served.pk}/", 404)


def test_where_it_runs_is_for_operators(client, served, publisher, operator):
    for part in ("", "state/"):
        address = f"/endpoints/{served.pk}/{part}"
        assert served.address in page(client, operator, address)
        assert served.address not in page(client, publisher, address)


def test_stop_and_start_from_the_page(client, served, publisher):
    client.force_login(publisher)
    answer = client.post(f"/endpoints/{served.pk}/stop/")
    assert answer.status_code == 302
    assert Endpoint.objects.get().wanted is False
    client.post(f"/endpoints/{served.pk}/start/")
    assert Endpoint.objects.get().wanted is True


def test_who_only_watches_changes_nothing(client, served, governor, auditor):
    for person in (governor, auditor):
        text = page(client, person, f"/endpoints/{served.pk}/")
        assert "Deploy a version" not in text
        assert client.post(f"/endpoints/{served.pk}/stop/").status_code == 403
    assert Endpoint.objects.get().wanted


def test_another_version_is_deployed_from_a_form(client, served, model, publisher):
    second = factories.version(model, 2)
    client.force_login(publisher)
    address = f"/models/{model.slug}/deploy/"
    assert "Version 2" in client.get(address).content.decode()
    good = {"version": second.pk, "environments": ["staging"], "replicas": 2, "memory_mb": 1024}
    for wrong in (
        {"replicas": 0},
        {"memory_mb": "x"},
        {"version": new_id()},
        {"environments": []},
    ):
        assert client.post(address, good | wrong).status_code == 422
    assert client.post(address, good).status_code == 302
    made = Endpoint.objects.get(version=second)
    assert (made.replicas, made.memory_mb) == (2, 1024)
    assert made.takes_over.get().environment == "staging"


def test_only_publishers_reach_the_form(client, model, consumer):
    page(client, consumer, f"/models/{model.slug}/deploy/", 403)


def test_trying_asks_for_access_first(client, columns, consumer):
    text = page(client, consumer, f"/models/{columns.slug}/try/")
    assert f"/models/{columns.slug}/ask/" in text and "<form" not in text


def test_the_form_is_the_signature_filled_with_the_example(client, granted, served, consumer):
    text = page(client, consumer, "/models/digits/try/")
    assert "Billed to claims, about €0.0004" in text
    assert 'value="17.5"' in text and 'value="3"' in text and "it&#x27;s fine" in text


def test_wrong_values_are_named_and_kept(client, granted, served, consumer):
    client.force_login(consumer)
    wrong = {"in-0": "wide", "in-1": "2.5", "in-2": "maybe", "in-3": "kept as it was"}
    answer = client.post("/models/digits/try/", wrong)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Enter a number" in text and "whole number" in text
    assert 'value="wide"' in text and "kept as it was" in text


def test_a_tensor_is_checked_for_its_shape(client, model, granted, served, consumer):
    shape = {"inputs": [{"name": "x", "type": "float64", "shape": [-1, 2], "required": True}]}
    ModelVersion.objects.filter(model=model).update(signature=shape, input_example=None)
    client.force_login(consumer)
    assert "[[0.0, 0.0]]" in client.get("/models/digits/try/").content.decode()
    for wrong in ("", "{", "[[1, 2], [3]]", "[1, 2]", "[[NaN, 1]]", "[" * 5000):
        answer = client.post("/models/digits/try/", {"in-0": wrong})
        assert answer.status_code == 422, wrong
        assert b'class="error"' in answer.content


def test_without_a_gateway_the_page_says_so(
    client, granted, served, consumer, settings, monkeypatch
):
    settings.GATEWAY_URL = "http://127.0.0.1:1"
    monkeypatch.setattr("compute.endpoints.trying.key_for", lambda user, tenant: "mw_live_x")
    client.force_login(consumer)
    good = {"in-0": "1.5", "in-1": "2", "in-2": "true", "in-3": ""}
    answer = client.post("/models/digits/try/", good)
    assert answer.status_code == 200 and b"gateway does not answer" in answer.content
    assert b'value="1.5"' in answer.content


def test_examples_carry_the_address_and_a_body_that_can_be_pasted(
    client, granted, consumer, settings
):
    settings.GATEWAY_URL = "https://gateway.example"
    text = page(client, consumer, "/models/digits/use/")
    for part in ("Inference v2", "MLflow", "Python", "tritonclient", "https://gateway.example"):
        assert part in text
    assert "mw_live_…" in text


def test_what_is_to_be_pasted_is_valid(columns):
    found = dict(how_to.snippets("digits", columns.versions.get(), "http://127.0.0.1:9"))
    for name in ("Python", "Open Inference client"):
        compile(found[name], name, "exec")
    shell = found["MLflow"].replace(
        "curl -sS", f"{sys.executable} -c 'import sys,json;print(json.loads(sys.argv[-1]))'"
    )
    said = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert "it's fine" in said.stdout


def call_of(model, tenant, **more):
    price = Price.objects.get(model_id=model.pk)
    version = model.versions.get()
    now = more.pop("at", None) or price.valid_from
    facts = {
        "id": new_id(), "tenant": tenant, "provider_id": model.tenant_id, "key_id": new_id(),
        "holder_id": new_id(), "grant_id": new_id(), "model_id": model.pk,
        "version": version.number, "model_slug": model.slug, "endpoint_id": new_id(),
        "environment": "production",
        "region": "eu-central", "protocol": "v2", "started_at": now, "ended_at": now,
        "ended_as": "settled", "http_status": 200, "status_class": 2, "latency_ms": 12.0,
        "quantities": {"calls": 1, "predictions": 5}, "price_id": price.pk,
        "reserved_nano": 0, "amount_nano": 2_000_000, "currency": "EUR",
    }  # fmt: skip
    return Call.objects.create(**facts | more)


def test_usage_is_told_to_publishers_by_tenant_and_to_others_their_own(
    client, model, claims, retail, publisher, consumer, stranger, operator
):
    for tenant, times in ((claims, 3), (retail, 1)):
        for _ in range(times):
            call_of(model, tenant)
    for person in (publisher, operator):
        text = page(client, person, "/models/digits/usage/")
        assert "claims" in text and "retail" in text and "€0.0080" in text
    text = page(client, consumer, "/models/digits/usage/")
    assert "€0.0060" in text and "retail" not in text
    text = page(client, stranger, "/models/digits/usage/")
    assert "€0.0020" in text and ">claims<" not in text


def test_the_examples_of_the_api_are_the_examples_of_the_page(columns):
    found = example_requests("digits", columns.versions.get())
    assert found["mlflow"]["body"] == EXAMPLE
    assert [item["datatype"] for item in found["v2"]["body"]["inputs"]] == [
        "FP64", "INT64", "BOOL", "BYTES",
    ]  # fmt: skip
    assert json.dumps(found)
