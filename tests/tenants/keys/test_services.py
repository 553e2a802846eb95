"""Rules of keys: who holds one, for how long, with what reach."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from portal.audit.models import Event
from portal.core import events, tenancy
from portal.core.errors import Conflict, Refused
from portal.vault.services import digest
from tenants.directory import services as directory
from tenants.directory.roles import TenantRole
from tenants.keys import format
from tenants.keys import services as keys
from tenants.keys.models import ApiKey
from tests import factories


def issue(tenant, by, **more):
    facts = {"name": "nightly batch", "scopes": ["predict"]} | more
    return keys.issue(tenant, by=by, **facts)


@pytest.fixture
def key(consumer, claims):
    return issue(claims, consumer)[0]


def test_a_key_is_kept_as_a_digest_of_its_secret(consumer, claims):
    key, text = issue(claims, consumer)
    parts = format.parse(text)
    assert key.public_id == parts.public_id
    assert bytes(key.digest) == digest(parts.secret, pepper=key.pepper)
    assert key.in_force and key.holder_stands


def test_nobody_issues_keys_for_a_tenant_they_are_not_in(consumer, vision):
    with pytest.raises(PermissionDenied):
        issue(vision, consumer)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "n" * 81}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["predict", "admin"]}, "scopes"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 91}, "expires_in_days"),
        ({"model_slugs": ["no-such-model"]}, "models"),
        ({"model_slugs": [f"m{n}" for n in range(51)]}, "models"),
    ],
)
def test_a_wrong_wish_names_its_field(consumer, claims, wrong, field):
    with pytest.raises(Refused) as refused:
        issue(claims, consumer, **wrong)
    assert refused.value.field == field


def test_owners_may_choose_a_year(owner, vision):
    key, _ = issue(vision, owner, expires_in_days=365)
    assert key.expires_at > timezone.now() + timedelta(days=364)
    with pytest.raises(Refused):
        issue(vision, owner, expires_in_days=366)


def test_a_key_is_limited_to_models_its_holder_may_see(consumer, claims, model, vision):
    hidden = factories.model("secret-sauce", vision, visibility="nobody")
    key, _ = issue(claims, consumer, model_slugs=[model.slug, model.slug])
    assert key.model_slugs == ["digits"]
    with pytest.raises(Refused):
        issue(claims, consumer, model_slugs=[hidden.slug])


def test_the_staff_of_the_platform_holds_keys_of_the_platform(auditor, vision):
    platform = factories.tenant("platform")
    key, _ = issue(platform, auditor, scopes=["api"])
    assert key.holder_stands
    assert ApiKey.objects.visible_to(auditor).contains(key)
    with pytest.raises(Refused):
        issue(platform, auditor, scopes=["predict"])
    with pytest.raises(PermissionDenied):
        issue(vision, auditor, scopes=["api"])


@pytest.mark.parametrize("overlap", [0, 1, 3600, 7 * 24 * 3600])
def test_the_old_key_works_for_the_overlap_and_no_longer(consumer, key, overlap):
    before = timezone.now()
    fresh, text = keys.rotate(key, by=consumer, overlap_seconds=overlap)
    after = timezone.now()
    old = ApiKey.objects.get(pk=key.pk)
    span = timedelta(seconds=overlap)
    assert before + span <= old.expires_at <= after + span
    assert old.in_force == (overlap > 0)
    assert fresh.in_force and fresh.public_id == format.parse(text).public_id
    assert fresh.rotated_from_id == old.pk


def test_the_overlap_ends_on_the_instant(key):
    now = timezone.now()
    for shift, works in ((-1, False), (60, True)):
        ApiKey.objects.filter(pk=key.pk).update(expires_at=now + timedelta(seconds=shift))
        assert ApiKey.objects.get(pk=key.pk).in_force is works
        assert ApiKey.objects.in_force().filter(pk=key.pk).exists() is works


def test_a_rotation_keeps_the_reach_and_the_span(consumer, claims, model):
    old, _ = issue(claims, consumer, model_slugs=["digits"], expires_in_days=10)
    fresh, _ = keys.rotate(old, by=consumer, overlap_seconds=60)
    assert (fresh.name, fresh.scopes, fresh.model_slugs) == (old.name, old.scopes, ["digits"])
    assert abs(fresh.expires_at - timezone.now() - timedelta(days=10)) < timedelta(minutes=1)


def test_a_rotation_never_lengthens_the_old_key(consumer, key):
    soon = timezone.now() + timedelta(minutes=5)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=soon)
    keys.rotate(key, by=consumer, overlap_seconds=3600)
    assert ApiKey.objects.get(pk=key.pk).expires_at == soon


def test_a_key_is_rotated_once(consumer, key):
    keys.rotate(key, by=consumer, overlap_seconds=3600)
    with pytest.raises(Conflict):
        keys.rotate(key, by=consumer, overlap_seconds=3600)


@pytest.mark.parametrize("overlap", [-1, 7 * 24 * 3600 + 1])
def test_an_overlap_beyond_its_bounds_is_refused(consumer, key, overlap):
    with pytest.raises(Refused):
        keys.rotate(key, by=consumer, overlap_seconds=overlap)


def test_an_owner_cannot_rotate_what_somebody_else_holds(owner, publisher, vision):
    key, _ = issue(vision, publisher)
    with pytest.raises(PermissionDenied):
        keys.rotate(key, by=owner, overlap_seconds=0)


def test_a_dead_key_is_not_rotated(consumer, key):
    keys.revoke(key, by=consumer)
    with pytest.raises(Conflict):
        keys.rotate(key, by=consumer, overlap_seconds=0)


def test_revoking_ends_a_key_at_once_and_for_good(consumer, key):
    keys.revoke(key, by=consumer, note="left in a notebook")
    assert not ApiKey.objects.get(pk=key.pk).in_force
    with pytest.raises(Conflict, match="revoked already"):
        keys.revoke(key, by=consumer)


@pytest.mark.parametrize("name", ["operator", "governor"])
def test_who_watches_over_keys_may_revoke_them(request, key, name):
    keys.revoke(key, by=request.getfixturevalue(name))
    assert not key.in_force


@pytest.mark.parametrize("name", ["stranger", "owner", "auditor", "finance"])
def test_others_may_not(request, key, name):
    with pytest.raises(PermissionDenied):
        keys.revoke(key, by=request.getfixturevalue(name))


def test_an_owner_revokes_any_key_of_the_tenant(owner, publisher, vision):
    key, _ = issue(vision, publisher)
    keys.revoke(key, by=owner)
    assert not key.in_force


def test_the_gateway_hears_of_every_change(consumer, claims, django_capture_on_commit_callbacks):
    heard = []

    def hear(sender, public_id, **kwargs):
        heard.append(public_id)

    events.key_changed.connect(hear)
    with django_capture_on_commit_callbacks(execute=True):
        key, _ = issue(claims, consumer)
        fresh, _ = keys.rotate(key, by=consumer, overlap_seconds=60)
        keys.revoke(fresh, by=consumer)
    events.key_changed.disconnect(hear)
    assert heard == [key.public_id, key.public_id, fresh.public_id, fresh.public_id]


def test_every_verb_is_in_the_trail(consumer, key):
    fresh, _ = keys.rotate(key, by=consumer, overlap_seconds=0)
    keys.revoke(fresh, by=consumer)
    verbs = [event.verb for event in Event.objects.about(fresh).newest_first()]
    assert verbs == ["revoked", "rotated"]


def test_a_demoted_holder_holds_nothing(consumer, claims, key):
    directory.unseat(consumer.memberships.get(tenant=claims), by=None)
    assert not ApiKey.objects.get(pk=key.pk).holder_stands


def test_a_closed_account_holds_nothing(consumer, key):
    directory.set_active(consumer, False, by=None)
    assert not ApiKey.objects.get(pk=key.pk).holder_stands


def test_people_see_their_keys_and_owners_those_of_the_tenant(claims, consumer, stranger, key):
    lead = directory.enrol("lead", by=None, email="lead@example.org")
    directory.seat(lead, claims, TenantRole.OWNER, by=None)
    mate = directory.enrol("mate", by=None, email="mate@example.org")
    directory.seat(mate, claims, TenantRole.CONSUMER, by=None)
    assert key in ApiKey.objects.visible_to(consumer)
    assert key in ApiKey.objects.visible_to(lead)
    assert key not in ApiKey.objects.visible_to(mate)
    assert key not in ApiKey.objects.visible_to(stranger)


def test_without_the_filter_the_database_still_hides_foreign_keys(stranger, key):
    with tenancy.acting_as(stranger):
        assert not ApiKey.objects.exists()
        assert not ApiKey.objects.filter(pk=key.pk).update(name="mine now")
