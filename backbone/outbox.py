"""The transactional outbox: an event is inserted in the transaction that it tells of, and relayed to Kafka after it.

The order of an aggregate is kept because its row is updated before the insert (the row lock makes the order of ids the
order of commits), one relay is the leader, and one record of an aggregate is in flight at a time. What is sent twice
after a crash has the same event id.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from prometheus_client import Counter, Gauge

from backbone import database
from backbone.components import Supervised
from backbone.contracts.events import Event
from backbone.database import Database, Transaction
from backbone.kafka import EventMeta, encode
from backbone.telemetry import traceparent

log = structlog.get_logger()

CHANNEL: Final = "outbox"
LOCK: Final = 0x6F757462  # "outb"
BATCH: Final = 500
POLL_S: Final = 1.0

SENT = Counter("bourse_outbox_sent_total", "Events relayed to Kafka.", ["topic"])
UNSENT = Gauge("bourse_outbox_unsent", "Events that wait in the outbox (as of the last look, at most a batch).")
OLDEST = Gauge("bourse_outbox_oldest_seconds", "Age of the oldest event that waits in the outbox, in seconds.")


async def emit(tx: Transaction, event: Event) -> None:
    """Add an event to the outbox of this transaction. Update the aggregate's row first."""
    await tx.execute(
        "insert into outbox (topic, key, type, traceparent, payload) values ($1, $2, $3, $4, $5)",
        event.TOPIC.name,
        event.key,
        event.TYPE,
        traceparent(),
        event.model_dump_json(),
    )
    database.ring(CHANNEL)


class Relay(Supervised):
    """Relays the outbox of one service to Kafka; of several replicas, one leads."""

    def __init__(self, db: Database, *, source: str, bootstrap: str, keep_days: int = 7) -> None:
        super().__init__("outbox", self._relay)
        self._db = db
        self._source = f"/bourse-projets/{source}"
        self._bootstrap = bootstrap
        self._keep_days = keep_days

    async def _relay(self) -> None:
        async with database.dedicated(self._db.url) as connection, asyncio.TaskGroup() as tasks:
            # a mark lost in a crash means a second sending, which the inbox refuses
            await connection.execute("set synchronous_commit = off")
            await self._lead(connection)
            bell = await self._listen(connection)
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap, acks="all", enable_idempotence=True, request_timeout_ms=10_000
            )
            cleaning = tasks.create_task(self._clean())
            try:
                await producer.start()
                self.well()
                while True:
                    bell.clear()
                    if not await self._send_some(connection, producer):
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(POLL_S):
                                await bell.wait()
            finally:
                cleaning.cancel()
                self._db.unhang(CHANNEL)
                await producer.stop()

    async def _listen(self, connection: asyncpg.Connection) -> asyncio.Event:
        bell = self._db.bell(CHANNEL)

        def rung(*_: Any) -> None:
            bell.set()

        await connection.add_listener(CHANNEL, rung)
        return bell

    async def _lead(self, connection: asyncpg.Connection) -> None:
        while not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):
            self.well()  # another replica leads
            await asyncio.sleep(POLL_S)

    async def _send_some(self, connection: asyncpg.Connection, producer: AIOKafkaProducer) -> bool:
        """Send the first unsent event of each aggregate; whether there was any."""
        rows = await connection.fetch(
            "select id, event_id, topic, key, type, traceparent, payload, created_at from outbox"
            " where sent_at is null order by id limit $1",
            BATCH,
        )
        UNSENT.set(len(rows))
        OLDEST.set((datetime.now(UTC) - rows[0]["created_at"]).total_seconds() if rows else 0)
        if not rows:
            return False
        firsts: dict[tuple[str, str], asyncpg.Record] = {}
        for row in rows:
            firsts.setdefault((row["topic"], row["key"]), row)
        batch = list(firsts.values())
        futures = [await self._send(producer, row) for row in batch]
        results = await asyncio.gather(*futures, return_exceptions=True)
        await self._mark(connection, batch, results)
        return True

    async def _send(self, producer: AIOKafkaProducer, row: asyncpg.Record) -> asyncio.Future[Any]:
        meta = EventMeta(
            id=str(row["event_id"]),
            type=row["type"],
            source=self._source,
            time=row["created_at"].astimezone(UTC),
            subject=row["key"],
            traceparent=row["traceparent"],
        )
        value, headers = encode(meta, row["payload"].encode())
        client = cast("Any", producer)  # the library says nothing of what its future holds
        return await client.send(row["topic"], value, key=row["key"].encode(), headers=headers)

    async def _mark(
        self, connection: asyncpg.Connection, batch: Sequence[asyncpg.Record], results: Sequence[object]
    ) -> None:
        failed = [result for result in results if isinstance(result, BaseException)]
        sent = [row for row, result in zip(batch, results, strict=True) if not isinstance(result, BaseException)]
        await connection.execute(
            "update outbox set sent_at = clock_timestamp() where id = any($1::bigint[])", [row["id"] for row in sent]
        )
        for row in sent:
            SENT.labels(row["topic"]).inc()
        if failed:
            # a producer that failed may be stuck on its sequence numbers: it is made anew
            raise failed[0]

    async def _clean(self) -> None:
        """Once an hour, forget what was sent, seen and answered long ago."""
        while True:
            async with self._db.connection() as connection:
                await connection.execute(
                    "delete from outbox where sent_at < now() - make_interval(days => $1)", self._keep_days
                )
                # the broker keeps no topic but the compacted ones longer, and those have versions
                await connection.execute("delete from inbox where seen_at < now() - interval '45 days'")
                await connection.execute("delete from idempotency where created_at < now() - interval '2 days'")
            await asyncio.sleep(3600)
