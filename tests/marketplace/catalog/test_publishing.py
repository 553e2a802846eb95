"""Whose a model is, what it needs, who finds it, and how it leaves."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.test import TestCase

from marketplace.catalog import services
from marketplace.catalog.models import AIModel, AIModelGroupPermission, Listing
from portal.audit.models import Event
from portal.core.errors import Conflict, Refused
from portal.core.events import model_published
from portal.core.permissions import holders
from tests import factories


@pytest.fixture
def waiting(registry, world) -> AIModel:
    registry.register("fraud_score", signature=factories.SIGNATURE)
    registry.tag_model("fraud_score", "millwright.tenant", "vision")
    services.follow_registry()
    return AIModel.objects.get()


def verbs(model) -> list[str]:
    return [event.verb for event in Event.objects.about(model).newest_first()]


def test_an_operator_gives_a_waiting_model_to_any_tenant(waiting, operator, claims):
    model = services.claim(waiting, claims, by=operator)
    assert (model.tenant, model.status, model.contact) == (claims, "draft", claims.contact)
    assert verbs(model)[0] == "draft"
    with pytest.raises(Conflict):
        services.claim(model, claims, by=operator)


def test_a_proposed_publisher_confirms_for_their_own_tenant_only(
    waiting, publisher, consumer, vision, claims
):
    for person, tenant in ((publisher, claims), (consumer, vision), (consumer, claims)):
        with pytest.raises(PermissionDenied):
            services.claim(waiting, tenant, by=person)
    assert services.claim(waiting, vision, by=publisher).tenant == vision


def test_a_proposal_gives_nothing_by_itself(waiting, vision, publisher, stranger, operator):
    seen = {
        p: p and AIModel.objects.visible_to(p).exists() for p in (publisher, stranger, operator)
    }
    assert seen == {publisher: True, stranger: False, operator: True}
    with pytest.raises(PermissionDenied):
        services.edit(waiting, by=publisher, summary="Mine already")


def test_what_is_missing_is_told_with_its_place(waiting, publisher, vision):
    model = services.claim(waiting, vision, by=publisher)
    fields = [item.field for item in services.missing(model)]
    assert fields == ["summary", "card", "data_class", "price", "licence"]
    assert all(item.href.startswith(f"/models/{model.slug}/") for item in services.missing(model))
    with pytest.raises(Refused) as refused:
        services.publish(model, by=publisher, visibility="everyone", amount=Decimal(1))
    assert refused.value.field == "summary" and "data class" in refused.value.detail
    model.refresh_from_db()
    assert model.status == "draft"


def test_a_version_without_a_signature_is_not_enough(draft, publisher):
    draft.versions.update(signature=None)
    assert [item.field for item in services.missing(draft)] == ["version", "price"]


def test_publishing_sets_the_price_lists_the_model_and_tells_others(draft, publisher):
    heard = []
    model_published.connect(heard_by := lambda sender, **facts: heard.append(facts), weak=False)
    with TestCase.captureOnCommitCallbacks(execute=True):
        model = services.publish(
            draft, by=publisher, visibility="everyone", amount=Decimal("0.40"), per=1000
        )
    model_published.disconnect(heard_by)
    assert heard[0]["model_id"] == str(model.pk)
    assert (model.status, model.visibility) == ("published", "everyone")
    assert model.published_at and not services.missing(model)
    assert model.price.amount == Decimal("0.40")
    assert verbs(model)[:2] == ["published", "listed"]


def test_publishing_needs_a_price_and_a_right(draft, publisher, consumer, operator, owner):
    with pytest.raises(Refused) as refused:
        services.publish(draft, by=publisher, visibility="everyone")
    assert refused.value.field == "price"
    for person in (consumer, operator):
        with pytest.raises(PermissionDenied):
            services.publish(draft, by=person, visibility="everyone", amount=Decimal(0))
    assert services.publish(draft, by=owner, visibility="everyone", amount=Decimal(0)).listed
    with pytest.raises(Conflict):
        services.publish(draft, by=owner, visibility="everyone")


def test_named_tenants_alone_find_it(model, publisher, consumer, stranger, claims, retail):
    services.list_to(model, by=publisher, visibility="named", tenants=[claims])
    listed = {p.username: AIModel.objects.listed_to(p).exists() for p in (consumer, stranger)}
    assert listed == {"consumer": True, "stranger": False}
    assert holders("see_aimodel", model, AIModelGroupPermission).count() == 3
    services.list_to(model, by=publisher, visibility="named", tenants=[retail])
    listed = {p.username: AIModel.objects.listed_to(p).exists() for p in (consumer, stranger)}
    assert listed == {"consumer": False, "stranger": True}
    services.list_to(model, by=publisher, visibility="nobody")
    assert not AIModel.objects.listed_to(stranger).exists()
    assert AIModel.objects.listed_to(publisher).exists()
    assert not Listing.objects.exists()
    assert not holders("see_aimodel", model, AIModelGroupPermission).exists()


def test_naming_needs_a_name(model, publisher):
    with pytest.raises(Refused) as refused:
        services.list_to(model, by=publisher, visibility="named")
    assert refused.value.field == "tenants"


def test_retiring_needs_a_reason_and_can_be_undone(model, publisher, stranger):
    model.card = "# Card"
    model.save()
    with pytest.raises(Refused):
        services.retire(model, by=publisher, note="  ")
    services.retire(model, by=publisher, note="Replaced by numerals")
    assert not AIModel.objects.listed_to(stranger).exists()
    assert AIModel.objects.visible_to(stranger).exists()
    services.restore(model, by=publisher)
    assert AIModel.objects.listed_to(stranger).exists()
    with pytest.raises(PermissionDenied):
        services.retire(model, by=stranger, note="No")


def test_a_published_model_cannot_lose_what_it_needs(model, publisher):
    for field in ("name", "summary", "card", "data_class"):
        with pytest.raises(Refused) as refused:
            services.edit(model, by=publisher, **{field: "  "})
        assert refused.value.field == field


def test_bad_words_are_refused_by_field(model, publisher):
    wrong = {"summary": "x" * 241, "data_class": "secret", "contact": "nobody", "region": "moon"}
    for field, value in (wrong | {"tenant": "claims", "status": "draft"}).items():
        with pytest.raises(Refused) as refused:
            services.edit(model, by=publisher, **{field: value})
        assert refused.value.field == field


def test_of_two_editors_the_second_is_told(model, publisher, owner):
    seen = model.changed_at
    services.edit(model, by=owner, seen=seen, summary="First")
    with pytest.raises(Conflict):
        services.edit(model, by=publisher, seen=seen, summary="Second")


def test_who_changed_what_is_told_to_publishers(model, publisher, consumer, auditor):
    services.edit(model, by=publisher, summary="Reads digits")
    line = services.history(model, by=publisher)[0]
    assert (line.actor, line.verb) == ("publisher", "edited")
    assert line.facts["facts"]["after"] == {"summary": "Reads digits"}
    assert services.history(model, by=auditor) and not services.history(model, by=consumer)
