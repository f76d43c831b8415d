"""The log of publications, read whole: what a rebuild reads, beside the consumer and without its group."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from backbone.contracts import topics
from backbone.contracts.events import ProjectPublished, ProjectUnpublished
from backbone.errors import Unavailable
from backbone.kafka import stop_consumer
from services.search import documents
from services.search.documents import Write

log = structlog.get_logger()

TOPIC: Final = topics.PUBLICATIONS.name
Ends = Mapping[TopicPartition, int]

READ_AT_ONCE: Final = 1000
_PUBLISHED: Final = ProjectPublished.TYPE.encode()
_UNPUBLISHED: Final = ProjectUnpublished.TYPE.encode()


@dataclass(frozen=True)
class Unreadable:
    """A record that no document can be made of: where it lies and why."""

    where: str
    why: str


class Publications:
    """A reader of the log from its beginning; it keeps its place from one `read` to the next."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        self._consumer = consumer
        self._partitions = partitions

    async def ends(self) -> Ends:
        """Where the log ends now."""
        async with asyncio.timeout(30):
            return cast("Ends", await self._consumer.end_offsets(self._partitions))

    async def remaining(self, ends: Ends) -> int:
        """Records up to there, those that compaction took counted too."""
        return sum([max(0, end - await self._position(partition)) for partition, end in ends.items()])

    async def read(self, ends: Ends) -> AsyncGenerator[list[Write | Unreadable], None]:
        """All records up to there, some at a time."""
        while True:
            left = [partition for partition, end in ends.items() if await self._position(partition) < end]
            if not left:
                return
            got = cast(
                "Mapping[TopicPartition, list[ConsumerRecord[bytes, bytes]]]",
                await self._consumer.getmany(*left, timeout_ms=500, max_records=READ_AT_ONCE),
            )
            for records in got.values():
                yield [write for record in records if (write := _write(record)) is not None]

    async def _position(self, partition: TopicPartition) -> int:
        async with asyncio.timeout(30):
            return await self._consumer.position(partition)


@asynccontextmanager
async def publications(bootstrap: str) -> AsyncGenerator[Publications, None]:
    """Open the log. Raises `Unavailable` where the broker or the topic is not there."""
    consumer = AIOKafkaConsumer(
        TOPIC,  # subscribed, without a group: the client learns of a topic's partitions only so, and assigns them all
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # a broker answers one request of a connection after the other: a fetch that waits holds up all else
        fetch_max_wait_ms=20,
        max_partition_fetch_bytes=4 * 2**20,
        fetch_max_bytes=16 * 2**20,
    )
    try:
        await consumer.start()
        partitions = sorted(consumer.assignment())
        if not partitions:
            raise Unavailable(f"the topic {TOPIC} is not there yet")
        async with asyncio.timeout(30):
            starts = cast("Ends", await consumer.beginning_offsets(partitions))
        for partition, start in starts.items():
            # not `seek_to_beginning`: it races with the reset that the assignment itself asks for, and may lose
            consumer.seek(partition, start)
        yield Publications(consumer, partitions)
    except KafkaError as error:
        raise Unavailable("the broker is away") from error
    finally:
        await stop_consumer(consumer)


def _write(record: "ConsumerRecord[bytes, bytes]") -> Write | Unreadable | None:
    """The document of a record; None for what is of no concern here."""
    if record.value is None:
        return None  # compaction's own marker
    # the one attribute that matters: to decode the whole CloudEvent is a third of the work of a rebuild
    kind = dict(record.headers).get("ce_type")
    try:
        if kind == _PUBLISHED:
            event: dict[str, Any] = orjson.loads(record.value)
            return documents.published(event["sheet"], event["version"])
        if kind == _UNPUBLISHED:
            event = orjson.loads(record.value)
            return documents.unpublished(event["project"], event["version"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # an outsider's record, or one that the consumer parked too: the rebuild goes on without it
        return Unreadable(f"{record.topic}/{record.partition}/{record.offset}", repr(error))
    return None
