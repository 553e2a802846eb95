"""One call: admit, reserve, forward, meter, settle."""

import asyncio
import re
import time
from dataclasses import dataclass
from uuid import UUID

import structlog

from compute.gateway import figures
from compute.gateway.accounts import Accounts, Wish, quantity_of
from compute.gateway.admission import ENVIRONMENTS, Admitted, not_ready, presented
from compute.gateway.config import Config
from compute.gateway.ledger import Ending, Reservation
from compute.gateway.messages import Reply, Request
from compute.gateway.protocols.base import message_of
from compute.gateway.refusals import Refusal, unavailable
from compute.gateway.routes import Route
from compute.gateway.upstream import Answer, Unreached, Upstream
from compute.gateway.waiting import WaitingRoom
from tenants.chargeback.settlement import nano_for

USAGE = re.compile(r"(?:^|[,;\s])predictions=(\d{1,9})(?:$|[,;\s])")
SOON = 5  # seconds until it makes sense to try again
OURS_TO_SOLVE = {401, 403, 404, 405}  # between the gateway and a worker, no fault of the caller
log = structlog.get_logger("gateway")


@dataclass
class Clock:
    """Readings of `time.perf_counter` for one request; `upstream` is seconds spent waiting."""

    started: float
    upstream: float = 0.0

    def milliseconds(self) -> float:
        """Since the request came."""
        return (time.perf_counter() - self.started) * 1000

    def overhead(self) -> float:
        """Milliseconds that were ours."""
        return max(0.0, self.milliseconds() - self.upstream * 1000)


class Calls:
    """Carries requests to models and answers back."""

    def __init__(self, accounts: Accounts, upstream: Upstream, config: Config):
        self._accounts, self._upstream, self._config = accounts, upstream, config
        self.waiting = WaitingRoom(accounts, config.start_patience)

    async def predict(self, request: Request, route: Route, call: UUID, clock: Clock) -> Reply:
        """A prediction: reserved before it is forwarded, ended whatever happens then."""
        parts = presented(request.headers.get("authorization", ""))
        environment = _environment(request)
        request.check(self._config.body_limit)
        body = await request.body(self._config.body_limit, self._config.body_patience)
        rows = route.protocol.rows(body)
        name = route.protocol.name
        wish = Wish(call, parts, route.model, environment, name, rows, request.address)
        reservation = await self._accounts.reserve(wish)
        work = self._accounts.keep(self._carry(reservation, route, body, clock))
        # The caller may go away; the call is carried on to its end.
        return await asyncio.shield(work)

    async def ask(self, request: Request, route: Route, call: UUID, clock: Clock) -> Reply:
        """A question that costs nothing: metadata, readiness, ping, version."""
        parts = presented(request.headers.get("authorization", ""))
        environment, name = _environment(request), route.protocol.name
        wish = Wish(call, parts, route.model, environment, name, 0, request.address)
        admitted = await self._accounts.admit(wish)
        if admitted.state != "ready":
            raise unavailable(not_ready(admitted), SOON)
        path = route.protocol.path(f"ep-{admitted.endpoint_id}", route.verb)
        asked = time.perf_counter()
        try:
            answer = await self._upstream.ask(admitted, "GET", path, str(call))
        except Unreached as unreached:
            if route.verb in {"ready", "ping"}:
                raise unavailable(unreached.detail, SOON) from unreached
            raise Refusal(unreached.code, unreached.detail) from unreached
        clock.upstream = time.perf_counter() - asked
        if answer.status != 200:
            raise unavailable("The model does not answer now. Try again soon.", SOON)
        body = route.protocol.renamed(answer.body, admitted.model_slug)
        return Reply(200, body, _version(admitted), answer.content_type)

    async def _carry(
        self, reservation: Reservation, route: Route, body: bytes, clock: Clock
    ) -> Reply:
        admitted = reservation.admitted
        path = route.protocol.path(f"ep-{admitted.endpoint_id}", route.verb)
        asked = time.perf_counter()

        async def ask(place: Admitted) -> Answer:
            return await self._upstream.ask(place, "POST", path, str(reservation.id), body)

        try:
            answer = await self.waiting.reached(admitted, ask)
        except Unreached as unreached:
            clock.upstream = time.perf_counter() - asked
            self._accounts.end(_void(reservation, unreached.code, clock))
            pause = SOON if unreached.code == 503 else None
            raise Refusal(unreached.code, unreached.detail, retry_after=pause) from unreached
        except BaseException:
            self._accounts.end(_void(reservation, 500, clock))
            raise
        clock.upstream = answer.done - asked
        if 200 <= answer.status < 300:
            return self._delivered(reservation, route, answer, clock)
        return self._failed(reservation, route, answer, clock)

    def _delivered(
        self, reservation: Reservation, route: Route, answer: Answer, clock: Clock
    ) -> Reply:
        admitted = reservation.admitted
        reply = Reply(
            answer.status,
            route.protocol.renamed(answer.body, admitted.model_slug),
            _version(admitted),
            answer.content_type,
        )
        ending = _paid(reservation, answer, clock)
        self._accounts.end(ending)
        figures.OVERHEAD.observe(clock.overhead() / 1000)
        return reply

    def _failed(
        self, reservation: Reservation, route: Route, answer: Answer, clock: Clock
    ) -> Reply:
        status, detail, pause = _translated(answer)
        self._accounts.end(_void(reservation, status, clock))
        headers = _version(reservation.admitted)
        if pause:
            headers.append((b"retry-after", pause.encode()))
        return Reply(status, route.protocol.error(status, detail), headers)


