"""Events as moderation's relay writes them to their topics."""

from datetime import UTC, datetime
from uuid import uuid4

from backbone.contracts.events import Event
from backbone.kafka import EventMeta, Headers, encode


def encoded(event: Event, event_id: str | None = None) -> tuple[bytes, Headers]:
    """The value and the headers of its record."""
    meta = EventMeta(
        id=event_id or str(uuid4()),
        type=event.TYPE,
        source="/bourse-projets/moderation",
        time=datetime.now(UTC),
        subject=event.key,
    )
    return encode(meta, event.model_dump_json().encode())
