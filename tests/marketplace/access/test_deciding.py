"""Who decides, on what, and what follows."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from marketplace.access import services as access
from marketplace.access.lifecycle import GrantStatus, RequestStatus
from marketplace.access.models import AccessRequest, Grant
from marketplace.catalog.models import AIModel, AIModelGroupPermission
from portal.audit.models import Event
from portal.core import tenancy
from portal.core.errors import Conflict, Outdated, Refused
from portal.core.lifecycle import Overtaken
from portal.core.permissions import holds
from portal.notices.models import Notice
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Meter
from tenants.directory import services as directory
from tenants.directory.models import User
from tenants.directory.roles import TenantRole
from tests import factories
from tests.marketplace.access.stories import ask, days_left


def seated(person, tenant, role):
    directory.seat(person, tenant, role, by=None)
    return User.objects.get(pk=person.pk)


def test_approving_lets_the_whole_team_call_the_model(model, claims, consumer, owner):
    request = ask(model, claims, consumer)
    grant = access.approve(request, by=owner, digest=access.digest_of(request), note="Fine")
    assert (grant.tenant, grant.in_force, days_left(grant)) == (claims, True, 90)
    assert holds(consumer, "use_aimodel", model, AIModelGroupPermission)
    request.refresh_from_db()
    assert (request.status, request.decided_by, request.reason) == ("approved", owner, "Fine")
    assert request.granted_days == 90


def test_who_asked_is_told_the_decision(model, claims, consumer, owner):
    access.deny(ask(model, claims, consumer), by=owner, digest=None, note="Ask for staging first")
    notice = Notice.objects.get(person=consumer)
    assert notice.tone == "bad"
    assert notice.body == "Ask for staging first"
    with tenancy.acting_as(consumer):
        assert Notice.objects.visible_to(consumer).exists()


def test_an_owner_decides_with_nothing_but_their_own_reach(model, claims, consumer, owner):
    request = ask(model, claims, consumer)
    with tenancy.acting_as(owner):
        mine = AccessRequest.objects.decidable_by(owner).to_show().get(pk=request.pk)
        access.approve(mine, by=owner, digest=access.preview(mine).digest)
    assert Grant.objects.in_force().filter(tenant=claims).exists()


def test_nobody_approves_their_own_request(model, claims, owner):
    both = seated(owner, claims, TenantRole.CONSUMER)
    request = ask(model, claims, both)
    with pytest.raises(PermissionDenied, match="what they asked for"):
        access.approve(request, by=both, digest=None)
    assert not Grant.objects.exists()


def test_nobody_decides_for_a_tenant_they_act_for(model, claims, consumer, owner, second_owner):
    both = seated(owner, claims, TenantRole.CONSUMER)
    request = ask(model, claims, consumer)
    assert list(access.deciders_of(request)) == [second_owner]
    with pytest.raises(PermissionDenied, match="Another owner"):
        access.approve(request, by=both, digest=None)


@pytest.mark.parametrize(
    "who", ["publisher", "stranger", "operator", "governor", "finance", "auditor", "consumer"]
)
def test_only_owners_of_the_model_decide(who, model, claims, consumer, request):
    asked = ask(model, claims, consumer)
    person = request.getfixturevalue(who)
    for decide in (access.approve, access.deny):
        with pytest.raises(PermissionDenied):
            decide(asked, by=person, digest=None, note="no")
    asked.refresh_from_db()
    assert asked.status == RequestStatus.OPEN


def test_the_queue_and_the_list_of_deciders_are_one_rule(
    world, model, claims, consumer, owner, second_owner, publisher, stranger, operator, auditor
):
    seated(second_owner, claims, TenantRole.PUBLISHER)
    seated(auditor, world["vision"], TenantRole.OWNER)
    head = directory.enrol("head", by=None, email="head@example.org")
    seated(head, world["vision"].parent, TenantRole.OWNER)
    request = ask(model, claims, consumer)
    deciders = set(access.deciders_of(request))
    for person in User.objects.all():
        listed = AccessRequest.objects.decidable_by(person).filter(pk=request.pk).exists()
        assert listed == (person in deciders), person
    assert deciders == {owner}


def test_what_was_shown_must_be_what_is_there(model, vision, claims, consumer, owner, finance):
    request = ask(model, claims, consumer)
    shown = access.digest_of(request)
    chargeback.set_price(
        tenant=vision, model_id=model.pk, model_slug=model.slug, meter=Meter.PREDICTIONS,
        amount=Decimal("0.80"), per=1000, currency="EUR", by=finance,
    )  # fmt: skip
    with pytest.raises(Outdated) as changed:
        access.approve(request, by=owner, digest=shown)
    assert changed.value.http_status == 412
    assert access.preview(request).changed_since_asked
    access.approve(request, by=owner, digest=access.digest_of(request))


@pytest.mark.parametrize(
    ("field", "value"),
    [("followed_version", 2), ("data_class", "restricted"), ("region", "us-east")],
)
def test_every_fact_that_is_shown_is_in_the_digest(field, value, model, claims, consumer):
    request = ask(model, claims, consumer)
    before = access.digest_of(request)
    setattr(request.model, field, value)
    assert access.digest_of(request) != before


def test_the_second_of_two_deciders_is_overtaken(model, claims, consumer, owner, second_owner):
    request = ask(model, claims, consumer)
    stale = AccessRequest.objects.get(pk=request.pk)
    access.approve(request, by=owner, digest=None)
    with pytest.raises(Overtaken):
        access.deny(stale, by=second_owner, digest=None, note="no")
    assert Grant.objects.get().status == GrantStatus.ACTIVE


def test_a_decider_gives_fewer_days_never_more(model, claims, consumer, owner):
    request = ask(model, claims, consumer)
    for days in (0, 91, -1):
        with pytest.raises(Refused) as refused:
            access.approve(request, by=owner, digest=None, days=days)
        assert refused.value.field == "days"
    assert days_left(access.approve(request, by=owner, digest=None, days=30)) == 30


def test_a_no_says_why(model, claims, consumer, owner):
    with pytest.raises(Refused, match="Say why"):
        access.deny(ask(model, claims, consumer), by=owner, digest=None, note=" ")


def test_a_model_that_was_withdrawn_from_the_catalogue_is_not_granted(
    model, claims, consumer, owner
):
    request = ask(model, claims, consumer)
    AIModel.objects.filter(pk=model.pk).update(status="retired")
    with pytest.raises(Conflict, match="no longer published"):
        access.approve(request, by=owner, digest=None)
    assert not Grant.objects.exists()


def test_of_many_decisions_one_that_fails_undoes_no_other(model, vision, claims, consumer, owner):
    first = ask(model, claims, consumer)
    second = ask(factories.model("other", vision), claims, consumer)
    found = access.decide_many([(first, "stale"), (second, None)], by=owner, verb="approve")
    assert [(outcome.id, outcome.status) for outcome in found] == [
        (str(first.pk), 412),
        (str(second.pk), 200),
    ]
    first.refresh_from_db()
    assert first.status == RequestStatus.OPEN


def test_the_trail_names_the_decider_the_digest_and_the_grant(model, claims, consumer, owner):
    request = ask(model, claims, consumer)
    grant = access.approve(request, by=owner, digest=None, days=30, note="A first term")
    event = Event.objects.about(request).get(verb="approved")
    assert (event.actor, event.facts["note"]) == ("owner", "A first term")
    assert event.facts["facts"]["digest"] == request.decided_digest
    assert Event.objects.about(grant).get().verb == "granted"


def test_the_usual_wait_is_told_without_showing_whose_it_was(
    model, vision, claims, consumer, owner, stranger
):
    assert access.usual_wait(vision) is None
    access.approve(ask(model, claims, consumer), by=owner, digest=None)
    with tenancy.acting_as(stranger):
        assert access.usual_wait(vision).decisions == 1
        assert not AccessRequest.objects.exists()
