"""The index from the log alone, on both engines: while searches and events go on, and when something goes wrong."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog.testing

from backbone.contracts.checksum import SheetsChecksum
from backbone.contracts.sheet import PublicSheet
from backbone.contracts.topics import PUBLICATIONS
from backbone.errors import Unavailable
from services.search import documents, relevance, repository
from services.search import rebuild as rebuilding
from services.search.app import database_of
from services.search.documents import Write
from services.search.engine import EngineRefusedError
from services.search.index import Index, Outcome
from services.search.log import publications
from services.search.rebuild import AlreadyRebuildingError, DiffersError, WorseError, rebuild
from tests.integration.search.conftest import Running, drop_all, new_alias, ready, until
from tests.integration.search.sheets import publication, unpublication
from tests.integration.search.test_events import found, lacks, settled

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
async def at_rest(running: Running) -> None:
    """Each test begins with an index that has all that was sent."""
    await until(lambda: ready(running.http))
    await settled(running)


def same(one: SheetsChecksum, other: SheetsChecksum) -> bool:
    return (one.count, one.hexdigest()) == (other.count, other.hexdigest())


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


def new_word() -> str:
    """A word of letters alone that no other sheet says."""
    return "".join(chr(ord("a") + int(figure, 16)) for figure in uuid4().hex)


async def judged(running: Running, folder: Path) -> tuple[Any, PublicSheet]:
    """Settings with a judged query of a deployment, and the sheet that it looks for."""
    word = new_word()
    event = publication(ref=f"xx-{word}", title=f"Moulins du Logone {word}")
    await running.send(event)
    await until(lambda: running.has(event.project))
    file = folder / "judgments.json"
    grades = {event.sheet.ref: 3}
    file.write_text(json.dumps([{"q": f"moulins {word}", "language": "fr", "kind": "word", "grades": grades}]))
    return running.settings.model_copy(update={"search_judgments": file}), event.sheet


def blank(write: Write) -> Write:
    """The document without its title: with its digest, so that count and checksum find nothing wrong."""
    document = json.loads(write.source)
    document.pop("title", None)
    return replace(write, source=json.dumps(document).encode())


async def test_an_index_that_finds_worse_is_not_put_in_place(
    running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, sheet = await judged(running, tmp_path)
    q = ("q", sheet.title.split()[-1])
    before, old = await running.index.checksum(), await running.index.current()
    bulk = running.index.bulk

    async def without_titles(writes: Sequence[Write], *arguments: Any, **options: Any) -> Outcome:
        return await bulk([blank(write) for write in writes], *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(running.index, "bulk", without_titles)
        with pytest.raises(WorseError, match=r"'moulins \w+'.*not among the first 10"):
            await rebuild(running.index, settings)
        assert await running.index.current() == old
        assert same(before, await running.index.checksum())
        assert await running.index.left_behind() == []
        assert sheet.id in await running.ids(q)
        # whoever knows better may
        done = await rebuild(running.index, settings, accept_worse=True)
    assert await running.index.current() == done.index != old
    assert sheet.id not in await running.ids(q)
    # and back, where there is nothing to lose
    await rebuild(running.index, settings)
    assert sheet.id in await running.ids(q)


async def test_a_service_that_refused_its_new_index_answers_from_the_old_one(
    running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, _ = await judged(running, tmp_path)
    settings = settings.model_copy(update={"search_alias": new_alias()})
    index = Index(running.index._engine, settings)  # pyright: ignore[reportPrivateUsage]
    old = (await rebuild(index, settings)).index
    older = Index(running.index._engine, settings)  # pyright: ignore[reportPrivateUsage]
    older.write_alias = f"{older.alias}-write-0123456789"
    await older.swap(old)
    bulk = index.bulk

    async def without_titles(writes: Sequence[Write], *arguments: Any, **options: Any) -> Outcome:
        return await bulk([blank(write) for write in writes], *arguments, **options)

    async def said(what: str | None) -> bool:
        found = await keeper.check()
        return found is what or (found is not None and what is not None and found.startswith(what))

    keeper = rebuilding.IndexKeeper(index, settings)
    with monkeypatch.context() as patched:
        patched.setattr(index, "bulk", without_titles)
        await keeper.start()
        await until(lambda: said("degraded"), 60)
    assert await index.current() == old
    assert await index.left_behind() == []
    await rebuild(index, settings, accept_worse=True)
    await until(lambda: said(None))
    await keeper.stop()
    await drop_all(index)


async def test_judged_queries_whose_sheets_are_not_there_keep_nothing_out(running: Running, tmp_path: Path) -> None:
    nowhere = relevance.Judgment(q="eau", language="fr", kind="place", grades={"xx-no-such-sheet": 3})
    assert await relevance.evaluate(running.index, [nowhere]) == []
    settings, sheet = await judged(running, tmp_path)
    (score,) = await relevance.evaluate(running.index, relevance.judged(settings.search_judgments))
    assert (score.ndcg, score.best_at, score.found[0]) == (1, 1, sheet.ref)


async def test_an_index_that_cannot_be_asked_is_not_compared(
    running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rebuilding, "log", structlog.get_logger())
    settings, sheet = await judged(running, tmp_path)
    engine = running.index._engine  # pyright: ignore[reportPrivateUsage]
    old = f"{settings.search_alias}-0123456789-1000000000000"
    # as of an edition in which a field that searches sort by was text
    properties = {"gone": {"type": "boolean"}, "id": {"type": "text"}, "codes": {"type": "keyword"}}
    async with engine.calling() as client:
        mappings = {"properties": {**properties, "sheet": {"type": "object", "enabled": False}}}
        await client.indices.create(index=old, mappings=mappings, aliases={f"{old}-alias": {}})
        source = {"id": sheet.id, "gone": False, "codes": [sheet.ref], "sheet": {"ref": sheet.ref}}
        await client.index(index=old, id=sheet.id, document=source, refresh=True)
    refs = await relevance.refs_of(running.index.at(old), relevance.judged(settings.search_judgments))
    assert list(refs.values()) == [sheet.ref]
    with pytest.raises(EngineRefusedError):
        await relevance.evaluate(running.index.at(old), relevance.judged(settings.search_judgments))
    with structlog.testing.capture_logs() as logs:
        await _judge_against(running, old, settings)
    assert [line["event"] for line in logs] == ["the present index cannot be asked as the new one is: not compared"]
    await running.index.drop(old)


async def _judge_against(running: Running, old: str, settings: Any) -> None:
    new = await running.index.current()
    assert new
    await rebuilding._judge(running.index.at(f"{old}-alias"), new, settings, rebuilding._silent, accept_worse=False)  # pyright: ignore[reportPrivateUsage]


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
