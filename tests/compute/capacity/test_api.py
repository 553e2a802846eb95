"""REST of capacity: what programs read, and what operators change."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from compute.capacity import services
from compute.capacity.models import Quota
from tests import factories
from tests.compute.fleet import Fleet, node


@pytest.fixture
def api():
    """A client of the API, as somebody."""

    def as_user(user) -> APIClient:
        client = APIClient()
        client.force_login(user)
        return client

    return as_user


def results(client, path) -> list[dict]:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_clusters_and_flavours_are_read_by_everybody(fleet, api, consumer):
    (cluster,) = results(api(consumer), "capacity/clusters/")
    assert (cluster["slug"], cluster["provider"], cluster["reachable"]) == ("here", "vision", True)
    found = results(api(consumer), "capacity/flavours/?memory_gb=40&ordering=slug")
    assert [each["slug"] for each in found] == ["h100-80gb", "l40s"]
    assert found[0]["hourly"] is None and found[0]["unit"] == "GPU"


def test_a_price_is_told_for_one_gpu_and_hour(fleet, h100, vision, api, consumer):
    model = factories.model("other", vision)
    price = model.tenant.prices.get()
    type(price).objects.create(
        tenant=vision, model_id=h100.pk, model_slug=h100.slug, meter=price.meter, version=1,
        amount="6.4", per=7200, valid_from=price.valid_from,
    )  # fmt: skip
    (found,) = results(api(consumer), "capacity/flavours/?memory_gb=80")
    assert found["hourly"] == {"amount": "3.200000000", "currency": "EUR"}


def test_nodes_tell_who_works_there_to_operators_alone(fleet, api, operator, consumer):
    fleet.runs("j-1", "claims", 6, on="h-1")
    (found,) = results(
        api(operator), "capacity/nodes/?flavour=h100-80gb&ordering=-held&page_size=1"
    )
    assert (found["free"], found["holdings"][0]["tenant"]) == ("2.000", "claims")
    assert results(api(consumer), "capacity/nodes/") == []


def test_what_fits_is_told_with_what_ones_share_lets_start(fleet, h100, api, operator, consumer):
    fleet.runs("j-1", "retail", 6, on="h-1")
    services.set_quota(
        fleet.queue(consumer.memberships.get().tenant), h100, by=operator, guaranteed=1, borrow=2
    )
    found = {each["flavour"]: each for each in results(api(consumer), "capacity/placeable/")}
    assert found["h100-80gb"]["gpus_one_node"] == 8
    assert found["h100-80gb"]["yours"] == {"claims": 3}
    assert found["h100-80gb"]["sizes"][3] == {"size": 6, "places": 1, "nodes": 1}
    assert found["cpu"]["unit"] == "core"


def test_quotas_of_ones_own_are_read(fleet, api, consumer, auditor):
    assert {each["tenant"] for each in results(api(consumer), "quotas/")} == {"claims"}
    assert len(results(api(auditor), "quotas/?flavour=cpu")) == 4
    assert {q["tenant"] for q in results(api(consumer), "capacity/queues/")} == {"claims"}


def test_operators_change_quotas(fleet, h100, api, operator, consumer):
    quota = Quota.objects.get(flavour=h100, tenant__slug="claims")
    path = f"/api/v1/quotas/{quota.pk}/"
    assert api(consumer).patch(path, {"guaranteed": "2"}, format="json").status_code == 403
    answer = api(operator).patch(path, {"guaranteed": "2", "borrow": "4"}, format="json")
    assert (answer.status_code, answer.json()["borrow"]) == (200, "4.00")
    answer = api(operator).patch(path, {"borrow": None}, format="json")
    assert (answer.json()["guaranteed"], answer.json()["borrow"]) == ("2.00", None)
    refused = api(operator).patch(path, {"guaranteed": "99"}, format="json")
    assert refused.status_code == 422 and "guaranteed" in refused.json()["errors"]
    assert api(operator).patch(path, {"guaranteed": "-1"}, format="json").status_code == 422


def test_a_preview_is_for_operators_and_saves_nothing(fleet, h100, api, operator, consumer):
    fleet.runs("j-1", "retail", 8, on="h-1")
    quota = Quota.objects.get(flavour=h100, tenant__slug="claims")
    path = f"/api/v1/quotas/{quota.pk}/preview/"
    told = api(operator).post(path, {"guaranteed": "16"}, format="json").json()
    assert any("from retail (8)" in line["words"] for line in told["lines"])
    assert api(consumer).post(path, {"guaranteed": "16"}, format="json").status_code == 403
    quota.refresh_from_db()
    assert quota.guaranteed == 0


def test_operators_close_clusters_and_move_places(fleet, claims, api, operator):
    client, queue = api(operator), fleet.queue(claims)
    at = "/api/v1/capacity/"
    assert client.post(f"{at}clusters/here/close/").json()["open"] is False
    assert client.post(f"{at}clusters/here/close/").status_code == 409
    assert client.post(f"{at}clusters/{fleet.cluster.pk}/open/").json()["open"] is True
    sent = client.patch(f"{at}queues/{queue.pk}/", {"weight": "2.5"}, format="json")
    assert sent.json()["weight"] == "2.50"
    assert client.post(f"{at}queues/{queue.pk}/leave/").json()["open"] is False
    assert client.post(f"{at}queues/{queue.pk}/join/").json()["open"] is True


@pytest.mark.parametrize(
    "path", ["clusters", "flavours", "nodes", "queues", "placeable", "../quotas"]
)
def test_long_lists_cost_as_many_queries_as_short_ones(fleet, vision, api, operator, path):
    client, address = api(operator), f"capacity/{path}/".replace("capacity/../", "")
    results(client, address)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            results(client, address)
        return len(asked)

    few = cost()
    Fleet(vision, "there").has(
        *(node(f"n-{number}", ("h100", "l40s", "t4")[number % 3], 4) for number in range(60))
    )
    assert cost() == few <= 20
