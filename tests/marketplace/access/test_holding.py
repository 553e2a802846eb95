"""What is held, for how long, and how it ends."""

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from marketplace.access import services as access
from marketplace.access.lifecycle import GrantStatus
from marketplace.access.models import AccessRequest, Grant
from marketplace.catalog.models import AIModel, AIModelGroupPermission
from portal.audit.models import Event
from portal.core import events, permissions, tenancy
from portal.core.errors import Conflict, Refused
from portal.core.permissions import holds
from portal.notices.models import Notice
from tests import factories
from tests.marketplace.access.stories import ask, days_left, hold, let_pass


@pytest.fixture
def grant(model, claims, consumer, owner):
    return hold(model, claims, consumer, owner)


def usable(person, model) -> bool:
    return holds(person, "use_aimodel", model, AIModelGroupPermission)


def test_a_grant_ends_by_itself(grant, consumer, model, django_capture_on_commit_callbacks):
    heard = []
    events.grant_ended.connect(lambda sender, grant_id, **kw: heard.append(grant_id), weak=False)
    let_pass(grant, 91)
    with django_capture_on_commit_callbacks(execute=True):
        assert access.end_overdue() == 1
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ENDED
    assert heard == [str(grant.pk)]
    assert not usable(consumer, model)
    assert Notice.objects.filter(person=consumer, title__endswith="ended").count() == 1
    assert access.end_overdue() == 0


def test_nothing_ends_before_its_time(grant):
    assert access.end_overdue() == 0
    grant.refresh_from_db()
    assert grant.in_force


def test_the_model_stays_usable_while_another_environment_is_held(
    grant, model, claims, consumer, owner
):
    hold(model, claims, consumer, owner, environment="staging")
    let_pass(grant, 91)
    access.end_overdue()
    assert usable(consumer, model)


def test_holders_are_warned_once_a_week_before(grant, consumer):
    let_pass(grant, 82)
    assert access.warn() == 0
    let_pass(grant, 2)
    assert (access.warn(), access.warn()) == (1, 0)
    assert Notice.objects.filter(person=consumer, tone="warn").count() == 1


def test_a_renewal_that_is_approved_makes_the_same_grant_longer(
    grant, model, claims, consumer, owner
):
    let_pass(grant, 80)
    request = access.renew(grant, by=consumer, days=30)
    assert isinstance(request, AccessRequest)
    assert request.purpose == "Read amounts on scanned claims"
    longer = access.approve(request, by=owner, digest=None)
    assert (longer.pk, days_left(longer), longer.warned_at) == (grant.pk, 40, None)


def test_a_renewal_of_what_has_ended_opens_a_new_grant(grant, consumer, owner):
    let_pass(grant, 91)
    access.end_overdue()
    grant.refresh_from_db()
    new = access.approve(access.renew(grant, by=consumer), by=owner, digest=None)
    assert new.pk != grant.pk
    assert days_left(new) == 90


def test_an_owner_of_the_model_extends_at_once(grant, owner, consumer):
    longer = access.renew(grant, by=owner, days=10)
    assert (longer.pk, days_left(longer)) == (grant.pk, 100)
    assert Event.objects.about(grant).newest_first()[0].verb == "extended"
    assert Notice.objects.filter(person=consumer, title__contains="extended").exists()


def test_nobody_else_extends(grant, consumer, stranger, governor):
    for person in (consumer, stranger, governor):
        with pytest.raises(PermissionDenied):
            access.extend(grant, by=person, days=10)
    with pytest.raises(PermissionDenied):
        access.renew(grant, by=stranger, days=10)


@pytest.mark.parametrize("days", [0, 366, -5])
def test_an_extension_has_bounds(days, grant, owner):
    with pytest.raises(Refused):
        access.extend(grant, by=owner, days=days)


def test_what_has_ended_is_not_extended(grant, owner, consumer):
    let_pass(grant, 91)
    with pytest.raises(Conflict):
        access.extend(grant, by=owner, days=10)


