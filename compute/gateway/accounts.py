"""The life of a reservation: opened before the call, and ended even when things go wrong."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from django.utils import timezone

from compute.gateway import figures, ledger
from compute.gateway.admission import Admitted, admit, look_again
from compute.gateway.config import Config
from compute.gateway.database import FAILURES, Database
from compute.gateway.ledger import LARGEST, Ending, Reservation
from compute.gateway.refusals import Refusal, unavailable
from compute.gateway.routes import Wanted
from compute.gateway.trail import deny
from tenants.chargeback.settlement import nano_for
from tenants.keys.format import Parts

PAUSES = (0, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 30, 30, 60, 60, 60, 120, 120)
log = structlog.get_logger("gateway")


@dataclass(frozen=True)
class Wish:
    """What a caller asks for: which model, where, with how many rows, over which protocol."""

    call: UUID
    parts: Parts
    model: Wanted
    environment: str | None
    protocol: str
    rows: int
    address: str = field(default="", repr=False)


class Accounts:
    """Reserves and ends calls. Work that must not be lost lives in `open` until it is done."""

    def __init__(self, database: Database, config: Config):
        self._database, self._config = database, config
        self.open: set[asyncio.Task] = set()

    async def admit(self, wish: Wish) -> Admitted:
        """Who calls what, without a reservation: for questions that cost nothing."""
        return await self._in_time(self._admitted(wish))

    async def reserve(self, wish: Wish) -> Reservation:
        """An admitted call whose reservation is committed. Raises `Refusal`."""
        return await self._in_time(self._reserved(wish), wish.call)

    async def look_again(self, admitted: Admitted) -> Admitted:
        """Where the call would go now; as it was known while the database is silent."""
        try:
            async with self._database.transaction() as connection:
                return await look_again(connection, admitted)
        except FAILURES:
            return admitted

    def keep(self, work: Coroutine) -> asyncio.Task:
        """Run `work` to its end, whatever becomes of the request that began it."""
        task = asyncio.create_task(work)
        self.open.add(task)
        task.add_done_callback(self.open.discard)
        return task

    def end(self, ending: Ending) -> asyncio.Task:
        """End a reservation; tried again until the database has taken it."""
        return self.keep(self._ended(ending))

    async def _in_time(self, work: Coroutine, call: UUID | None = None):
        """Do not wait longer than the caller should; what is found out too late is voided."""
        task = self.keep(work)
        done, _ = await asyncio.wait({task}, timeout=self._config.database_patience)
        if done:
            return task.result()
        task.add_done_callback(lambda late: self._abandon(late, call))
        raise unavailable()

    def _abandon(self, late: asyncio.Task, call: UUID | None) -> None:
        failed = not late.cancelled() and late.exception()
        if call and not failed and not late.cancelled():
            self.end(Ending(call, "voided"))

    async def _admitted(self, wish: Wish) -> Admitted:
        try:
            async with self._database.transaction() as connection:
                return await self._judge(connection, wish)
        except FAILURES as failure:
            raise _silent(failure) from failure
        except Refusal as refusal:
            await self._remember(refusal, wish)
            raise

    async def _reserved(self, wish: Wish) -> Reservation:
        written = False
        try:
            async with self._database.transaction() as connection:
                admitted = await self._judge(connection, wish)
                reservation = self._reservation(wish, admitted)
                written = True
                await ledger.reserve(connection, reservation)
        except FAILURES as failure:
            if written:  # it may have been committed all the same
                self.end(Ending(wish.call, "voided"))
            raise _silent(failure) from failure
        except Refusal as refusal:
            await self._remember(refusal, wish)
            raise
        figures.UNDER_WAY.inc()
        return reservation

    async def _judge(self, connection, wish: Wish) -> Admitted:
        peppers = self._config.peppers
        return await admit(connection, wish.parts, wish.model, wish.environment, peppers)

    def _reservation(self, wish: Wish, admitted: Admitted) -> Reservation:
        quantity = quantity_of(admitted, wish.rows)
        reserved = nano_for(admitted.amount, admitted.per, quantity)
        if reserved > LARGEST:
            raise unavailable("The price of this model is too large to be charged.", 60)
        now = timezone.now()
        return Reservation(wish.call, admitted, wish.protocol, now, wish.rows, reserved)

    async def _remember(self, refusal: Refusal, wish: Wish) -> None:
        """A denial stands in the trail before it is told; without the trail there is no answer."""
        if refusal.denial is None:
            return
        try:
            async with self._database.transaction() as connection:
                facts = {"why": refusal.detail, "call": wish.call, "address": wish.address}
                key = self._config.audit_key
                await deny(connection, refusal.denial, audit_key=key, **facts)
        except FAILURES as failure:
            raise _silent(failure) from failure

    async def _ended(self, ending: Ending) -> bool:
        for pause in PAUSES:
            await asyncio.sleep(pause)
            try:
                async with self._database.transaction() as connection:
                    moved = await ledger.end(connection, ending)
            except FAILURES as failure:
                log.warning("not ended yet", call=str(ending.id), why=type(failure).__name__)
                continue
            if moved:
                figures.UNDER_WAY.dec()
                figures.ENDINGS.labels(ending.ended_as).inc()
            return moved
        log.error("left to the sweep", call=str(ending.id), ended_as=ending.ended_as)
        return False


def quantity_of(admitted: Admitted, rows: int) -> int:
    """How much of the price's meter `rows` predictions in one call are."""
    return 1 if admitted.meter == "calls" else rows


def _silent(failure: BaseException) -> Refusal:
    log.error("database", why=type(failure).__name__)
    return unavailable()
