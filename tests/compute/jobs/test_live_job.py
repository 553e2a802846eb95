"""The socket of a job: its state, how far its log goes, and the lines that a page asks for."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from compute.jobs import live, logs, tailing
from compute.jobs.broadcast import group_of
from compute.jobs.keeping import hints
from portal.core import tenancy
from tenants.directory import services as directory
from tenants.directory.models import Membership
from tests.compute.jobs.logbook import leading, pieces, running
from tests.sockets import listen


class Story:
    """A job that prints, and the hints that go with it."""

    def __init__(self, company):
        with tenancy.as_system():
            self.job, self.token = running(company.consumer, company.claims), leading()
            self.run = self.job.runs.get()
        self.count = 0

    async def say(self, *lines: str, hint: bool = True) -> None:
        await sync_to_async(self._store)(lines)
        if hint:
            await self.hint("log")

    async def hint(self, what: str) -> None:
        await get_channel_layer().group_send(
            group_of(self.job.pk), {"type": "moved", "what": what}
        )

    def _store(self, lines) -> None:
        first, self.count = self.count + 1, self.count + len(lines)
        logs.store(self.run, pieces(*lines, first=first), token=self.token)


@pytest.fixture(autouse=True)
def only_what_is_told(monkeypatch):
    """No look of a page's own comes in between, however slow the machine is."""
    monkeypatch.setattr(live, "LOOK_EVERY_S", 60)


@pytest.fixture
def story(company):
    return Story(company)


@pytest.fixture
def address(story):
    return f"/live/jobs/{story.job.pk}/"


def leave(company) -> None:
    """The consumer is of the team no more."""
    with tenancy.as_system():
        seat = Membership.objects.get(user=company.consumer)
        directory.unseat(seat, by=None)


async def state(socket) -> str:
    html = await socket.hear()
    assert html.lstrip().startswith("<"), html[:200]
    return html


async def message(socket) -> dict:
    return json.loads(await socket.hear())


async def tell(socket, text: str) -> None:
    await socket.wire.send_input({"type": "websocket.receive", "text": text})


async def ask(socket, after: int) -> dict:
    await socket.wire.send_input(
        {"type": "websocket.receive", "text": json.dumps({"after": after})}
    )
    return (await message(socket))["lines"]


async def test_a_page_hears_how_far_the_log_goes_and_asks_for_its_lines(story, address, company):
    socket = await listen(address, company.consumer)
    assert "job-steps" in await state(socket)
    await story.say("one", "<b>two</b>")
    assert await message(socket) == {"log": 2}
    lines = await ask(socket, 0)
    assert (lines["after"], lines["last"]) == (0, 2)
    assert 'id="L1"' in lines["html"] and "&lt;b&gt;two" in lines["html"]
    assert (await ask(socket, 1))["html"].count("log-line") == 1
    await socket.leave()


async def test_many_hints_of_a_moment_are_one_word(story, address, company):
    socket = await listen(address, company.consumer)
    await state(socket)
    await story.say(*map(str, range(40)), hint=False)
    for _ in range(40):
        await story.hint("log")
    assert await message(socket) == {"log": 40}
    assert await socket.silent()
    await socket.leave()


async def test_a_hundred_watchers_cost_one_look(story, address, company, monkeypatch):
    looks, read = [], tailing._read

    def counted(known):
        looks.append(known)
        return read(known)

    monkeypatch.setattr(tailing, "_read", counted)
    monkeypatch.setattr(tailing, "LOOK_EVERY_S", 60)
    sockets = [await listen(address, company.consumer) for _ in range(20)]
    for socket in sockets:
        await state(socket)
    await story.say("one")
    assert [await message(socket) for socket in sockets] == [{"log": 1}] * 20
    assert len(looks) == 1
    answers = [await ask(socket, 0) for socket in sockets]
    assert len({one["html"] for one in answers}) == 1 and len(looks) == 1
    for socket in sockets:
        await socket.leave()


async def test_a_lost_hint_costs_time_and_no_line(story, address, company, monkeypatch):
    monkeypatch.setattr(tailing, "LOOK_EVERY_S", 0.2)
    socket = await listen(address, company.consumer)
    await state(socket)
    await story.say("nobody was told", hint=False)
    assert await message(socket) == {"log": 1}
    await socket.leave()


async def test_who_comes_later_learns_what_there_is(story, address, company):
    await story.say("one", "two", "three")
    socket = await listen(address, company.consumer)
    await state(socket)
    assert await message(socket) == {"log": 3}
    assert (await ask(socket, 1))["html"].count("log-line") == 2
    await socket.leave()


