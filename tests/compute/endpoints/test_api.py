"""Endpoints over REST."""

import pytest
from rest_framework.test import APIClient

from compute.endpoints.models import Endpoint
from tests import factories

LIST = "/api/v1/endpoints/"


@pytest.fixture
def api():
    return APIClient()


def test_the_list_is_scoped_and_addresses_are_for_operators(
    api, served, publisher, operator, stranger
):
    api.force_login(publisher)
    (row,) = api.get(LIST).json()["results"]
    assert (row["model"], row["version"], row["status"]) == ("digits", 1, "ready")
    assert row["environments"] == ["development", "production", "staging"]
    assert row["address"] is None
    api.force_login(operator)
    assert api.get(f"{LIST}{served.pk}/").json()["address"] == served.address
    api.force_login(stranger)
    assert api.get(LIST).json()["results"] == []
    assert api.get(f"{LIST}{served.pk}/").status_code == 404


def test_filters_have_fixed_names(api, served, publisher):
    api.force_login(publisher)
    for query, count in (
        ("status=ready", 1), ("status=failed", 0), ("model=digits", 1), ("environment=staging", 1),
        ("model=x", 0),
    ):  # fmt: skip
        assert len(api.get(f"{LIST}?{query}").json()["results"]) == count
    assert api.get(f"{LIST}?status=moon").status_code == 400


def test_an_endpoint_is_created_scaled_stopped_and_started(api, model, host, publisher):
    api.force_login(publisher)
    body = {"model": "digits", "version": 1, "environments": ["staging"], "replicas": 2}
    made = api.post(LIST, body, format="json")
    assert made.status_code == 201 and made.json()["environments"] == ["staging"]
    address = f"{LIST}{made.json()['id']}/"
    assert api.get(f"{address}health/").json()["ready"] is False
    assert api.post(f"{address}scale/", {"replicas": 3}, format="json").json()["replicas"] == 3
    assert api.post(f"{address}stop/").json()["wanted"] is False
    assert api.post(f"{address}stop/").status_code == 409
    assert api.post(f"{address}start/").json()["wanted"] is True
    factories.version(model, 2)
    other = api.post(f"{address}deploy/", {"version": 2}, format="json")
    assert (other.status_code, other.json()["version"]) == (202, 2)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"model": "digits"},
        {"model": "absent", "version": 1},
        {"model": "digits\0", "version": 0},
        {"model": "digits", "version": 99},
        {"model": "digits", "version": 10**30},
        {"model": "digits", "version": 1, "environments": ["moon"]},
        {"model": "digits", "version": 1, "environments": []},
        {"model": "digits", "version": 1, "replicas": -1},
        {"model": "digits", "version": 1, "memory_mb": "much"},
        {"model": 7, "version": True},
    ],
)
def test_bad_input_is_a_clear_422(api, model, publisher, body):
    api.force_login(publisher)
    answer = api.post(LIST, body, format="json")
    assert answer.status_code == 422 and answer.json()["errors"]
    assert not Endpoint.objects.exists()


def test_what_one_may_see_but_not_do_is_403(api, served, model, governor, consumer):
    api.force_login(governor)
    for verb in ("stop", "start"):
        assert api.post(f"{LIST}{served.pk}/{verb}/").status_code == 403
    api.force_login(consumer)
    assert api.post(LIST, {"model": "digits", "version": 1}, format="json").status_code == 403
    assert api.post(f"{LIST}{served.pk}/stop/").status_code == 404


@pytest.mark.parametrize("name", ["x", "%00", "01a20000-0000-7000-8000-000000000000", "9" * 400])
def test_a_name_that_is_none_is_a_4xx(api, operator, name):
    api.force_login(operator)
    for part in ("", "health/"):
        assert 400 <= api.get(f"{LIST}{name}/{part}").status_code < 500
