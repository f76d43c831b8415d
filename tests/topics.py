"""A topic read whole, as any outside consumer would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from backbone.contracts.topics import Topic


@dataclass(frozen=True)
class Read:
    """One record of a topic."""

    key: str
    headers: Mapping[str, str]
    value: bytes


async def read_topic(bootstrap: str, topic: str) -> list[Read]:
    """All records that a topic has now, in the order of each partition."""
    consumer: Any = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = list(consumer.assignment())
        await consumer.seek_to_beginning(*partitions)
        ends: Mapping[TopicPartition, int] = await consumer.end_offsets(partitions)
        found: list[Read] = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            got = cast(
                "Mapping[TopicPartition, Sequence[ConsumerRecord[bytes, bytes]]]",
                await consumer.getmany(timeout_ms=500),
            )
            found += [_read(record) for records in got.values() for record in records]
        return found
    finally:
        await consumer.stop()


async def skip_to_end(bootstrap: str, topic: Topic, group: str) -> None:
    """Let a group begin behind what other tests wrote."""
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()


def _read(record: "ConsumerRecord[bytes, bytes]") -> Read:
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    return Read((record.key or b"").decode(), headers, record.value or b"")
