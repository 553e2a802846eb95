"""The live page of a request: seen by who may see it, for as long as they may."""

import time
from datetime import UTC, datetime

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from marketplace.access import services as access
from marketplace.access.live import RequestLive
from marketplace.access.models import Grant
from portal.core import tenancy
from tenants.directory import services as directory
from tenants.directory.models import User
from tests.marketplace.access.stories import ask
from tests.sockets import listen


def system(act):
    """Run `act` as the platform, committed, from a test that is a coroutine."""

    def run():
        with tenancy.as_system():
            return act()

    return sync_to_async(run)()


@pytest.fixture
def request_(committed):
    with tenancy.as_system():
        return ask(committed.model, committed.claims, committed.consumer)


async def test_who_waits_sees_the_decision_arrive(committed, request_):
    socket = await listen(f"/live/requests/{request_.pk}/", committed.consumer)
    assert "Waits for a decision" in await socket.hear()
    await system(lambda: access.approve(request_, by=committed.owner, digest=None, note="Fine"))
    text = await socket.hear()
    assert "Approved" in text and "Fine" in text
    assert 'id="request-do"' in text
    await socket.leave()


async def test_a_live_page_is_in_the_zone_of_who_listens(committed, request_):
    late = datetime(2099, 2, 23, 23, 30, tzinfo=UTC)

    def decide():
        grant = access.approve(request_, by=committed.owner, digest=None)
        Grant.objects.filter(pk=grant.pk).update(ends_at=late)
        User.objects.filter(pk=committed.consumer.pk).update(time_zone="Europe/Berlin")

    await system(decide)
    socket = await listen(f"/live/requests/{request_.pk}/", committed.consumer)
    assert 'title="23 Feb 2099, 23:30:00 UTC">24 Feb 2099</time>' in await socket.hear()
    await socket.leave()


async def test_a_stranger_and_a_missing_request_are_closed_alike(committed, request_):
    for pk in (request_.pk, committed.model.pk):
        socket = await listen(f"/live/requests/{pk}/", committed.stranger)
        assert await socket.ended() == 4403


async def test_nobody_listens_without_signing_in(committed, request_):
    socket = await listen(f"/live/requests/{request_.pk}/")
    assert await socket.ended() == 4401


async def test_a_page_of_another_site_is_refused(committed, request_):
    path = f"/live/requests/{request_.pk}/"
    assert await listen(path, committed.consumer, origin=b"https://evil.example") is None


async def test_the_socket_ends_when_the_person_leaves_the_team(committed, request_, monkeypatch):
    monkeypatch.setattr(RequestLive, "recheck", 0.05)
    socket = await listen(f"/live/requests/{request_.pk}/", committed.consumer)
    seat = await system(lambda: committed.consumer.memberships.select_related("tenant").get())
    await system(lambda: directory.unseat(seat, by=None))
    assert await socket.ended() == 4403


async def test_the_socket_ends_when_the_account_is_closed(committed, request_, monkeypatch):
    monkeypatch.setattr(RequestLive, "recheck", 0.05)
    socket = await listen(f"/live/requests/{request_.pk}/", committed.consumer)
    await system(lambda: directory.set_active(committed.consumer, False, by=None))
    assert await socket.ended() == 4403


async def test_the_socket_ends_when_nothing_was_done_for_too_long(committed, monkeypatch):
    monkeypatch.setattr("portal.notices.live.Me.recheck", 0.05)
    socket = await listen("/live/me/", committed.consumer)

    def leave_alone():
        session = SessionStore(Session.objects.get().session_key)
        session["seen"] = session["began"] = int(time.time()) - settings.SESSION_IDLE_AGE - 1
        session.save()

    await system(leave_alone)
    assert await socket.ended() == 4401


async def test_my_pages_hear_that_something_is_mine_to_decide(committed):
    socket = await listen("/live/me/", committed.owner)
    await system(lambda: ask(committed.model, committed.claims, committed.consumer))
    heard = {await socket.moved() for _ in range(2)}
    assert heard == {"notices", "queue"}
    await socket.leave()


async def test_my_pages_hear_nothing_of_others(committed):
    socket = await listen("/live/me/", committed.stranger)
    await system(lambda: ask(committed.model, committed.claims, committed.consumer))
    assert await socket.silent()
    await socket.leave()


async def test_signing_out_ends_my_socket(committed, monkeypatch):
    monkeypatch.setattr("portal.notices.live.Me.recheck", 0.05)
    socket = await listen("/live/me/", committed.consumer)
    await system(lambda: committed.consumer.set_unusable_password() or committed.consumer.save())
    assert await socket.ended() == 4401
