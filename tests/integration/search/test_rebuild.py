"""The index from the log alone, on both engines: while searches and events go on, and when something goes wrong."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backbone.contracts.topics import PUBLICATIONS
from backbone.errors import Unavailable
from services.search import documents, repository
from services.search import rebuild as rebuilding
from services.search.app import database_of
from services.search.documents import Write
from services.search.index import Index, Outcome
from services.search.log import publications
from services.search.rebuild import AlreadyRebuildingError, DiffersError, rebuild
from tests.integration.search.rebuilding import at_rest, judged, same
from tests.integration.search.running import Running, new_alias, until
from tests.integration.search.sheets import publication, unpublication
from tests.integration.search.test_events import found, lacks, settled

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
async def rested(running: Running) -> None:
    """Each test begins with an index that has all that was sent."""
    await at_rest(running)


async def test_a_rebuilt_index_is_what_the_events_made(running: Running) -> None:
    before, old = await running.index.checksum(), await running.index.current()
    done = await rebuild(running.index, running.settings)
    after = await running.index.checksum()
    assert same(before, after)
    assert (done.sheets, done.checksum) == (after.count, after.hexdigest())
    assert done.tombstones >= PUBLICATIONS.partitions
    assert await running.index.current() == done.index != old
    assert await running.index.left_behind() == []


async def test_searches_and_events_go_on(running: Running) -> None:
    kept = [publication() for _ in range(60)]
    await running.send(*kept)
    for event in kept:
        await until(lambda event=event: running.has(event.project))
    ids = {event.project for event in kept}
    counts = {"searches": 0, "published": 0, "rebuilt": 0}
    stop = asyncio.Event()
    sent: list[str] = []

    async def search() -> None:
        while not stop.is_set():
            seen: set[str] = set()
            for ref in sorted(ids)[::7]:
                answer = await running.http.get("/projects", params={"q": ref})
                assert answer.status_code == 200, answer.text
                seen |= {item["id"] for item in answer.json()["items"]}
            assert seen == set(sorted(ids)[::7]), "a search saw a part of the index"
            whole = await running.http.get("/projects", params={"theme": "water-sanitation", "size": "1"})
            assert whole.status_code == 200
            assert whole.json()["total"] >= len(kept)
            counts["searches"] += 1

    async def publish() -> None:
        while not stop.is_set() and len(sent) < 200:
            event = publication()
            await running.send(event)
            sent.append(event.project)
            if len(sent) % 3 == 0:
                await running.send(unpublication(sent.pop(), 2))
            counts["published"] += 1
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as tasks:
        for work in (search, search, publish):
            tasks.create_task(work())
        while counts["rebuilt"] < 2:
            await rebuild(running.index, running.settings)
            counts["rebuilt"] += 1
        stop.set()
    assert min(counts.values()) >= 2, counts
    await settled(running)
    for project in [*sent[-20:], *list(ids)[:20]]:
        assert await running.has(project)
    live = await running.index.checksum()
    done = await rebuild(running.index, running.settings)
    assert (done.sheets, done.checksum) == (live.count, live.hexdigest())


async def test_two_at_once(running: Running) -> None:
    first, second = await asyncio.gather(
        rebuild(running.index, running.settings),
        rebuild(running.index, running.settings),
        return_exceptions=True,
    )
    assert {type(first), type(second)} == {rebuilding.Rebuilt, AlreadyRebuildingError}


async def test_an_interrupted_rebuild_leaves_the_old_index(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    before, old = await running.index.checksum(), await running.index.current()
    begun = asyncio.Event()

    async def stand_still(*_: Any, **__: Any) -> Outcome:
        begun.set()
        await asyncio.sleep(60)
        raise AssertionError

    with monkeypatch.context() as patched:
        patched.setattr(running.index, "bulk", stand_still)
        task = asyncio.create_task(rebuild(running.index, running.settings))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await running.index.current() == old
    assert same(before, await running.index.checksum())
    assert await running.index.left_behind() == []


async def test_what_a_killed_rebuild_left_is_dropped_by_the_next(running: Running) -> None:
    half = await running.index.create()
    # what is not ours, though it looks alike, is left alone
    other = Index(running.index._engine, running.settings.model_copy(update={"search_alias": f"{new_alias()}-x"}))  # pyright: ignore[reportPrivateUsage]
    foreign = await other.create()
    assert await running.index.left_behind() == [half]
    await rebuild(running.index, running.settings)
    assert await running.index.left_behind() == []
    assert await other.left_behind() == [foreign]
    await other.drop(foreign)


async def test_an_index_that_lacks_something_is_not_put_in_place(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = publication()
    await running.send(event)
    await until(lambda: running.has(event.project))
    before, old = await running.index.checksum(), await running.index.current()
    bulk = running.index.bulk

    async def lose_one(writes: Sequence[Write], *arguments: Any, **options: Any) -> Outcome:
        # the last of a partition: of what comes earlier there may be something newer, and then nothing is lost
        return await bulk(writes[:-1], *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(running.index, "bulk", lose_one)
        with pytest.raises(DiffersError):
            await rebuild(running.index, running.settings)
    assert await running.index.current() == old
    assert same(before, await running.index.checksum())
    assert await running.index.left_behind() == []


async def test_a_log_that_lost_something_is_not_believed(running: Running) -> None:
    old = await running.index.current()
    assert old
    lost = documents.published(publication().sheet.model_dump(mode="json"), 1)
    await running.index.bulk([lost], old, refresh=True)
    with pytest.raises(DiffersError, match=lost.id):
        await rebuild(running.index, running.settings)
    assert await running.index.current() == old
    assert await running.has(lost.id)
    await rebuild(running.index, running.settings, accept_loss=True)
    assert not await running.has(lost.id)


async def test_it_waits_for_a_batch_that_is_being_indexed(running: Running) -> None:
    old = await running.index.current()
    database = database_of(running.settings)
    await database.start()
    try:
        async with database.transaction() as tx:
            await repository.share_index(tx)
            task = asyncio.create_task(rebuild(running.index, running.settings))
            await asyncio.sleep(3)
            assert not task.done()
            assert await running.index.current() == old
        assert (await task).index != old
    finally:
        await database.stop()


async def test_what_comes_while_the_log_is_read_is_read_too(running: Running) -> None:
    events = [publication() for _ in range(60)]
    found: set[str] = set()
    async with publications(running.settings.kafka_bootstrap) as reader:
        ends = await reader.ends()
        await running.send(*events)
        # the end is that of before, and yet a broker hands out what came since in the same portion
        for end in (ends, await reader.ends()):
            async for portion in reader.read(end):
                found |= {made.id for made in portion if isinstance(made, Write)}
            assert await reader.remaining(end) == 0
    assert {event.project for event in events} <= found


async def test_without_a_broker_nothing_changes(running: Running) -> None:
    old = await running.index.current()
    settings = running.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    with pytest.raises(Unavailable):
        await rebuild(running.index, settings)
    assert await running.index.current() == old


async def test_an_index_that_is_lost_comes_back_by_itself(running: Running) -> None:
    event = publication()
    await running.send(event)
    await until(lambda: running.has(event.project))
    before, old = await running.index.checksum(), await running.index.current()
    await running.index.drop(old or "")
    answer = await running.http.get("/projects")
    assert answer.status_code in (200, 503)
    await until(lambda: found(running, event.project), 60)
    assert same(before, await running.index.checksum())


@asynccontextmanager
async def of_an_older_edition(running: Running) -> AsyncGenerator[None, None]:
    """For a while, the index is one that this edition does not write to."""
    older = Index(running.index._engine, running.settings)  # pyright: ignore[reportPrivateUsage]
    older.write_alias = f"{older.alias}-write-0123456789"
    name = await older.create()
    (old,) = await older.swap(name)
    yield
    assert await running.index.current() != name
    await running.index.drop(name)
    await running.index.drop(old)


async def test_an_index_of_another_edition_is_replaced_and_events_wait_for_it(running: Running) -> None:
    event = publication()
    async with of_an_older_edition(running):
        assert not await running.index.is_of_this_edition()
        await running.send(event)
        await until(running.index.is_of_this_edition, 60)
        await until(lambda: running.has(event.project), 60)
    await running.send(unpublication(event.project, 2))
    await until(lambda: lacks(running, event.project))


async def test_the_commands(running: Running, tmp_path: Path) -> None:
    settings, sheet = await judged(running, tmp_path)
    environment = {
        **os.environ,
        "BOURSE_SEARCH_URL": settings.search_url,
        "BOURSE_SEARCH_ALIAS": settings.search_alias,
        "BOURSE_DATABASE_URL": settings.database_url,
        "BOURSE_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "BOURSE_SEARCH_JUDGMENTS": str(settings.search_judgments),
        "BOURSE_LOG_LEVEL": "error",
    }

    async def command(*words: str) -> str:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "services.search.admin", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    total = await running.index.checksum()
    assert (await command("checksum")).split() == [str(total.count), total.hexdigest()]
    said = await command("rebuild")
    assert f"{total.count} sheets" in said
    assert total.hexdigest() in said
    report = json.loads(await command("relevance", "--json"))
    # what other tests published may be judged too
    assert report["kinds"]["word"] == {"queries": 1, "mean": 1}
    assert [query["found"][0] for query in report["queries"] if query["kind"] == "word"] == [sheet.ref]
    assert "moulins" in await command("relevance")
    assert "nothing is parked" in await command("parked", "list")