def _paid(reservation: Reservation, answer: Answer, clock: Clock) -> Ending:
    """Settled on what the worker measured; without a measure, estimated as it was reserved."""
    admitted = reservation.admitted
    measured = USAGE.search(answer.usage)
    rows = int(measured[1]) if measured else reservation.rows
    quantity = quantity_of(admitted, rows)
    exact = measured is not None or admitted.meter == "calls"
    return Ending(
        reservation.id,
        "settled" if exact else "estimated",
        bill=reservation.bill,
        amount_nano=nano_for(admitted.amount, admitted.per, quantity),
        meter=admitted.meter,
        quantity=quantity,
        http_status=answer.status,
        latency_ms=round(clock.milliseconds(), 3),
        ttfb_ms=round((answer.first_byte - clock.started) * 1000, 3),
        overhead_ms=round(clock.overhead(), 3),
        quantities={"calls": 1, "predictions": rows},
    )


def _void(reservation: Reservation, status: int, clock: Clock) -> Ending:
    return Ending(
        reservation.id,
        "voided",
        meter=reservation.admitted.meter,
        http_status=status,
        latency_ms=round(clock.milliseconds(), 3),
        overhead_ms=round(clock.overhead(), 3),
    )


def _translated(answer: Answer) -> tuple[int, str, str]:
    """What a worker's refusal means to the caller: status, words, seconds to wait."""
    if answer.status == 503:
        said = message_of(answer.body, "The model is busy. Try again soon.")
        return 503, said, answer.retry_after or "1"
    if answer.status == 504:
        return 504, message_of(answer.body, "The model did not answer in time."), ""
    if 400 <= answer.status < 500 and answer.status not in OURS_TO_SOLVE:
        said = message_of(answer.body, "The model cannot read this request.")
        return answer.status, said, answer.retry_after
    if answer.status >= 500:
        return 502, message_of(answer.body, "The model failed on this request."), ""
    return 502, "The model gave an answer that the gateway does not understand.", ""


def _version(admitted: Admitted) -> list[tuple[bytes, bytes]]:
    return [(b"x-model-version", str(admitted.version).encode())]


def _environment(request: Request) -> str | None:
    wished = request.headers.get("x-millwright-environment", "").strip().lower()
    if wished and wished not in ENVIRONMENTS:
        raise Refusal(400, f"x-millwright-environment is one of {', '.join(ENVIRONMENTS)}.")
    return wished or None
