"""Forwarding to a model worker: one pooled client, bounded answers, errors in plain words."""

import time
from dataclasses import dataclass, field

import aiohttp

from compute.gateway.admission import Admitted
from compute.gateway.config import ANSWER_LIMIT, CONNECT_PATIENCE
from portal.vault import cipher

IDLE = 15.0  # seconds; less than any worker keeps an idle connection
CONNECTIONS = 256


@dataclass
class Unreached(Exception):
    """No whole answer came. `code` is the status the caller gets, `detail` says why."""

    code: int
    detail: str


class Absent(Unreached):
    """Nobody listens there: the call has not reached the model, so it may be made again."""


@dataclass(frozen=True)
class Answer:
    """What a worker said. `first_byte` and `done` are readings of `time.perf_counter`."""

    status: int
    body: bytes = field(repr=False)
    content_type: str
    usage: str
    version: str
    retry_after: str
    first_byte: float
    done: float


class Upstream:
    """All model workers, over one pool of connections."""

    def __init__(self, timeout: float, vault_keys: dict[str, bytes]):
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_PATIENCE)
        self._keys = vault_keys
        self._tokens: dict = {}
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        connector = aiohttp.TCPConnector(
            limit=CONNECTIONS, limit_per_host=64, keepalive_timeout=IDLE, ttl_dns_cache=30
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "millwright-gateway"},
        )

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def ask(
        self, admitted: Admitted, method: str, path: str, call: str, body=None
    ) -> Answer:
        """The worker's whole answer. Raises `Unreached` when there is none (502, 503, 504)."""
        headers = {"Authorization": f"Bearer {self._token(admitted)}", "x-request-id": call}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = f"{admitted.address}{path}"
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                first = time.perf_counter()
                return _answer(response, await _read(response), first)
        except TimeoutError as late:
            raise Unreached(504, "The model did not answer in time.") from late
        except aiohttp.ClientConnectorError as absent:
            raise Absent(502, "The model cannot be reached now. Try again soon.") from absent
        except (aiohttp.ClientError, OSError) as cut:
            raise Unreached(502, "The model broke off its answer. Try again.") from cut

    def _token(self, admitted: Admitted) -> str:
        """The worker's token; opened once for each sealed value."""
        known = self._tokens.get(admitted.endpoint_id)
        if known and known[0] == admitted.token:
            return known[1]
        place = f"compute.endpoint:{admitted.endpoint_id}|token"
        try:
            opened = cipher.unseal(admitted.token, keys=self._keys, place=place).decode()
        except cipher.Unreadable as wrong:
            raise Unreached(502, "The gateway cannot sign in to the model.") from wrong
        self._tokens[admitted.endpoint_id] = (admitted.token, opened)
        return opened


async def _read(response: aiohttp.ClientResponse) -> bytes:
    if response.content_length is not None and response.content_length <= ANSWER_LIMIT:
        return await response.read()
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > ANSWER_LIMIT:
            raise Unreached(502, f"The model's answer is larger than {ANSWER_LIMIT >> 20} MB.")
        parts.append(part)
    return b"".join(parts)


def _answer(response: aiohttp.ClientResponse, body: bytes, first: float) -> Answer:
    heard = response.headers
    return Answer(
        status=response.status,
        body=body,
        content_type=heard.get("Content-Type", "application/json"),
        usage=heard.get("x-model-usage", ""),
        version=heard.get("x-model-version", ""),
        retry_after=heard.get("Retry-After", ""),
        first_byte=first,
        done=time.perf_counter(),
    )
