"""Hints reach pages after a commit, each once, and nobody waits for them."""

import asyncio

import pytest
from channels.layers import get_channel_layer
from django.db import connections, transaction

from portal.web import hints
from portal.web.hints import Teller

WITHIN = 5.0


def heard(group: str, act) -> list[str]:
    """What a page in this group is told after `act`, until nothing comes any more."""

    async def listen() -> list[str]:
        layer, found = get_channel_layer(), []
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        await asyncio.to_thread(act)
        patience = WITHIN
        while True:
            try:
                message = await asyncio.wait_for(layer.receive(channel), patience)
            except TimeoutError:
                return found
            found.append(message["what"])
            patience = 0.3

    return asyncio.run(listen())


def test_what_is_said_often_at_once_is_told_once():
    teller = Teller()
    said = [("room.1", "lamp"), ("room.1", "door"), ("room.1", "lamp"), ("room.2", "lamp")]
    assert heard("room.1", lambda: teller.say(said)) == ["lamp", "door"]
    teller.stop()


def test_what_waits_is_told_before_the_end():
    teller = Teller()

    def last_words():
        teller.say([("room.3", "lamp")])
        teller.stop()

    assert heard("room.3", last_words) == ["lamp"]
    assert not teller._thread.is_alive()


@pytest.fixture
def stored(django_db_setup, django_db_blocker):
    """Transactions of this test really end; it writes no row."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()


def test_a_hint_waits_for_the_commit_and_goes_with_what_is_undone(stored):
    def act():
        try:
            with transaction.atomic():
                hints.moved(["room.4"], "undone")
                raise LookupError
        except LookupError:
            pass
        with transaction.atomic():
            hints.moved(["room.4"], "done")
        hints.moved([], "nobody")
        connections.close_all()

    assert heard("room.4", act) == ["done"]


def test_a_channel_layer_that_fails_is_told_of_and_changes_nothing(monkeypatch, caplog):
    class Broken:
        async def group_send(self, group, message):
            raise ConnectionError("nobody is there")

    monkeypatch.setattr(hints, "get_channel_layer", Broken)
    asyncio.run(hints._send([("room.5", "lamp")]))
    assert "1 hints were lost: nobody is there" in caplog.text
