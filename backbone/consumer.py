"""The consumer loop: inbox in the transaction of the effect, backoff in place, parking.

A batch is handled in one transaction; if that fails, event by event. An event has three outcomes: processed, retried
(what it needs is away: the consumer waits in place), parked (it can never be processed as it is: it is kept, with the
later events of its aggregate, until an administrator replays or discards it). A limit stops a bad deploy from parking a
whole topic. Offsets are committed after the transaction; what comes twice is refused by the inbox.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, cast

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from opentelemetry import trace
from prometheus_client import Counter, Gauge, Histogram

from backbone import inbox
from backbone.components import Supervised
from backbone.contracts.events import Event
from backbone.database import AWAY, Database, Transaction
from backbone.errors import Unavailable
from backbone.kafka import EventMeta, decode, stop_consumer
from backbone.telemetry import current_event as current
from backbone.telemetry import parent

log = structlog.get_logger()
tracer = trace.get_tracer(__name__)

D = TypeVar("D")
Handler = Callable[[Any, D], Awaitable[None]]
HandlerMap = Mapping[type[Event], Handler[D]]
Batches = Mapping[TopicPartition, Sequence["ConsumerRecord[bytes, bytes]"]]
Scope = Callable[[Transaction], AbstractAsyncContextManager[D]]

MAX_RECORDS: Final = 100
COMMIT_EVERY_S: Final = 0.25
STALLED_AFTER_S: Final = 30.0
PATIENCE_S: Final = 60.0  # less than max_poll_interval_ms, by far
PARKING_LIMIT: Final = 20  # a minute

HANDLED = Histogram("bourse_handler_seconds", "Time of a handler, in seconds.", ["consumer", "type"])
OUTCOMES = Counter("bourse_events_total", "Events by outcome.", ["consumer", "outcome"])
LAG = Gauge("bourse_consumer_lag", "Records not yet consumed.", ["consumer", "topic", "partition"])
PARKED = Gauge("bourse_parked", "Events that are parked.", ["consumer"])


class Retry(Exception):  # noqa: N818 - an order to the loop, as asyncio.CancelledError is
    """Raised by a handler when what it needs is away for a while."""


TRANSIENT = (Retry, Unavailable, *AWAY)


@dataclass(frozen=True)
class Incoming:
    """A record as read: its event where it could be decoded and is one that this consumer handles."""

    record: "ConsumerRecord[bytes, bytes]"
    meta: EventMeta | None
    event: Event | None
    error: str | None = None

    @property
    def key(self) -> str:
        return (self.record.key or b"").decode("utf-8", "replace")

    @property
    def event_id(self) -> str:
        record = self.record
        return self.meta.id if self.meta else f"{record.topic}/{record.partition}/{record.offset}"


def current_event() -> EventMeta:
    """The attributes of the event that is being handled."""
    meta = current.get()
    if meta is None:
        raise RuntimeError("outside of a handler")
    return meta


class Consumer(Supervised, Generic[D]):
    """Consumes the topics of the events in `handlers`, as the group `name`; `scope` makes what handlers are given."""

    def __init__(
        self,
        *,
        name: str,
        handlers: HandlerMap[D],
        scope: Scope[D],
        database: Database,
        bootstrap: str,
        replica: str = "0",
    ) -> None:
        super().__init__("consumer", self._consume)
        self.group = name
        self.db = database
        self._scope = scope
        self._bootstrap = bootstrap
        self._replica = replica
        self._handlers = handlers
        self._by_type = {event.TYPE: event for event in handlers}
        self._topics = sorted({event.TOPIC.name for event in handlers})
        self._done: dict[TopicPartition, int] = {}
        self._stopped: str | None = None

    # -- the loop ------------------------------------------------------------------------------------------------

    async def check(self) -> str | None:
        return self._stopped or await super().check()

    async def _consume(self) -> None:
        self._done.clear()
        consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            *self._topics,
            bootstrap_servers=self._bootstrap,
            group_id=self.group,
            # a member that comes back as the one it was is given what it had: with other topics it is another one
            group_instance_id=f"{self.group}-{self._replica}-{_digest(self._topics)}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=300_000,
            retry_backoff_ms=200,
        )
        try:
            await consumer.start()
            self.well()
            await self._poll(consumer)
        finally:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(2):
                    await self._commit(consumer)
            await stop_consumer(consumer)

    async def _poll(self, consumer: AIOKafkaConsumer) -> None:
        committed = watched = time.monotonic()
        progress: dict[TopicPartition, tuple[int, float]] = {}
        while True:
            pause = 200 if self._done else 1000
            got = cast("Batches", await consumer.getmany(timeout_ms=pause, max_records=MAX_RECORDS))
            records = [record for partition in got.values() for record in partition]
            if records:
                await self._handle_batch([self._read(record) for record in records])
            now = time.monotonic()
            if now - committed > COMMIT_EVERY_S:
                await self._commit(consumer)
                committed = now
            if now - watched > 5:
                watched = now
                await self._watch(consumer, progress, now)

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        # what was assigned to another replica meanwhile is its to commit
        done = {partition: offset for partition, offset in self._done.items() if partition in consumer.assignment()}
        self._done.clear()
        if done:
            async with asyncio.timeout(10):
                await consumer.commit(done)

    async def _watch(
        self,
        consumer: AIOKafkaConsumer,
        progress: dict[TopicPartition, tuple[int, float]],
        now: float,
    ) -> None:
        """Measure the lag; a consumer that stands still before unread records is made anew."""
        async with asyncio.timeout(20):
            assigned = list(consumer.assignment())
            ends = cast("Mapping[TopicPartition, int]", await consumer.end_offsets(assigned))
            positions = {partition: await consumer.position(partition) for partition in assigned}
        for partition, position in positions.items():
            LAG.labels(self.group, partition.topic, partition.partition).set(max(0, ends[partition] - position))
            before, since = progress.get(partition, (-1, now))
            if position != before or position >= ends[partition]:
                progress[partition] = (position, now)
            elif now - since > STALLED_AFTER_S:
                raise RuntimeError(f"stalled at {partition.topic}/{partition.partition} offset {position}")
        with contextlib.suppress(Unavailable):  # /health/ready says so, and this is but a figure
            async with self.db.connection() as connection:
                PARKED.labels(self.group).set(await inbox.count_parked(connection, self.group))

    # -- outcomes ------------------------------------------------------------------------------------------------

    async def _handle_batch(self, batch: Sequence[Incoming]) -> None:
        try:
            await self._patiently(lambda: self._process(batch))
        except TRANSIENT:
            raise
        except Exception as error:
            log.info("batch failed, going event by event", size=len(batch), error=repr(error))
            for incoming in batch:
                await self._patiently(lambda incoming=incoming: self._process_or_park(incoming))
        for incoming in batch:
            OUTCOMES.labels(self.group, "processed").inc()
            self._done[TopicPartition(incoming.record.topic, incoming.record.partition)] = incoming.record.offset + 1
        self._stopped = None
        self.well()

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, again and again while what it needs is away; after a while, let the consumer be made anew."""
        pause, end = 0.05, time.monotonic() + PATIENCE_S
        while True:
            try:
                return await work()
            except TRANSIENT as error:
                OUTCOMES.labels(self.group, "retried").inc()
                self.trouble = f"retrying: {type(error).__name__}"
                if time.monotonic() > end:
                    raise
                log.warning("retrying", error=repr(error), pause=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 3.0)

    async def _process_or_park(self, incoming: Incoming) -> None:
        try:
            await self._process([incoming])
        except TRANSIENT:
            raise
        except Exception as error:
            await self._park(incoming, repr(error))

    async def _process(self, batch: Sequence[Incoming]) -> None:
        """Handle what is new and not held back, in one transaction."""
        async with self.db.transaction() as tx:
            wanted = [incoming for incoming in batch if incoming.event is not None or incoming.error]
            held = await inbox.held_keys(tx, self.group, {incoming.key for incoming in wanted})
            new = await inbox.claim(tx, self.group, [incoming.event_id for incoming in wanted])
            async with self._scope(tx) as deps:
                for incoming in wanted:
                    if incoming.event_id not in new:
                        continue
                    new.discard(incoming.event_id)  # the same event twice in one batch
                    if (incoming.record.topic, incoming.key) in held:
                        await self._keep(tx, incoming, "held back: an earlier event of this aggregate is parked", True)
                    elif incoming.event is None or incoming.meta is None:
                        raise ValueError(incoming.error)
                    else:
                        await self._handle(incoming.event, incoming.meta, deps)

    async def _handle(self, event: Event, meta: EventMeta, deps: D) -> None:
        token = current.set(meta)
        try:
            with (
                tracer.start_as_current_span(f"{self.group} {meta.type}", context=parent(meta.traceparent)),
                HANDLED.labels(self.group, meta.type).time(),
            ):
                await self._handlers[type(event)](event, deps)
                log.info("event handled", type=meta.type, key=meta.subject)
        finally:
            current.reset(token)

    async def _park(self, incoming: Incoming, error: str) -> None:
        async with self.db.transaction() as tx:
            if await inbox.parked_lately(tx, self.group) >= PARKING_LIMIT:
                self._stopped = "parking limit reached: nothing is consumed until the cause is mended"
                raise Retry(self._stopped)
            await inbox.claim(tx, self.group, [incoming.event_id])
            await self._keep(tx, incoming, error, False)
        log.error("event parked", error=error, event_id=incoming.event_id, key=incoming.key)

    async def _keep(self, tx: Transaction, incoming: Incoming, error: str, held: bool) -> None:
        OUTCOMES.labels(self.group, "parked").inc()
        record = incoming.record
        await inbox.park(
            tx,
            inbox.Parked(
                consumer=self.group,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                key=incoming.key,
                event_id=incoming.event_id,
                type=incoming.meta.type if incoming.meta else None,
                headers=[(name, value.decode("utf-8", "replace")) for name, value in record.headers],
                value=record.value,
                error=error[:2000],
                held=held,
            ),
        )

    # -- reading -------------------------------------------------------------------------------------------------

    def _read(self, record: "ConsumerRecord[bytes, bytes]") -> Incoming:
        try:
            meta, value = decode(record.headers, record.value)
        except Exception as error:  # whatever an outsider may have written there: it is parked with the reason
            return Incoming(record, None, None, f"not a CloudEvent: {error!r}")
        wanted = self._by_type.get(meta.type)
        if wanted is None:
            return Incoming(record, meta, None)
        try:
            # fields added since by a newer producer are not ours to refuse
            return Incoming(record, meta, wanted.model_validate_json(value, extra="ignore"))
        except ValueError as error:
            return Incoming(record, meta, None, f"does not fit {meta.type}: {error}")

    # -- replay --------------------------------------------------------------------------------------------------

    async def replay(self, parked_id: int) -> int:
        """Handle a parked event and those held back behind it, in order and in one transaction; how many."""
        async with self.db.transaction() as tx:
            rows = await inbox.parked_aggregate(tx, self.group, parked_id)
            async with self._scope(tx) as deps:
                for row in rows:
                    meta, value = decode([(name, text.encode()) for name, text in row.headers], row.value)
                    wanted = self._by_type.get(meta.type)
                    if wanted is not None:
                        await self._handle(wanted.model_validate_json(value, extra="ignore"), meta, deps)
            await inbox.discard(tx, self.group, [row.id for row in rows if row.id is not None])
            return len(rows)


def _digest(topics: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(sorted(topics)).encode()).hexdigest()[:8]
