"""Views that people keep, wishes for models, and the words that mean the same."""

import pytest
from django.core.exceptions import PermissionDenied

from marketplace.catalog import services
from marketplace.catalog.index import Synonym
from marketplace.catalog.models import AIModel
from marketplace.catalog.search import search
from marketplace.catalog.wishes import SavedView, WantedModel
from portal.audit.models import Event
from portal.core.errors import Conflict, Refused
from portal.notices.models import Notice
from tests import factories

WISH = {"title": "Read gas meters", "need": "From photos of our fitters, in the field."}


@pytest.fixture
def wanted(consumer, claims, governor) -> WantedModel:
    return services.want(by=consumer, tenant=claims, searched="gas meters", **WISH)


def told(user) -> list[str]:
    return list(Notice.objects.filter(person=user).values_list("title", flat=True))


def test_governance_and_publishers_with_something_close_are_told(
    model, consumer, claims, governor, publisher, stranger
):
    services.want(by=consumer, tenant=claims, searched="digit", **WISH)
    assert told(governor) == told(publisher) == ["Wanted: Read gas meters"]
    assert told(stranger) == []


def test_who_asked_is_told_what_becomes_of_it(wanted, consumer, publisher, vision):
    meter = factories.model("gas-meters", vision)
    services.plan(wanted, by=publisher, answer="We start in May.")
    services.meet(wanted, meter, by=publisher)
    assert told(consumer) == ["Planned: Read gas meters", "Met: Read gas meters"][::-1] or told(
        consumer
    ) == ["Planned: Read gas meters", "Met: Read gas meters"]
    verbs = Event.objects.about(wanted).values_list("verb", flat=True)
    assert {"wished for a model", "planned", "met"} <= set(verbs)


def test_only_a_model_that_the_asker_finds_meets_a_wish(wanted, publisher, vision):
    hidden = factories.model("gas-meters", vision, visibility="nobody")
    with pytest.raises(Refused, match="List it to"):
        services.meet(wanted, hidden, by=publisher)


def test_wishes_are_answered_by_those_who_can(wanted, consumer, auditor, publisher, governor):
    for by in (consumer, auditor):
        with pytest.raises(PermissionDenied):
            services.plan(wanted, by=by)
    with pytest.raises(PermissionDenied):
        services.decline(wanted, by=publisher, answer="No")
    with pytest.raises(Refused, match="Say why"):
        services.decline(wanted, by=governor, answer=" ")
    services.decline(wanted, by=governor, answer="Not this year.")
    with pytest.raises(Conflict):
        services.withdraw_wish(wanted, by=consumer)


def test_wishes_are_seen_by_the_team_publishers_and_the_platform(
    wanted, consumer, publisher, governor, stranger, finance
):
    seen = {u.username for u in (consumer, publisher, governor, stranger, finance)
            if WantedModel.objects.visible_to(u).exists()}  # fmt: skip
    assert seen == {"consumer", "publisher", "governor"}


def test_one_asks_for_a_team_of_ones_own(stranger, claims):
    with pytest.raises(PermissionDenied):
        services.want(by=stranger, tenant=claims, **WISH)


def test_a_view_is_ones_own_and_a_name_is_kept_once(consumer, stranger):
    services.keep_view(by=consumer, name="Mine", query="task=ocr")
    other = {"by": consumer, "name": " Mine ", "query": "task=ocr&stage=staging"}
    with pytest.raises(Conflict, match="Choose another name, or replace it"):
        services.keep_view(**other)
    view = services.keep_view(**other, replace=True)
    assert SavedView.objects.visible_to(consumer).get().query == "task=ocr&stage=staging"
    assert not SavedView.objects.visible_to(stranger).exists()
    with pytest.raises(PermissionDenied):
        services.forget_view(view, by=stranger)
    services.forget_view(view, by=consumer)


def test_a_new_synonym_is_found_by_the_next_search(vision, governor, consumer):
    factories.model("seal-check", vision, summary="Looks at gaskets")
    listed = AIModel.objects.listed_to(consumer)
    assert not search(listed, "dichtung").ids
    row = services.add_synonyms(by=governor, terms=["Dichtung", "gasket", "dichtung"])
    assert row.terms == ["dichtung", "gasket"]
    assert search(listed, "Dichtungen").ids or search(listed, "dichtung").ids
    services.drop_synonyms(row, by=governor)
    assert not search(listed, "dichtung").ids


@pytest.mark.parametrize(
    "terms", [["one"], [" ", "!"], ["x" * 61, "y"], list("abcdefghijklmnopqrstuvwxyz")]
)
def test_a_group_needs_two_words_and_not_too_many(governor, terms):
    with pytest.raises(Refused):
        services.add_synonyms(by=governor, terms=terms)


def test_only_governance_and_operators_keep_the_words(owner, operator):
    with pytest.raises(PermissionDenied):
        services.add_synonyms(by=owner, terms=["a1", "b1"])
    row = Synonym.objects.first()
    services.change_synonyms(row, by=operator, terms=["a1", "b1"])
    assert Event.objects.about(row).filter(verb="changed synonyms").exists()


def test_the_pages_take_a_person_from_no_result_to_an_answer(
    client, consumer, claims, publisher, vision, governor, model
):
    client.force_login(consumer)
    page = client.get("/models/", {"q": "zeppelin"}).content.decode()
    assert "/wanted/new/?q=zeppelin" in page
    page = client.post("/wanted/new/", {"tenant": "claims", "expected_calls": "", **WISH})
    place = page["Location"]
    assert "Read gas meters" in client.get(place).content.decode()
    client.force_login(publisher)
    assert "Read gas meters" in client.get("/wanted/").content.decode()
    answer = {"what": "met", "model": "nothing"}
    assert client.post(f"{place}answer/", answer).status_code == 422
    assert client.post(f"{place}answer/", answer | {"model": "digits"}).status_code == 302
    assert "digits" in client.get(place).content.decode()


def test_rows_say_why_they_matched_and_stay_inert(client, consumer, vision):
    factories.model("plain", vision, card="Made for <b>zebras</b> & others", summary="Says <i>x")
    client.force_login(consumer)
    page = client.get("/models/", {"q": "zebra"}).content.decode()
    assert "Card: " in page and "<mark>zebras</mark>" in page
    assert "<b>" not in page.split('class="results"')[1] and "&lt;i&gt;" in page


def test_a_page_asks_before_a_view_takes_the_place_of_another(client, consumer):
    client.force_login(consumer)
    client.post("/views/keep/", {"name": "Mine", "query": "task=ocr"})
    asked = client.post("/views/keep/", {"name": "Mine", "query": "task=chat"})
    assert asked.status_code == 409 and b"Replace the view of this name" in asked.content
    assert SavedView.objects.visible_to(consumer).get().query == "task=ocr"
    client.post("/views/keep/", {"name": "Mine", "query": "task=chat", "replace": "1"})
    assert SavedView.objects.visible_to(consumer).get().query == "task=chat"


def test_a_wish_that_is_met_names_its_model(client, consumer, publisher, claims):
    wanted = services.want(by=consumer, tenant=claims, **WISH)
    client.force_login(publisher)
    page = client.post(f"{wanted.get_absolute_url()}answer/", {"what": "met"})
    assert page.status_code == 422 and b"Say which model meets it" in page.content
