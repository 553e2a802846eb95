"""Who may ask, for what, and how often."""

import pytest
from django.core.exceptions import PermissionDenied

from marketplace.access import services as access
from marketplace.access.lifecycle import RequestStatus
from marketplace.access.models import AccessRequest
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import Visibility
from portal.audit.models import Event
from portal.core import tenancy
from portal.core.errors import Conflict, Refused
from portal.core.lifecycle import ForbiddenMove
from portal.notices.models import Notice
from tenants.directory import services as directory
from tenants.directory.models import User
from tenants.directory.roles import TenantRole
from tests import factories
from tests.marketplace.access.stories import ASKED, ask, hold, let_pass


def test_a_consumer_asks_and_every_decider_is_told(
    model, consumer, claims, owner, second_owner, publisher
):
    request = ask(model, claims, consumer)
    told = Notice.objects.filter(href=request.get_absolute_url())
    assert {notice.person for notice in told} == {owner, second_owner}
    assert request.status == RequestStatus.OPEN
    assert request.provider == model.tenant


def test_asking_as_the_person_themselves_needs_no_more_reach_than_theirs(
    model, consumer, claims, owner
):
    with tenancy.acting_as(consumer):
        ask(model, claims, consumer)
    with tenancy.acting_as(owner):
        assert Notice.objects.visible_to(owner).count() == 1


def test_nobody_asks_for_a_tenant_they_are_not_in(model, stranger, claims):
    with pytest.raises(PermissionDenied):
        ask(model, claims, stranger)


@pytest.mark.parametrize("who", ["operator", "governor", "finance", "auditor"])
def test_a_platform_role_asks_for_nobody(who, model, claims, request):
    with pytest.raises(PermissionDenied):
        ask(model, claims, request.getfixturevalue(who))


def test_an_auditor_who_sits_in_the_tenant_still_only_reads(model, claims, auditor):
    directory.seat(auditor, claims, TenantRole.OWNER, by=None)
    with pytest.raises(PermissionDenied):
        ask(model, claims, User.objects.get(pk=auditor.pk))


def test_a_model_that_one_cannot_see_cannot_be_asked_for(vision, claims, consumer):
    hidden = factories.model("hidden", vision, visibility=Visibility.NOBODY)
    with pytest.raises(PermissionDenied):
        ask(hidden, claims, consumer)


@pytest.mark.parametrize("status", [ModelStatus.DRAFT, ModelStatus.RETIRED])
def test_only_published_models_are_asked_for(status, vision, claims, consumer):
    with pytest.raises((Refused, PermissionDenied)):
        ask(factories.model("other", vision, status=status), claims, consumer)


def test_the_owning_tenant_needs_no_request(model, owner, vision):
    with pytest.raises(Refused, match="owns this model") as refused:
        ask(model, vision, owner)
    assert refused.value.field == "tenant"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("environment", "moon"),
        ("purpose", " \n\0"),
        ("purpose", "x" * 2001),
        ("expected_calls_per_month", 0),
        ("expected_calls_per_month", 1_000_000_001),
        ("duration_days", 0),
        ("duration_days", 366),
    ],
)
def test_what_is_out_of_bounds_is_refused_at_its_field(field, value, model, claims, consumer):
    with pytest.raises(Refused) as refused:
        ask(model, claims, consumer, **{field: value})
    assert (refused.value.field, refused.value.http_status) == (field, 422)
    assert not AccessRequest.objects.exists()


def test_the_bounds_themselves_are_allowed(model, claims, consumer):
    ask(model, claims, consumer, duration_days=365, expected_calls_per_month=1_000_000_000)
    ask(
        model, claims, consumer, environment="staging", duration_days=1, expected_calls_per_month=1
    )


def test_a_second_open_request_for_the_same_leads_to_the_first(model, claims, consumer):
    first = ask(model, claims, consumer)
    with pytest.raises(Conflict) as told:
        ask(model, claims, consumer)
    assert told.value.row == first


def test_another_environment_or_tenant_is_another_request(
    model, claims, consumer, retail, stranger
):
    ask(model, claims, consumer)
    ask(model, claims, consumer, environment="staging")
    ask(model, retail, stranger)
    assert AccessRequest.objects.open().count() == 3


def test_what_is_held_is_renewed_instead(model, claims, consumer, owner):
    grant = hold(model, claims, consumer, owner)
    with pytest.raises(Conflict, match="already holds this until"):
        ask(model, claims, consumer)
    assert ask(model, claims, consumer, renews=grant).renews_id == grant.pk


def test_what_has_run_out_is_asked_for_again_before_the_sweep_has_come(
    model, claims, consumer, owner
):
    old = let_pass(hold(model, claims, consumer, owner), 91)
    new = access.approve(ask(model, claims, consumer), by=owner, digest=None)
    old.refresh_from_db()
    assert (old.status, new.in_force) == ("ended", True)


def test_a_renewal_is_of_the_same_thing(model, claims, consumer, owner):
    grant = hold(model, claims, consumer, owner)
    with pytest.raises(Refused, match="something else"):
        ask(model, claims, consumer, environment="staging", renews=grant)


def test_who_asked_and_owners_of_their_tenant_withdraw(model, claims, consumer, owner, stranger):
    lead = directory.enrol("lead", by=None, email="lead@example.org")
    directory.seat(lead, claims, TenantRole.OWNER, by=None)
    for person in (consumer, User.objects.get(pk=lead.pk)):
        request = ask(model, claims, consumer)
        assert AccessRequest.objects.withdrawable_by(person).get() == request
        assert access.withdraw(request, by=person).status == RequestStatus.WITHDRAWN
    request = ask(model, claims, consumer)
    for person in (stranger, owner):
        assert not AccessRequest.objects.withdrawable_by(person).exists()
        with pytest.raises(PermissionDenied):
            access.withdraw(request, by=person)


def test_what_was_withdrawn_stays_so(model, claims, consumer, owner):
    request = ask(model, claims, consumer)
    access.withdraw(request, by=consumer)
    with pytest.raises(ForbiddenMove):
        access.approve(request, by=owner, digest=None)


def test_the_trail_says_who_asked_and_what_for(model, claims, consumer):
    request = ask(model, claims, consumer)
    event = Event.objects.about(request).get()
    assert (event.verb, event.actor) == ("asked", "consumer")
    assert event.facts["note"] == ASKED["purpose"]


def test_operators_learn_of_a_request_that_nobody_can_decide(model, claims, consumer, operator):
    ask(model, claims, consumer)
    assert Notice.objects.get(person=operator).title.startswith("Nobody can decide")
