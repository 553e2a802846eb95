"""The pages of access: what they show, keep and refuse."""

import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.access import services as access
from marketplace.access.models import AccessRequest, Grant
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Meter
from tests import factories
from tests.marketplace.access.stories import ASKED, ask, hold, let_pass

TYPED = {"tenant": "claims"} | ASKED


@pytest.fixture
def page(client):
    def signed_in(user):
        client.force_login(user)
        return client

    return signed_in


def test_the_form_says_who_decides_and_what_it_may_cost(page, model, consumer, owner):
    url = reverse("access:ask", args=[model.slug])
    text = page(consumer).get(url).content.decode()
    assert "owner" in text
    assert "has not decided a request yet" in text
    estimate = reverse("access:estimate", args=[model.slug])
    shown = page(consumer).get(estimate, {"expected_calls_per_month": "40000"})
    assert "€16.00" in shown.content.decode()


@pytest.mark.parametrize("typed", ["", "-1", "1e9", "9" * 400, "²"])
def test_the_estimate_of_nonsense_is_unknown(typed, page, model, consumer):
    url = reverse("access:estimate", args=[model.slug])
    answer = page(consumer).get(url, {"expected_calls_per_month": typed})
    assert answer.status_code == 200
    assert "–" in answer.content.decode()


def test_asking_leads_to_the_request(page, model, consumer):
    answer = page(consumer).post(reverse("access:ask", args=[model.slug]), TYPED)
    assert answer.url == AccessRequest.objects.get().get_absolute_url()
    assert page(consumer).get(answer.url).status_code == 200


