"""The sockets: who may listen, from where, and what they are told."""

import asyncio

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator

from portal.asgi import application
from tests.access.addresses import live_addresses
from tests.access.policy import PEOPLE, table
from tests.access.walking import MISSING, values_of

ADDRESSES = {address.path: address for address in live_addresses()}
ROWS = table("live")
PATIENCE = 3.0  # seconds in which a socket that closes has closed
HERE = b"http://127.0.0.1:8000"
CLOSED = {4401: "login", 4403: "hidden"}
ELSEWHERE = [
    None, b"null", b"http://127.0.0.1:9999", b"http://127.0.0.1", b"http://localhost:8000",
    b"http://127.0.0.1:8000.example.org", b"http://127.0.0.10:8000", b"https://evil.example",
    b"http://127.0.0.1:8000@evil.example", b"http://sub.localhost:8000", b"",
]  # fmt: skip


@pytest.fixture(autouse=True)
def one_connection(monkeypatch):
    """Sockets read inside our transaction, so they may not close its connection."""
    monkeypatch.setattr("channels.db.close_old_connections", lambda: None)


def test_every_socket_has_a_row_and_every_row_a_socket():
    assert set(ADDRESSES) == {row.path for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.path} {row.sample}")
def test_the_sockets_answer_as_the_policy_says(stage, row):
    place = ADDRESSES[row.path].at(values_of(stage, ADDRESSES[row.path], row.about, row.sample))
    found = listen(stage, PEOPLE, place)
    assert found == row.by_person()


@pytest.mark.parametrize("path", sorted(p for p, a in ADDRESSES.items() if a.names))
def test_what_does_not_exist_is_hidden(stage, path):
    found = listen(stage, PEOPLE, ADDRESSES[path].at(MISSING))
    assert found == {n: "login" if n == "anonymous" else "hidden" for n in PEOPLE}


@pytest.mark.parametrize("origin", ELSEWHERE)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.path} {row.sample}")
def test_other_origins_are_refused_before_anything_is_looked_at(stage, row, origin):
    place = ADDRESSES[row.path].at(values_of(stage, ADDRESSES[row.path], row.about, row.sample))
    assert listen(stage, ["consumer"], place, origin=origin) == {"consumer": "refused"}


def listen(stage, names, path: str, origin=HERE) -> dict[str, str]:
    """The word for what happens to a socket of each of these people, all open at once."""
    return dict(zip(names, async_to_sync(_all)(stage, names, path, origin), strict=True))


async def _all(stage, names, path, origin) -> list[str]:
    return await asyncio.gather(*(_listen(path, headers_of(stage, n, origin)) for n in names))


def headers_of(stage, name: str, origin) -> list[tuple[bytes, bytes]]:
    headers = [(b"host", b"127.0.0.1:8000")]
    if origin is not None:
        headers.append((b"origin", origin))
    if name in stage.cookies:
        headers.append((b"cookie", f"sessionid={stage.cookies[name]}".encode()))
    return headers


async def _listen(path, headers) -> str:
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers}
    socket = ApplicationCommunicator(application, scope | {"subprotocols": []})
    await socket.send_input({"type": "websocket.connect"})
    if (await socket.receive_output(timeout=30))["type"] != "websocket.accept":
        return "refused"
    try:
        heard = await socket.receive_output(timeout=PATIENCE)
    except TimeoutError:
        return "ok"  # nothing to say, and open
    if heard["type"] == "websocket.close":
        return CLOSED.get(heard["code"], f"closed-{heard['code']}")
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(timeout=10)
    return "ok"
