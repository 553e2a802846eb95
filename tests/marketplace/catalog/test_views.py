"""Pages of the catalogue: who sees what, what forms keep, what is inert."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.catalog import services
from marketplace.catalog.models import AIModel
from marketplace.catalog.rows import said
from tenants.chargeback.models import Price
from tests import factories

CAST = ("owner", "publisher", "consumer", "stranger", "operator", "governor", "finance", "auditor")
PUBLISHERS = {"owner", "publisher"}
READ = ("", "versions/", "versions/1/", "service-level/", "service-level/summary/")
WORK = ("edit/", "publish/", "retire/", "service-level/edit/")


@pytest.fixture
def page(client):
    """The status and text of a page, as a person sees it."""

    def look(person, path: str, data=None) -> tuple[int, str]:
        client.force_login(person)
        answer = client.get(path) if data is None else client.post(path, data)
        return answer.status_code, answer.content.decode()

    return look


@pytest.mark.parametrize("name", CAST)
def test_a_listed_model_is_read_by_all_and_changed_by_its_publishers(page, model, name, request):
    person = request.getfixturevalue(name)
    assert {path: page(person, f"/models/digits/{path}")[0] for path in READ} == dict.fromkeys(
        READ, 200
    )
    allowed = 200 if name in PUBLISHERS else 403
    found = {path: page(person, f"/models/digits/{path}")[0] for path in WORK}
    assert found == dict.fromkeys(WORK, allowed)


@pytest.mark.parametrize("name", CAST)
def test_an_unlisted_model_does_not_exist_for_others(page, vision, name, request):
    factories.model("secret", vision, status="draft", visibility="nobody")
    person = request.getfixturevalue(name)
    hidden = name in {"consumer", "stranger"}
    for path in READ:
        assert page(person, f"/models/secret/{path}")[0] == (404 if hidden else 200)
    assert "secret" not in page(person, "/models/")[1]
    if hidden:
        assert {page(person, f"/models/secret/{path}")[0] for path in WORK} == {404}


def test_nobody_reads_without_signing_in(client, model):
    for path in ("/models/", "/models/digits/", "/publish/", "/models/digits/edit/"):
        assert client.get(path).url.startswith("/accounts/login/")


def test_counts_and_filters_obey_visibility(page, model, vision, consumer, stranger):
    factories.model("secret", vision, visibility="nobody", task="espionage")
    factories.model("scores", vision, task="regression", stage="staging")
    text = page(stranger, "/models/")[1]
    assert "2 models you may see, 0 you can use now" in text and "spionage" not in text
    assert page(stranger, "/models/?stage=staging")[1].count('class="result"') == 1
    assert page(stranger, "/models/?task=espionage")[1].count('class="result"') == 0
    assert page(stranger, "/models/?access=mine")[1].count('class="result"') == 0


@pytest.mark.parametrize("query", ["page=0", "page=99999", "page=x", "stage=%00", "sort=no;drop"])
def test_odd_addresses_show_the_catalogue(page, model, consumer, query):
    status, _ = page(consumer, f"/models/?{query}")
    assert status in {200, 400}


def test_a_wrong_word_is_put_right_and_told(page, model, consumer):
    text = page(consumer, "/models/?q=digts")[1]
    assert "<strong>digits</strong>" in text and "<s>digts</s>" in text
    assert page(consumer, "/models/?q=digts&exact=1")[1].count('class="result"') == 0


def test_the_number_of_queries_of_the_list_does_not_grow(client, model, vision, consumer):
    client.force_login(consumer)
    client.get("/models/")
    counts = []
    for size in (2, 18):
        for n in range(AIModel.objects.count(), size):
            factories.model(f"model-{n}", vision)
        with CaptureQueriesContext(connection) as seen:
            client.get("/models/?q=does")
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 45, counts


def test_text_of_strangers_is_inert_on_every_page(page, registry, operator, publisher, vision):
    nasty = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    registry.register(nasty, signature=factories.SIGNATURE, parameters={nasty: nasty},
                      description=nasty, trained_by=nasty, dependencies=(nasty,))  # fmt: skip
    registry.register(nasty, metrics={nasty: 1.0}, tags={nasty: nasty})
    for key in ("title", "summary", "task", "framework", "licence", "tenant"):
        registry.tag_model(nasty, f"millwright.{key}", nasty)
    registry.describe_model(nasty, nasty)
    services.follow_registry()
    model = services.claim(AIModel.objects.get(), vision, by=operator)
    base = f"/models/{model.slug}"
    for path in ("/", "/versions/?a=1&b=2", "/versions/1/", "/versions/2/", "/edit/", "/publish/"):
        status, text = page(publisher, base + path)
        assert status == 200
        assert "<script>alert" not in text and "<img src=x" not in text, path
    assert "<script>alert" not in page(publisher, "/publish/?show=draft")[1]


def test_what_was_typed_stays_when_something_is_wrong(page, model, publisher):
    typed = {"name": "Digits", "summary": "x" * 300, "card": "My **card**", "contact": "nobody"}
    typed |= {"stage": "production", "region": "eu-central", "data_class": "internal"}
    status, text = page(publisher, "/models/digits/edit/", typed)
    assert status == 422 and "x" * 300 in text and "My **card**" in text
    assert 'value="nobody"' in text and "form-errors" in text
    model.refresh_from_db()
    assert model.name != "Digits" or model.summary != "x" * 300


def test_the_second_of_two_editors_keeps_the_text_and_may_save_again(
    page, model, publisher, owner
):
    seen = model.changed_at.isoformat()
    services.edit(model, by=owner, summary="Changed by the owner")
    typed = {"name": "Digits", "summary": "Mine", "card": "Card", "stage": "production"}
    typed |= {"region": "eu-central", "data_class": "internal", "seen": seen}
    status, text = page(publisher, "/models/digits/edit/", typed)
    assert status == 422 and "Somebody else changed" in text and ">Mine<" in text.replace("\n", "")
    model.refresh_from_db()
    typed["seen"] = model.changed_at.isoformat()
    assert typed["seen"] in text.replace("&#x27;", "'")
    assert page(publisher, "/models/digits/edit/", typed)[0] == 302


def test_the_desk_shows_what_waits_and_what_is_missing(page, registry, draft, publisher, consumer):
    registry.register("fraud_score", signature=factories.SIGNATURE)
    registry.tag_model("fraud_score", "millwright.tenant", "vision")
    services.follow_registry()
    assert "fraud-score" in page(publisher, "/publish/")[1]
    text = page(publisher, "/publish/?show=draft")[1]
    assert 'href="/models/scores/publish/#id_amount">Price</a>' in text
    assert page(consumer, "/publish/")[0] == 403


def test_from_waiting_to_the_catalogue_by_pages(page, registry, publisher, consumer, client):
    registry.register("fraud_score", signature=factories.SIGNATURE)
    registry.tag_model("fraud_score", "millwright.tenant", "vision")
    services.follow_registry()
    base = "/models/fraud-score/"
    assert page(consumer, f"{base}claim/")[0] == 404
    assert page(publisher, f"{base}claim/", {"tenant": "claims"})[0] == 422
    assert page(publisher, f"{base}claim/", {"tenant": "vision"})[0] == 302
    listing = {"amount": "0.5", "per": "1000", "meter": "calls", "visibility": "everyone"}
    status, text = page(publisher, f"{base}publish/", listing)
    assert status == 422 and "It cannot be published yet" in text and 'value="0.5"' in text
    typed = {"name": "Fraud", "summary": "Scores", "card": "Card", "data_class": "internal"}
    typed |= {"stage": "staging", "region": "eu-central"}
    assert page(publisher, f"{base}edit/", typed)[0] == 302
    assert page(publisher, f"{base}publish/", listing)[0] == 302
    assert "fraud-score" in page(consumer, "/models/")[1]
    assert AIModel.objects.get().published_at
    assert page(publisher, f"{base}retire/", {"note": ""})[0] == 422
    assert page(publisher, f"{base}retire/", {"note": "Replaced"})[0] == 302
    assert page(publisher, f"{base}retire/", {"note": "Again"})[0] == 302
    assert page(consumer, "/models/")[1].count(">fraud-score</a>") == 0
    assert "by publisher: Replaced" in page(consumer, base)[1]
    assert page(consumer, f"{base}restore/", {})[0] == 403
    assert page(publisher, f"{base}restore/", {})[0] == 302
    assert AIModel.objects.get().status == "published"


def test_previews_show_what_users_will_see(page, draft, publisher, consumer):
    card = {"card": "# Hi\n\n<script>x</script>"}
    status, text = page(publisher, "/models/scores/edit/preview/", card)
    assert status == 200 and "<h3>Hi</h3>" in text and "<script>" not in text
    price = {"amount": "2", "per": "1", "meter": "calls"}
    assert "€2.00" in page(publisher, "/models/scores/publish/preview/", price)[1]
    assert "no price yet" in page(publisher, "/models/scores/publish/preview/", {"amount": "x"})[1]
    assert page(consumer, "/models/scores/edit/preview/", card)[0] == 404


def test_a_version_is_pinned_and_let_go(page, model, publisher, consumer):
    factories.version(model, 2)
    assert page(consumer, "/models/digits/versions/2/pin/", {})[0] == 403
    assert page(publisher, "/models/digits/versions/2/pin/", {})[0] == 302
    model.refresh_from_db()
    assert (model.followed_version, model.version_pinned) == (2, True)
    assert page(publisher, "/models/digits/versions/9/pin/", {})[0] == 302
    assert page(publisher, "/models/digits/versions/unpin/", {})[0] == 302
    model.refresh_from_db()
    assert model.version_pinned is False
    for path in ("versions/99999999999999999/", "versions/?a=1&b=77", "versions/3/"):
        assert page(publisher, f"/models/digits/{path}")[0] == 404


def test_publishers_and_operators_are_told_of_a_silent_registry(
    page, registry, model, publisher, operator, consumer
):
    services.follow_registry()
    registry.down = True
    services.follow_registry()
    for person in (publisher, operator):
        assert "registry does not answer" in page(person, "/publish/")[1]
    assert "registry does not answer" in page(publisher, "/models/digits/")[1]
    assert "registry does not answer" not in page(consumer, "/models/digits/")[1]


@pytest.mark.parametrize(
    ("amount", "per", "meter", "words"),
    [
        ("0.40", 1000, "predictions", ("€0.40", "per 1,000 predictions")),
        ("0.0000125", 1, "calls", ("€0.0000125", "per call")),
        ("1200", 1_000_000, "calls", ("€1,200.00", "per 1,000,000 calls")),
        ("0", 1000, "calls", ("Free", "")),
    ],
)
def test_a_price_is_told_with_its_unit(amount, per, meter, words):
    told = said(Price(amount=Decimal(amount), per=per, meter=meter, currency="EUR"))
    assert (told.amount, told.per) == words


def test_publishing_a_model_that_waits_for_its_tenant_begins_with_the_claim(
    client, publisher, consumer, operator, vision
):
    AIModel.objects.create(slug="new", registry_name="new", name="New", proposed_tenant="vision")
    for person in (publisher, operator):
        client.force_login(person)
        answer = client.get("/models/new/publish/")
        assert (answer.status_code, answer["Location"]) == (302, "/models/new/claim/")
        assert "Confirm whose the model is." in client.get("/models/new/claim/").content.decode()
    client.force_login(consumer)
    assert client.get("/models/new/publish/").status_code == 404


def test_who_retires_a_model_reads_what_becomes_of_access(page, publisher, consumer, model):
    told = page(publisher, "/models/digits/retire/")[1]
    assert "Access of other tenants pauses" in told and "refused at once" in told
    page(publisher, "/models/digits/retire/", {"note": "Old"})
    assert "Access of other tenants is paused" in page(consumer, "/models/digits/")[1]


def test_a_name_that_says_more_than_the_slug_stands_beside_it(client, consumer, vision):
    factories.model("digits", vision, name="Handwritten digits")
    factories.model("plates", vision)
    client.force_login(consumer)
    rows = client.get("/models/").content.decode()
    assert "Handwritten digits</bdi>" in rows and "Plates</bdi>" not in rows
    assert "Handwritten digits." in client.get("/models/digits/").content.decode()