async def test_a_page_that_is_far_behind_gets_the_newest(story, address, company):
    await story.say(*map(str, range(1200)))
    socket = await listen(address, company.consumer)
    await state(socket)
    await message(socket)
    lines = await ask(socket, 10)
    assert lines["last"] == 1200 and lines["after"] == 900
    near = await ask(socket, 1100)
    assert near["after"] == 1100 and near["html"].count("log-line") == 100
    await socket.leave()


def test_two_processes_show_the_same(story, address, company):
    """Two loops at once with a channel layer of their own each, as two web processes are."""
    both = threading.Barrier(2, timeout=30)

    async def watch(speaks: bool) -> str:
        socket = await listen(address, company.consumer)
        await state(socket)
        await asyncio.to_thread(both.wait)
        if speaks:
            await story.say("one", "two")
        assert await message(socket) == {"log": 2}
        lines = await ask(socket, 0)
        await socket.leave()
        return lines["html"]

    with ThreadPoolExecutor(2) as hands:
        first = hands.submit(asyncio.run, watch(True))
        second = hands.submit(asyncio.run, watch(False))
        assert first.result(60) == second.result(60) != ""


async def test_who_may_not_read_the_log_hears_the_state_only(story, address, company):
    socket = await listen(address, company.auditor)
    await state(socket)
    await story.say("secret")
    await tell(socket, '{"after": 0}')
    assert await socket.silent()
    await story.hint("job")
    assert await socket.silent() or "secret" not in await state(socket)
    await socket.leave()


async def test_who_left_the_team_gets_no_more_lines(story, address, company, monkeypatch):
    monkeypatch.setattr(live, "TRUSTED_S", 0)
    socket = await listen(address, company.consumer)
    await state(socket)
    await sync_to_async(leave)(company)
    await story.say("secret")
    await message(socket)
    await tell(socket, '{"after": 0}')
    assert await socket.silent()
    await story.hint("job")
    assert await socket.ended() == 4403


async def test_the_state_moves_without_a_hint_while_the_job_goes_on(
    story, address, company, monkeypatch
):
    monkeypatch.setattr(live, "LOOK_EVERY_S", 0.2)
    socket = await listen(address, company.consumer)
    assert ">Progress <" not in await state(socket)
    await story.say("millwright: progress 1840/3000 steps", hint=False)
    while (heard := await socket.hear()).startswith("{"):
        pass
    while ">Progress <" not in heard:
        heard = await socket.hear()
    assert "1,840 of 3,000 steps" in heard
    await socket.leave()


async def test_a_state_that_the_page_has_is_not_sent_again(story, address, company, monkeypatch):
    monkeypatch.setattr(live, "render_to_string", lambda *_: "<p>the same</p>")
    socket = await listen(address, company.consumer)
    await state(socket)
    await story.hint("job")
    assert await socket.silent()
    await socket.leave()


async def test_with_the_state_comes_how_far_the_log_is(story, address, company, monkeypatch):
    monkeypatch.setattr(tailing, "LOOK_EVERY_S", 60)
    socket = await listen(address, company.consumer)
    await state(socket)
    await story.say("nobody was told", hint=False)
    await story.hint("job")
    while (heard := await socket.hear()).startswith("<"):
        pass
    assert json.loads(heard) == {"log": 1}
    await socket.leave()


def test_progress_is_hinted_at_once_and_then_now_and_then():
    told = hints.Hints()
    told.told("ab")
    assert told._due(100.0) == {"a", "b"}
    told.told("a")
    assert told._due(101.0) == set()
    assert told._due(102.5) == {"a"} and told._due(110.0) == set()


def test_storing_lines_says_whether_they_told_of_progress(story):
    for n, (text, told) in enumerate((("one", False), ("millwright: progress 5%", True)), 1):
        batch = logs.Batch(story.run.pk, str(n - 1) if n > 1 else "", pieces(text, first=n))
        assert logs.store_all([batch], token=story.token)[story.run.pk].told is told


async def test_nonsense_is_not_answered(story, address, company):
    socket = await listen(address, company.consumer)
    await state(socket)
    for text in ("", "{", "[]", '{"after": -1}', '{"after": "1"}', '{"after": 1e999}', "[" * 5000):
        await tell(socket, text)
    assert await socket.silent()
    await story.say("one")
    assert await message(socket) == {"log": 1}
    await socket.leave()


async def test_a_stranger_is_told_nothing(story, address, company):
    socket = await listen(address, company.stranger)
    assert await socket.ended() == 4403


async def test_a_signed_out_person_is_asked_to_sign_in(story, address):
    socket = await listen(address)
    assert await socket.ended() == 4401
