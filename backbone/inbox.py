"""What a consumer has seen, and what it parked: the SQL beside `consumer.py`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from backbone.database import Row, Transaction


@dataclass(frozen=True)
class Parked:
    """A record that could not be handled: as it was read, with the error; `held` where an earlier one of its
    aggregate is to blame."""

    consumer: str
    topic: str
    partition: int
    offset: int
    key: str
    event_id: str | None
    type: str | None
    headers: Sequence[tuple[str, str]]
    value: bytes | None
    error: str
    held: bool
    id: int | None = None
    parked_at: datetime | None = None


async def claim(tx: Transaction, consumer: str, event_ids: Sequence[str]) -> set[str]:
    """Note these events as seen; those that were not seen before."""
    if not event_ids:
        return set()
    rows = await tx.fetch(
        "insert into inbox (consumer, event_id) select $1, unnest($2::text[])"
        " on conflict do nothing returning event_id",
        consumer,
        event_ids,
    )
    return {row["event_id"] for row in rows}


async def held_keys(tx: Transaction, consumer: str, keys: Collection[str]) -> set[tuple[str, str]]:
    """Of these aggregates, those that have a parked event, as (topic, key)."""
    rows = await tx.fetch(
        "select distinct topic, key from parked where consumer = $1 and key = any($2::text[])", consumer, list(keys)
    )
    return {(row["topic"], row["key"]) for row in rows}


async def park(tx: Transaction, parked: Parked) -> None:
    """Keep a record; the same one twice is kept once."""
    await tx.execute(
        'insert into parked (consumer, topic, partition, "offset", key, event_id, type, headers, value, error, held)'
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing",
        parked.consumer,
        parked.topic,
        parked.partition,
        parked.offset,
        parked.key,
        parked.event_id,
        parked.type,
        list(parked.headers),
        parked.value,
        parked.error,
        parked.held,
    )


async def parked_lately(tx: Transaction, consumer: str) -> int:
    """Events parked in the last minute, those held back behind others not counted."""
    return await tx.fetchval(
        "select count(*) from parked where consumer = $1 and not held and parked_at > now() - interval '1 minute'",
        consumer,
    )


async def count_parked(tx: Transaction, consumer: str) -> int:
    """All that is parked."""
    return await tx.fetchval("select count(*) from parked where consumer = $1", consumer)


def _parked(row: Row) -> Parked:
    return Parked(**dict(row))


async def list_parked(tx: Transaction, consumer: str) -> list[Parked]:
    """All that is parked, oldest first."""
    return [_parked(row) for row in await tx.fetch("select * from parked where consumer = $1 order by id", consumer)]


async def find_parked(tx: Transaction, consumer: str, parked_id: int) -> Parked | None:
    row = await tx.fetchrow("select * from parked where consumer = $1 and id = $2", consumer, parked_id)
    return _parked(row) if row else None


async def parked_aggregate(tx: Transaction, consumer: str, parked_id: int) -> list[Parked]:
    """The parked events of the aggregate that this one belongs to, in their order, locked."""
    rows = await tx.fetch(
        "select * from parked where (consumer, topic, key) ="
        " (select consumer, topic, key from parked where consumer = $1 and id = $2)"
        ' order by partition, "offset" for update',
        consumer,
        parked_id,
    )
    return [_parked(row) for row in rows]


async def discard(tx: Transaction, consumer: str, parked_ids: Sequence[int]) -> int:
    """Forget parked events; how many there were."""
    rows = await tx.fetch(
        "delete from parked where consumer = $1 and id = any($2::bigint[]) returning id", consumer, parked_ids
    )
    return len(rows)
