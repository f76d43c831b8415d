"""The service's own database: a pool that survives the server's restarts, and transactions."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any

import asyncpg
import orjson
import structlog
from asyncpg.pool import PoolConnectionProxy

from backbone import migrate
from backbone.errors import Unavailable

log = structlog.get_logger()

_after_commit: ContextVar[set[str] | None] = ContextVar("after_commit", default=None)

Transaction = PoolConnectionProxy
Row = asyncpg.Record

# what asyncpg raises on a connection whose server went away, is restarting or was killed under a query
BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)
# and while connecting
AWAY = (*BROKEN, OSError, TimeoutError, asyncpg.TooManyConnectionsError)


def _encode(value: object) -> str:
    return orjson.dumps(value).decode()


async def _prepare(connection: Any) -> None:
    for name in ("jsonb", "json"):
        await connection.set_type_codec(name, encoder=_encode, decoder=orjson.loads, schema="pg_catalog")


async def _leave_as_it_is(_: Any) -> None:
    """Nothing outlives a transaction on a pooled connection, so that resetting it would be a round trip for nothing."""


class Database:
    """A pool of connections to one database. `migrations` is the package whose `migrations/` folder it runs."""

    def __init__(self, url: str, *, migrations: str, min_size: int = 1, max_size: int = 10) -> None:
        self._url = url
        self._migrations = migrations
        self._sizes = (min_size, max_size)
        self._pool: asyncpg.Pool | None = None
        self._bells: dict[str, asyncio.Event] = {}

    @property
    def name(self) -> str:
        return "database"

    @property
    def url(self) -> str:
        """For those who need a connection of their own (`LISTEN`, advisory locks)."""
        return self._url

    async def start(self) -> None:
        """Migrate, then open the pool; waits as long as the server is away."""
        if self._pool is not None:
            return
        while True:
            try:
                await migrate.run(self._url, self._migrations)
                low, high = self._sizes
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=low,
                    max_size=high,
                    init=_prepare,
                    reset=_leave_as_it_is,
                    timeout=5,
                    command_timeout=30,
                )
                return
            except AWAY as error:
                log.warning("database away, waiting", error=type(error).__name__)
                await asyncio.sleep(0.3)

    async def stop(self) -> None:
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        try:
            async with asyncio.timeout(5):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    async def check(self) -> str | None:
        try:
            async with asyncio.timeout(2), self.connection() as connection:
                await connection.fetchval("select 1")
        except (Unavailable, TimeoutError):
            return "away"
        return None

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Transaction, None]:
        """A connection outside a transaction. Raises `Unavailable` while the database is away."""
        pool = self._pool
        if pool is None:
            raise Unavailable("the database is not there yet")
        try:
            connection = await pool.acquire(timeout=5)
        except AWAY as error:
            raise Unavailable("the database is away") from error
        try:
            yield connection
        except asyncpg.DataError:
            raise  # a mistake of ours, though asyncpg counts it among the troubles of a connection
        except BROKEN as error:
            # its state is not to be trusted: the pool makes another (or has taken it back already, and says so)
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
            raise Unavailable("the database is away") from error
        finally:
            await pool.release(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction, None]:
        """One transaction: committed at the end, rolled back on an exception."""
        channels: set[str] = set()
        token = _after_commit.set(channels)
        try:
            async with self.connection() as connection:
                async with connection.transaction():
                    yield connection
                for channel in channels:
                    await self._ring(connection, channel)
        finally:
            _after_commit.reset(token)

    def bell(self, channel: str) -> asyncio.Event:
        """What rings in this process when a transaction that called `ring(channel)` was committed."""
        return self._bells.setdefault(channel, asyncio.Event())

    def unhang(self, channel: str) -> None:
        """This process no longer listens: the next commit tells the others through PostgreSQL."""
        self._bells.pop(channel, None)

    async def _ring(self, connection: Transaction, channel: str) -> None:
        # NOTIFY inside the transaction would serialise all commits on one lock: it is sent after the commit, and only
        # where the listener is another process; a crash in between costs the second until its next poll
        if channel in self._bells:
            self._bells[channel].set()
        else:
            await connection.execute("select pg_notify($1, '')", channel)


def ring(channel: str) -> None:
    """Wake the listeners of `channel` once the current transaction is committed."""
    channels = _after_commit.get()
    if channels is None:
        raise RuntimeError("outside of Database.transaction()")
    channels.add(channel)


@asynccontextmanager
async def dedicated(url: str) -> AsyncGenerator[asyncpg.Connection, None]:
    """A connection of one's own, outside the pool, closed at the end."""
    connection = await asyncpg.connect(url, timeout=5, command_timeout=30)
    await _prepare(connection)
    try:
        yield connection
    finally:
        try:
            await connection.close(timeout=2)
        except (*AWAY, asyncpg.PostgresError):
            connection.terminate()
