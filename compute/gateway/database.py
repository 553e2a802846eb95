"""The gateway's own connections: the application's role, one short transaction at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection, Error, OperationalError
from psycopg.rows import namedtuple_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from compute.gateway.config import POOL_SIZE

BEGIN = "BEGIN; SET LOCAL millwright.reach = '*'"
FAILURES = (Error, PoolTimeout, PoolClosed, OSError)


class Database:
    """A pool of connections. Every transaction reaches all tenants, as the gateway must."""

    def __init__(self, conninfo: str, patience: float):
        self._patience = patience
        self._pool = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=POOL_SIZE,
            open=False,
            timeout=patience,
            reconnect_timeout=5,
            kwargs={"autocommit": True, "row_factory": namedtuple_row},
        )

    async def open(self) -> None:
        """Begin to connect; does not wait, so that the process starts without its database."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=2)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at the end, undone by an exception. Raises `FAILURES`."""
        connection = await self._begun()
        try:
            async with connection:
                yield connection
        finally:
            await self._pool.putconn(connection)

    async def answers(self) -> bool:
        """Whether the database works now."""
        try:
            async with self.transaction() as connection:
                await connection.execute("SELECT 1")
        except FAILURES:
            return False
        return True

    async def _begun(self) -> AsyncConnection:
        """A connection in a fresh transaction; those that a restart has cut are thrown away."""
        for _ in range(POOL_SIZE + 2):
            connection = await self._pool.getconn(timeout=self._patience)
            try:
                await connection.execute(BEGIN)
            except OperationalError:
                await connection.close()
                await self._pool.putconn(connection)
            except BaseException:
                await self._pool.putconn(connection)
                raise
            else:
                return connection
        raise PoolTimeout("no connection works")