@pytest.mark.parametrize("who", ["owner", "governor"])
def test_who_answers_for_a_grant_revokes_it(who, grant, model, consumer, request):
    person = request.getfixturevalue(who)
    access.revoke(grant, by=person, note="The purpose has changed")
    assert (grant.status, grant.in_force) == (GrantStatus.REVOKED, False)
    assert grant.ends_at <= timezone.now()
    assert not usable(consumer, model)
    assert Notice.objects.get(person=consumer, tone="bad").body == "The purpose has changed"


@pytest.mark.parametrize("who", ["consumer", "stranger", "publisher", "operator", "auditor"])
def test_nobody_else_revokes(who, grant, request):
    person = request.getfixturevalue(who)
    assert not Grant.objects.revocable_by(person).exists()
    with pytest.raises(PermissionDenied):
        access.revoke(grant, by=person, note="x")


def test_a_revocation_says_why(grant, owner):
    with pytest.raises(Refused, match="Say why"):
        access.revoke(grant, by=owner, note="  ")


def test_the_owning_tenant_holds_what_it_publishes_without_end(model, vision, publisher):
    given = access.give_standing(model)
    assert {grant.environment for grant in given} == {"development", "staging", "production"}
    assert all(grant.is_standing for grant in given)
    assert usable(publisher, model)
    assert access.give_standing(model) == []


def test_an_unpublished_model_gives_its_owner_nothing(vision):
    assert access.give_standing(factories.model("draft", vision, status="draft")) == []


def test_a_standing_grant_is_not_revoked(model, owner, governor):
    standing = access.give_standing(model)[0]
    for person in (owner, governor):
        with pytest.raises(Refused, match="holds its own model"):
            access.revoke(standing, by=person, note="x")


def test_the_sweep_gives_what_a_lost_message_did_not(model, vision):
    assert access.follow_models() == 3
    assert access.follow_models() == 0


def test_a_retired_model_pauses_its_grants_and_turns_its_requests_down(
    grant, model, claims, consumer
):
    access.give_standing(model)
    waiting = ask(model, claims, consumer, environment="staging")
    AIModel.objects.filter(pk=model.pk).update(status="retired")
    access.follow_models()
    assert Grant.objects.get(status=GrantStatus.ACTIVE) == grant
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("denied", "The model was retired.")
    assert Notice.objects.filter(person=consumer, title="digits was retired").count() == 1
    assert access.follow_models() == 0


def test_a_model_that_is_back_brings_its_grants_back(grant, model, consumer):
    for status in ("retired", "published"):
        AIModel.objects.filter(pk=model.pk).update(status=status)
        access.follow_models()
    grant.refresh_from_db()
    assert (grant.in_force, grant.paused_at) == (True, None)
    assert Notice.objects.filter(person=consumer, title="digits is published again").exists()


def test_publishing_gives_the_owner_its_grants(model, vision, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        events.tell(events.model_published, model_id=str(model.pk))
    assert Grant.objects.in_force().filter(tenant=vision).count() == 3


def test_the_index_is_compared_and_told_but_not_repaired(grant, model, claims, retail, stranger):
    assert access.compare_index() == []
    permissions.disallow(claims.group("consumer"), "use_aimodel", model)
    permissions.allow(retail.group("owner"), "use_aimodel", model)
    assert sorted(access.compare_index()) == [
        "digits: claims consumer missing",
        "digits: retail owner without a grant",
    ]
    assert Event.objects.filter(verb="index differs").count() == 2
    assert len(access.compare_index()) == 2


def test_a_stranger_in_the_database_itself_finds_no_foreign_row(
    grant, model, claims, consumer, stranger
):
    ask(model, claims, consumer, environment="staging")
    with tenancy.acting_as(stranger):
        for table in (AccessRequest, Grant, Notice):
            assert not table._base_manager.exists(), table
            assert table._base_manager.update(told_at=None) == 0 if table is Notice else True
    with tenancy.acting_as(stranger):
        assert Grant._base_manager.filter(pk=grant.pk).update(ended_reason="x") == 0