def test_what_was_typed_stays_when_it_is_refused(page, model, claims, consumer):
    ask(model, claims, consumer)
    url = reverse("access:ask", args=[model.slug])
    answer = page(consumer).post(url, TYPED | {"purpose": "A purpose of many words"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "A purpose of many words" in text
    link = f'<a href="{AccessRequest.objects.get().get_absolute_url()}">Open it</a>'
    assert link in text and "Follow it: /" not in text


def test_nobody_asks_for_a_team_of_others(page, model, claims, stranger):
    answer = page(stranger).post(reverse("access:ask", args=[model.slug]), TYPED)
    assert answer.status_code == 422
    assert not AccessRequest.objects.exists()


@pytest.mark.parametrize(
    "verb", ["request", "approve", "deny", "withdraw", "grant", "revoke", "extend"]
)
def test_a_foreign_row_and_no_row_are_one_answer(
    verb, page, model, claims, consumer, owner, stranger
):
    grant = hold(model, claims, consumer, owner)
    real = {"grant", "revoke", "extend"} & {verb} and grant.pk or grant.request_id
    client = page(stranger)
    send = client.get if verb in ("request", "grant") else client.post
    foreign, missing = (send(reverse(f"access:{verb}", args=[pk])) for pk in (real, uuid.uuid4()))
    assert (foreign.status_code, missing.status_code) == (404, 404)


def test_my_access_shows_what_is_held_waited_for_and_over(
    page, model, vision, claims, consumer, owner
):
    other = factories.model("faces", vision)
    hold(model, claims, consumer, owner)
    ask(other, claims, consumer)
    url = reverse("access:mine")
    held, waiting = (
        page(consumer).get(url, {"show": s}).content.decode() for s in ("", "waiting")
    )
    assert ("Digits" in held, "Faces" in held) == (True, False)
    assert ("Digits" in waiting, "Faces" in waiting) == (False, True)
    let_pass(Grant.objects.get(), 91)
    assert "Digits" in page(consumer).get(url, {"show": "ended"}).content.decode()


@pytest.mark.parametrize("show", ["held", "waiting", "decided", "ended", "nonsense"])
def test_an_empty_page_says_what_would_be_here(show, page, consumer):
    answer = page(consumer).get(reverse("access:mine"), {"show": show})
    assert answer.status_code == 200
    assert 'class="empty"' in answer.content.decode()


def test_filters_that_match_nothing_say_so(page, model, claims, consumer, owner):
    hold(model, claims, consumer, owner)
    text = page(consumer).get(reverse("access:mine"), {"q": "zzz"}).content.decode()
    assert "Nothing matches" in text


def test_the_queue_shows_only_what_waits_for_me(page, model, claims, consumer, owner, publisher):
    ask(model, claims, consumer)
    url = reverse("access:queue")
    assert "€16.00" in page(owner).get(url).content.decode()
    for person in (publisher, consumer):
        assert "Nothing waits for you" in page(person).get(url).content.decode()


def test_an_owner_approves_from_the_queue_and_comes_back_to_it(
    page, model, claims, consumer, owner
):
    request = ask(model, claims, consumer)
    typed = {"digest": access.digest_of(request), "days": 30, "note": "Fine", "next": "/queue/"}
    answer = page(owner).post(reverse("access:approve", args=[request.pk]), typed)
    assert answer.url == "/queue/"
    assert Grant.objects.get().request_id == request.pk


@pytest.mark.parametrize("where", ["queue", "request"])
def test_a_page_that_has_gone_stale_is_shown_anew_with_what_was_typed(
    where, page, model, vision, claims, consumer, owner, finance
):
    request = ask(model, claims, consumer)
    typed = {"digest": access.digest_of(request), "note": "My careful reason", "page": where}
    chargeback.set_price(
        tenant=vision, model_id=model.pk, model_slug=model.slug, meter=Meter.PREDICTIONS,
        amount=Decimal("0.90"), per=1000, currency="EUR", by=finance,
    )  # fmt: skip
    url = reverse("access:approve", args=[request.pk])
    answer = page(owner).post(url, typed)
    text = answer.content.decode()
    assert answer.status_code == 412
    assert "My careful reason" in text
    assert "has changed" in text
    assert access.digest_of(request) in text
    assert page(owner).post(url, typed | {"digest": access.digest_of(request)}).status_code == 302


def test_a_denial_without_a_reason_says_so(page, model, claims, consumer, owner):
    request = ask(model, claims, consumer)
    answer = page(owner).post(reverse("access:deny", args=[request.pk]), {"page": "queue"})
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()


def test_the_second_decider_is_told_that_somebody_was_faster(
    page, model, claims, consumer, owner, second_owner
):
    request = ask(model, claims, consumer)
    access.approve(request, by=owner, digest=None)
    url = reverse("access:deny", args=[request.pk])
    answer = page(second_owner).post(url, {"note": "no"}, follow=True)
    assert "Somebody was faster" in answer.content.decode()


def test_many_are_decided_at_once_each_with_its_result(
    page, model, vision, claims, consumer, owner
):
    one, two = ask(model, claims, consumer), ask(factories.model("o", vision), claims, consumer)
    picks = [f"{one.pk}:{access.digest_of(one)}", f"{two.pk}:stale"]
    answer = page(owner).post(reverse("access:decide_many"), {"verb": "approve", "pick": picks})
    text = answer.content.decode()
    assert "Approved until" in text
    assert "has changed" in text
    assert AccessRequest.objects.open().get() == two


def test_reloading_the_answer_of_a_bulk_decides_nothing(page, model, claims, consumer, owner):
    ask(model, claims, consumer)
    assert page(owner).get(reverse("access:decide_many")).url == reverse("access:queue")
    assert AccessRequest.objects.open().exists()


def test_after_a_decision_the_queue_goes_on_with_the_next(page, model, claims, consumer, owner):
    first = ask(model, claims, consumer)
    ask(model, claims, consumer, environment="staging")
    text = page(owner).get(reverse("access:queue"), {"request": first.pk, "q": "digits"})
    assert 'name="next" value="/queue/?q=digits"' in text.content.decode()


def test_a_bulk_of_nonsense_changes_nothing(page, model, claims, consumer, owner, stranger):
    request = ask(model, claims, consumer)
    for person, picks in ((owner, ["x", ":", ""]), (stranger, [f"{request.pk}:"])):
        page(person).post(reverse("access:decide_many"), {"verb": "approve", "pick": picks})
    assert AccessRequest.objects.open().exists()


def test_a_decision_leads_nowhere_outside(page, model, claims, consumer, owner):
    request = ask(model, claims, consumer)
    typed = {"next": "https://evil.example/", "note": "x"}
    answer = page(owner).post(reverse("access:deny", args=[request.pk]), typed)
    assert answer.url == request.get_absolute_url()


def test_the_model_page_says_what_my_team_holds(page, model, claims, consumer, owner, operator):
    url = reverse("access:on_model", args=[model.slug])
    assert "Ask for access" in page(consumer).get(url).content.decode()
    hold(model, claims, consumer, owner)
    assert "Production" in page(consumer).get(url).content.decode()
    assert "Ask for access" not in page(operator).get(url).content.decode()


def test_the_holder_asks_for_more_time_with_what_was_said_before(
    page, model, claims, consumer, owner
):
    grant = hold(model, claims, consumer, owner)
    url = reverse("access:ask", args=[model.slug]) + f"?renews={grant.pk}"
    assert ASKED["purpose"] in page(consumer).get(url).content.decode()
    page(consumer).post(url, TYPED)
    assert AccessRequest.objects.open().get().renews_id == grant.pk


@pytest.mark.parametrize("renews", ["x", str(uuid.UUID(int=1))])
def test_a_renewal_of_nothing_does_not_exist(renews, page, model, consumer):
    url = reverse("access:ask", args=[model.slug]) + f"?renews={renews}"
    assert page(consumer).get(url).status_code == 404


def test_an_owner_extends_and_revokes_on_the_page_of_the_grant(
    page, model, claims, consumer, owner
):
    grant = hold(model, claims, consumer, owner)
    text = page(owner).get(grant.get_absolute_url()).content.decode()
    assert "Revoke the access" in text
    page(owner).post(reverse("access:extend", args=[grant.pk]), {"days": "30"})
    page(owner).post(reverse("access:revoke", args=[grant.pk]), {"reason": "Done"})
    grant.refresh_from_db()
    assert (grant.status, grant.ended_reason) == ("revoked", "Done")


@pytest.mark.parametrize("name", ["mine", "queue"])
def test_a_longer_page_asks_no_more_questions(name, page, vision, claims, consumer, owner):
    counts = []
    for number in range(3):
        ask(factories.model(f"m{number}", vision), claims, consumer)
        hold(factories.model(f"h{number}", vision), claims, consumer, owner)
        client = page({"mine": consumer, "queue": owner}[name])
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse(f"access:{name}")).status_code == 200
        counts.append(len(asked))
    # The first grant of a team is the one that the panel of the queue lists more of.
    assert counts[1] == counts[2] <= 45


def test_the_page_of_a_request_stands_in_the_queue_for_its_deciders(
    page, model, claims, consumer, owner
):
    asked = ask(model, claims, consumer)
    queue, mine = reverse("access:queue"), reverse("access:mine")
    for person, place in ((owner, queue), (consumer, mine)):
        text = page(person).get(asked.get_absolute_url()).content.decode()
        assert f'class="nav-link" href="{place}" aria-current="page"' in text


def test_the_price_is_told_as_everywhere(page, model, consumer):
    text = page(consumer).get(reverse("access:ask", args=[model.slug])).content.decode()
    assert "€0.40 per 1,000 predictions" in text


def test_the_queue_comes_back_from_a_page_that_was_decided_empty(
    page, model, claims, consumer, owner
):
    ask(model, claims, consumer)
    answer = page(owner).get(reverse("access:queue"), {"page": 7})
    assert answer.status_code == 200
    text = page(owner).get(reverse("access:queue")).content.decode()
    assert 'name="next" value="/queue/"' in text


@pytest.mark.parametrize(("was", "here", "fills"), [
    ("0-", "/queue/", True), ("0-", "/access/requests/x/deny/", False), ("1-x", "/queue/", False),
])  # fmt: skip
def test_an_empty_queue_fills_itself(was, here, fills, page, model, claims, consumer, owner):
    ask(model, claims, consumer)
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{here}"}
    answer = page(owner).get(reverse("access:news"), {"seen": was}, headers=headers)
    assert (answer.headers.get("HX-Refresh") == "true") is fills
    assert ("The queue has changed" in answer.content.decode()) is not fills


def test_revoking_twice_says_since_when(page, model, claims, consumer, owner):
    url = reverse("access:revoke", args=[hold(model, claims, consumer, owner).pk])
    for _ in range(2):
        answer = page(owner).post(url, {"reason": "Done"}, follow=True)
    text = answer.content.decode()
    assert "is revoked already, since" in text and "Somebody was faster" not in text
