"""Two hands on the same thing at once, in transactions of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from marketplace.access import services as access
from marketplace.access.models import AccessRequest, Grant
from marketplace.catalog.models import AIModelGroupPermission
from portal.core import tenancy
from portal.core.errors import Conflict
from portal.core.lifecycle import Overtaken
from portal.core.permissions import holds
from tests.marketplace.access.stories import ask, hold


def at_once(*acts):
    """What each of `acts` returned or raised; all begin at the same moment."""
    start = Barrier(len(acts))

    def run(act):
        start.wait()
        try:
            with tenancy.as_system():
                return act()
        except (Overtaken, Conflict) as lost:
            return lost
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def fresh(pk) -> AccessRequest:
    with tenancy.as_system():
        return AccessRequest.objects.to_show().get(pk=pk)


@pytest.mark.parametrize("verbs", [("approve", "approve"), ("approve", "deny"), ("deny", "deny")])
def test_of_two_deciders_exactly_one_decides(verbs, committed):
    world = committed
    with tenancy.as_system():
        pk = ask(world.model, world.claims, world.consumer).pk
    views = [fresh(pk), fresh(pk)]
    people = [world.owner, world.second_owner]

    def decide(view, by, verb):
        more = {} if verb == "approve" else {"note": "no"}
        return lambda: getattr(access, verb)(view, by=by, digest=access.digest_of(view), **more)

    found = at_once(*(decide(*job) for job in zip(views, people, verbs, strict=True)))
    assert sum(isinstance(one, Overtaken) for one in found) == 1
    with tenancy.as_system():
        decided = AccessRequest.objects.get(pk=pk)
        assert Grant.objects.count() == (1 if decided.status == "approved" else 0)


def test_of_two_that_ask_for_the_same_exactly_one_has_asked(committed):
    world = committed

    def submit():
        return ask(world.model, world.claims, world.consumer)

    found = at_once(submit, submit, submit)
    assert sum(isinstance(one, Conflict) for one in found) == 2
    assert all(one.row is not None for one in found if isinstance(one, Conflict))


def test_the_permission_stays_when_one_grant_ends_while_another_is_given(committed):
    world = committed
    with tenancy.as_system():
        old = hold(world.model, world.claims, world.consumer, world.owner)
        new = ask(world.model, world.claims, world.consumer, environment="staging")
    at_once(
        lambda: access.revoke(old, by=world.owner, note="Done"),
        lambda: access.approve(new, by=world.second_owner, digest=None),
    )
    with tenancy.as_system():
        assert Grant.objects.in_force().get().environment == "staging"
        assert holds(world.consumer, "use_aimodel", world.model, AIModelGroupPermission)
        assert access.compare_index() == []


def test_two_sweeps_end_a_grant_once(committed):
    world = committed
    with tenancy.as_system():
        grant = hold(world.model, world.claims, world.consumer, world.owner)
        Grant.objects.filter(pk=grant.pk).update(ends_at=grant.starts_at)
    assert sorted(at_once(access.end_overdue, access.end_overdue)) == [0, 1]
