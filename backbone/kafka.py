"""CloudEvents on Kafka, binary mode: attributes in headers, the value plain JSON, the key the aggregate's id."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import structlog
from aiokafka import AIOKafkaConsumer
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.base import Format
from cloudevents.core.v1.event import CloudEvent

log = structlog.get_logger()

Headers = list[tuple[str, bytes]]

STOP_S: Final = 3.0


@dataclass(frozen=True)
class EventMeta:
    """The attributes of a CloudEvent that its readers use; `traceparent` as in W3C Trace Context."""

    id: str
    type: str
    source: str
    time: datetime
    subject: str
    traceparent: str | None = None


class _Verbatim(Format):
    """The value as it is: the outbox holds the JSON already encoded, and a reader parses it once."""

    def write(self, event: BaseCloudEvent) -> bytes:
        raise NotImplementedError("binary mode only")

    def read(self, event_factory: object, data: str | bytes) -> BaseCloudEvent:
        raise NotImplementedError("binary mode only")

    def write_data(self, data: object, datacontenttype: str | None) -> bytes:  # noqa: ARG002 - the library's signature
        return data if isinstance(data, bytes) else orjson.dumps(data)

    def read_data(self, body: bytes, datacontenttype: str | None) -> bytes:  # noqa: ARG002 - the library's signature
        return body

    def get_content_type(self) -> str:
        return "application/cloudevents+json"


_FORMAT = _Verbatim()


def encode(meta: EventMeta, payload: bytes) -> tuple[bytes, Headers]:
    """The record's value and headers."""
    attributes: dict[str, object] = {
        "id": meta.id,
        "type": meta.type,
        "source": meta.source,
        "time": meta.time,
        "subject": meta.subject,
        "specversion": "1.0",
        "datacontenttype": "application/json",
    }
    if meta.traceparent:
        attributes["traceparent"] = meta.traceparent
    message = to_binary(CloudEvent(attributes, payload), _FORMAT, key_mapper=lambda _: meta.subject)
    return message.value, list(message.headers.items())


def decode(headers: Iterable[tuple[str, bytes]] | Mapping[str, bytes], value: bytes | None) -> tuple[EventMeta, bytes]:
    """The attributes and the value of a record. Raises `ValueError` where it is not a CloudEvent."""
    if value is None:
        raise ValueError("the record has no value")
    event = from_binary(KafkaMessage(headers=dict(headers), key=None, value=value), _FORMAT)
    time = event.get_time()
    if time is None:
        raise ValueError("the event has no time")
    return (
        EventMeta(
            id=event.get_id(),
            type=event.get_type(),
            source=event.get_source(),
            time=time,
            subject=event.get_subject() or "",
            traceparent=event.get_extension("traceparent"),
        ),
        value,
    )


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """End a consumer and its connections, whatever state the broker is in.

    Where a fetch was waiting to be tried again, `stop` raises the `CancelledError` of that task, as if the caller had
    been cancelled, and leaves the client open (aio-libs/aiokafka#647): so it is a task of its own here.
    """
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait({stopping}, timeout=STOP_S)
    if not stopping.done():
        stopping.cancel()
    elif not stopping.cancelled() and (error := stopping.exception()):
        log.warning("a consumer did not end well", error=repr(error))
    client: Any = consumer._client  # pyright: ignore[reportPrivateUsage]
    await client.close()


class Broker:
    """Says whether a broker answers at all; producers and consumers find it again by themselves."""

    def __init__(self, bootstrap: str) -> None:
        self._addresses = [address.rpartition(":") for address in bootstrap.split(",")]

    @property
    def name(self) -> str:
        return "broker"

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def check(self) -> str | None:
        for host, _, port in self._addresses:
            try:
                async with asyncio.timeout(1):
                    _, writer = await asyncio.open_connection(host, int(port))
                writer.close()
            except (OSError, TimeoutError):
                continue
            return None
        return "away"
