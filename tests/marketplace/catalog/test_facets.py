"""Counts of the catalogue: right under every filter, and only of what one may see."""

from decimal import Decimal

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from marketplace.access import services as access
from marketplace.catalog import services
from marketplace.catalog.filters import Shelf
from marketplace.catalog.index import Entry
from marketplace.catalog.models import AIModel, Visibility
from tenants.chargeback import services as chargeback
from tests import factories


@pytest.fixture
def shelf(vision, claims, retail):
    """Four models: of two tasks, two owners; one for claims alone, one for nobody."""
    rows = (
        ("digits", vision, {"task": "ocr", "framework": "onnx"}),
        ("plates", vision, {"task": "ocr", "framework": "torch", "stage": "staging"}),
        ("basket", retail, {"task": "ranking", "framework": "onnx"}),
        ("secret", retail, {"task": "ranking", "visibility": Visibility.NOBODY}),
    )
    return {slug: factories.model(slug, owner, **facts) for slug, owner, facts in rows}


def counts(user, query: str = "") -> dict:
    found = Shelf(user, QueryDict(query)).facets
    return {f.name: {o.value: o.count for o in f.options if o.count} for f in found}


def slugs(user, query: str = "") -> list[str]:
    return [model.slug for model in Shelf(user, QueryDict(query)).page(None)]


def test_a_facet_is_counted_under_the_filters_of_all_others(shelf, consumer):
    assert counts(consumer)["task"] == {"ocr": 2, "ranking": 1}
    narrowed = counts(consumer, "task=ocr&framework=onnx")
    assert narrowed["task"] == {"ocr": 1, "ranking": 1}
    assert narrowed["framework"] == {"onnx": 1, "torch": 1}
    assert narrowed["tenant"] == {"vision": 1}


def test_values_of_one_facet_add_up_and_facets_narrow_each_other(shelf, consumer):
    assert slugs(consumer, "task=ocr&task=ranking") == ["basket", "digits", "plates"]
    assert slugs(consumer, "task=ocr&task=ranking&framework=onnx") == ["basket", "digits"]


def test_a_count_never_tells_of_what_one_may_not_see(shelf, consumer, stranger, operator):
    assert counts(consumer)["task"]["ranking"] == 1
    assert counts(stranger)["task"]["ranking"] == 2
    assert counts(operator)["task"]["ranking"] == 2
    assert "secret" not in slugs(consumer) and "secret" in slugs(stranger)


def test_a_listing_to_one_tenant_is_counted_there_alone(shelf, consumer, owner, stranger, claims):
    services.list_to(shelf["digits"], by=owner, visibility="named", tenants=[claims])
    assert counts(consumer)["task"]["ocr"] == 2
    assert counts(stranger)["task"]["ocr"] == 1


def test_access_is_mine_to_be_asked_for_or_closed(shelf, consumer, owner, operator):
    access.give_standing(shelf["digits"])
    assert counts(owner)["access"] == {"mine": 1, "ask": 2}
    assert counts(consumer)["access"] == {"ask": 3}
    assert counts(operator)["access"] == {"closed": 4}
    assert slugs(owner, "access=mine") == ["digits"]


def test_prices_move_between_bands_at_once(shelf, consumer, finance, vision):
    assert counts(consumer)["price"] == {"low": 3}
    new = {"amount": Decimal(3), "per": 1000, "currency": "EUR", "meter": "predictions"}
    chargeback.set_price(
        tenant=vision, model_id=shelf["digits"].pk, model_slug="digits", by=finance, **new
    )
    assert counts(consumer)["price"] == {"low": 2, "high": 1}
    assert slugs(consumer, "price=high") == ["digits"]
    assert slugs(consumer, "sort=price")[-1] == "digits"


def test_what_was_measured_is_a_facet(shelf, consumer):
    services.note_levels({shelf["digits"].pk: "met", shelf["plates"].pk: "missed"})
    assert counts(consumer)["level"] == {"met": 1, "missed": 1}
    services.note_levels({shelf["digits"].pk: "missed"})
    assert counts(consumer)["level"] == {"missed": 2}


def test_retired_models_leave_the_shelf_and_restored_ones_return(shelf, consumer, owner):
    services.retire(shelf["digits"], by=owner, note="Replaced")
    assert not Entry.objects.filter(model=shelf["digits"]).exists()
    AIModel.objects.filter(slug="plates").update(task="plates")
    assert counts(consumer)["task"] == {"ranking": 1, "plates": 1}


def test_words_and_filters_narrow_together(shelf, consumer):
    assert counts(consumer, "q=ocr")["framework"] == {"onnx": 1, "torch": 1}
    assert slugs(consumer, "q=ocr&framework=torch") == ["plates"]
    assert counts(consumer, "q=nothinglikeit")["framework"] == {}


@pytest.mark.parametrize(
    "query", ["", "task=ocr", "task=ocr&stage=staging&price=low&access=ask", "q=ocr&tenant=vision"]
)
def test_counting_takes_as_many_questions_for_five_models_as_for_fifty(
    shelf, vision, query, owner
):
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            counts(owner, query)
        return len(caught)

    asked()  # whoever asks is known from here on
    few = asked()
    for number in range(50):
        factories.model(f"more-{number}", vision, task=f"ocr-{number}", framework=f"f{number}")
    assert asked() == few <= 12


def test_the_api_tells_the_same_as_the_page(shelf, consumer, client):
    client.force_login(consumer)
    told = client.get("/api/v1/models/facets/?task=ocr&search=digits").json()
    assert (told["total"], told["search"], told["searched_for"]) == (1, "digits", "digits")
    task = next(facet for facet in told["facets"] if facet["name"] == "task")
    assert task["options"] == [{"value": "ocr", "label": "Ocr", "count": 1, "chosen": True}]
    listed = client.get("/api/v1/models/?task=ocr&task=ranking&price=low&access=ask").json()
    assert listed["count"] == 3


@pytest.mark.parametrize(
    "query", ["task=%F0%9F%99%82", "price=x", "access=x&level=x", "tenant=" + "x" * 900]
)
def test_filters_that_make_no_sense_find_nothing_and_break_nothing(shelf, consumer, client, query):
    client.force_login(consumer)
    assert client.get(f"/models/?{query}").status_code == 200
    assert client.get(f"/api/v1/models/facets/?{query}").status_code == 200
