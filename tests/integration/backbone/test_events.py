"""Outbox, relay, consumer, inbox and parking, on a real PostgreSQL and a real Kafka."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from backbone import consumer as consumer_module
from backbone import inbox, outbox
from backbone.consumer import Consumer, Retry, current_event
from backbone.contracts.events import ProjectSubmitted
from backbone.database import Database, Transaction
from backbone.outbox import Relay
from tests.builders import submitted

NewDatabase = Callable[[str], str]


@dataclass
class Effects:
    """What a handler under test did, and how it is to fail."""

    seen: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    fail: Callable[[ProjectSubmitted], Exception | None] = lambda _: None


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def database(new_database: NewDatabase) -> AsyncGenerator[Database, None]:
    database = Database(new_database("events"), migrations="tests.integration.backbone")
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
async def relay(database: Database, kafka_bootstrap: str) -> AsyncGenerator[Relay, None]:
    relay = Relay(database, source="test", bootstrap=kafka_bootstrap)
    await relay.start()
    yield relay
    await relay.stop()


@asynccontextmanager
async def consuming(
    database: Database, bootstrap: str, effects: Effects, group: str
) -> AsyncGenerator[Consumer[Transaction], None]:
    """A consumer whose handler notes the aggregate and version of what it saw, in the database and in `effects`."""

    async def handle(event: ProjectSubmitted, tx: Transaction) -> None:
        error = effects.fail(event)
        if error is not None:
            raise error
        await tx.execute(
            "insert into effects (project, version, event_id) values ($1, $2, $3)",
            event.project,
            event.version,
            current_event().id,
        )

    @asynccontextmanager
    async def scope(tx: Transaction) -> AsyncGenerator[Transaction, None]:
        yield tx

    consumer = Consumer(
        name=group,
        handlers={ProjectSubmitted: handle},
        scope=scope,
        database=database,
        bootstrap=bootstrap,
        replica=uuid4().hex,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def emit(database: Database, *events: ProjectSubmitted) -> None:
    async with database.transaction() as tx:
        for event in events:
            await outbox.emit(tx, event)


async def emit_and_fail(database: Database, event: ProjectSubmitted) -> None:
    async with database.transaction() as tx:
        await outbox.emit(tx, event)
        raise RuntimeError("undo")


async def effects_of(database: Database, project: str) -> list[int]:
    async with database.connection() as connection:
        rows = await connection.fetch("select version from effects where project = $1 order by id", project)
    return [row["version"] for row in rows]


async def parked_of(database: Database, group: str) -> list[inbox.Parked]:
    async with database.connection() as connection:
        return await inbox.list_parked(connection, group)


async def test_what_is_emitted_is_handled_once_and_in_order(
    database: Database, relay: Relay, kafka_bootstrap: str
) -> None:
    projects = [str(uuid4()) for _ in range(20)]
    async with consuming(database, kafka_bootstrap, Effects(), uuid4().hex):
        for version in range(1, 11):
            await emit(database, *(submitted(project, version) for project in projects))

        async def all_there() -> bool:
            return all([len(await effects_of(database, project)) >= 10 for project in projects])

        await until(all_there)
        await asyncio.sleep(0.3)
    for project in projects:
        assert await effects_of(database, project) == list(range(1, 11))


async def test_an_event_rolled_back_is_never_sent(database: Database, relay: Relay, kafka_bootstrap: str) -> None:
    undone, done = submitted(), submitted()
    async with consuming(database, kafka_bootstrap, Effects(), uuid4().hex):
        with pytest.raises(RuntimeError, match="undo"):
            await emit_and_fail(database, undone)
        await emit(database, done)

        async def there() -> bool:
            return await effects_of(database, done.project) == [1]

        await until(there)
    assert await effects_of(database, undone.project) == []


async def test_a_second_relay_waits_and_takes_over(database: Database, kafka_bootstrap: str) -> None:
    first = Relay(database, source="test", bootstrap=kafka_bootstrap)
    second = Relay(database, source="test", bootstrap=kafka_bootstrap)
    await first.start()

    async def leads() -> bool:
        return await first.check() is None

    await until(leads)
    await second.start()
    await first.stop()
    event = submitted()
    await emit(database, event)

    async def sent() -> bool:
        async with database.connection() as connection:
            return bool(await connection.fetchval("select bool_and(sent_at is not null) from outbox"))

    try:
        await until(sent)
    finally:
        await second.stop()


async def test_the_same_record_twice_has_one_effect(database: Database, kafka_bootstrap: str, relay: Relay) -> None:
    event = submitted()
    async with consuming(database, kafka_bootstrap, Effects(), uuid4().hex):
        await emit(database, event)

        async def there() -> bool:
            return await effects_of(database, event.project) == [1]

        await until(there)
        async with database.transaction() as tx:  # as after a crash between sending and marking
            await tx.execute("update outbox set sent_at = null where key = $1", event.project)
        outbox_bell = database.bell(outbox.CHANNEL)
        outbox_bell.set()
        after = submitted()
        await emit(database, after)

        async def next_there() -> bool:
            return await effects_of(database, after.project) == [1]

        await until(next_there)
        await asyncio.sleep(0.5)
    assert await effects_of(database, event.project) == [1]


async def test_transient_trouble_is_waited_out_in_place(database: Database, relay: Relay, kafka_bootstrap: str) -> None:
    event, tries = submitted(), 0

    def away_three_times(seen: ProjectSubmitted) -> Exception | None:
        nonlocal tries
        if seen.project != event.project:
            return None
        tries += 1
        return Retry("away") if tries <= 3 else None

    group = uuid4().hex
    async with consuming(database, kafka_bootstrap, Effects(fail=away_three_times), group):
        await emit(database, event, submitted(event.project, 2))

        async def both() -> bool:
            return len(await effects_of(database, event.project)) == 2

        await until(both)
    assert await effects_of(database, event.project) == [1, 2]
    assert await parked_of(database, group) == []


async def test_a_poisoned_event_is_parked_with_those_behind_it_and_replayed(
    database: Database, relay: Relay, kafka_bootstrap: str
) -> None:
    poisoned, other = submitted(), submitted()
    effects = Effects(fail=lambda seen: ValueError("poison") if seen.project == poisoned.project else None)
    group = uuid4().hex
    async with consuming(database, kafka_bootstrap, effects, group) as consumer:
        await emit(database, poisoned, other, submitted(poisoned.project, 2), submitted(other.project, 2))

        async def settled() -> bool:
            return len(await parked_of(database, group)) == 2 and len(await effects_of(database, other.project)) == 2

        await until(settled)
        first, second = await parked_of(database, group)
        assert (first.held, second.held) == (False, True)
        assert "poison" in first.error
        assert await effects_of(database, other.project) == [1, 2]

        effects.fail = lambda _: None
        assert first.id is not None
        assert await consumer.replay(first.id) == 2
    assert await effects_of(database, poisoned.project) == [1, 2]
    assert await parked_of(database, group) == []


async def test_what_is_no_event_is_parked(database: Database, relay: Relay, kafka_bootstrap: str) -> None:
    group, key = uuid4().hex, uuid4().hex
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    async with consuming(database, kafka_bootstrap, Effects(), group):
        await producer.send_and_wait("bourse.submissions", b"\xff not json", key=key.encode())
        await producer.stop()

        async def parked() -> bool:
            return any(row.key == key for row in await parked_of(database, group))

        await until(parked)
    (row,) = [row for row in await parked_of(database, group) if row.key == key]
    assert row.value == b"\xff not json"
    assert "not a CloudEvent" in row.error


async def test_a_bad_deploy_does_not_park_a_whole_topic(
    database: Database, relay: Relay, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "PARKING_LIMIT", 3)
    group, events = uuid4().hex, [submitted() for _ in range(30)]
    async with consuming(database, kafka_bootstrap, Effects(fail=lambda _: ValueError("bug")), group) as consumer:
        await emit(database, *events)

        async def stopped() -> bool:
            return "parking limit" in (await consumer.check() or "")

        await until(stopped)
        assert len([row for row in await parked_of(database, group) if not row.held]) == 3
