"""From the log to the index, on both engines: found at once, in the order of versions, for ever gone when gone."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from backbone import inbox
from backbone.contracts.events import ProjectPublished
from backbone.contracts.topics import PUBLICATIONS
from backbone.database import Database
from services.search.app import database_of
from tests.integration.search.running import Running, ready, until
from tests.integration.search.sheets import publication, unpublication


def titled(project: str, version: int) -> ProjectPublished:
    return publication(project, version=version, title=f"Essai {version}")


async def title(running: Running, project: str) -> str | None:
    answer = await running.http.get("/projects", params={"q": project})
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    return items[0]["title"] if items else None


async def settled(running: Running) -> None:
    """Wait until all that was sent before was taken, by sending one more to every partition."""
    markers = [publication() for _ in range(PUBLICATIONS.partitions)]
    names = {marker.project for marker in markers}
    await running.send_to_each_partition(markers)

    async def shown() -> set[str]:
        return names & await running.ids()

    async def all_shown() -> bool:
        return await shown() == names

    async def none_shown() -> bool:
        return not await shown()

    await until(all_shown)
    await running.send_to_each_partition([unpublication(marker.project, 2) for marker in markers])
    await until(none_shown)


async def lacks(running: Running, project: str) -> bool:
    return not await running.has(project)


async def test_what_is_published_is_found(running: Running) -> None:
    # how soon is measured by the bench
    for _ in range(15):
        event = publication()
        await running.send(event)
        await until(lambda event=event: running.has(event.project))


async def test_an_older_version_is_refused_and_the_same_changes_nothing(running: Running) -> None:
    project = str(uuid4())
    await running.send(titled(project, 2), titled(project, 1), titled(project, 2))
    await settled(running)
    assert await title(running, project) == "Essai 2"
    await running.send(titled(project, 4), titled(project, 3))
    await settled(running)
    assert await title(running, project) == "Essai 4"


async def test_a_tombstone_refuses_what_is_older_and_yields_to_what_is_newer(running: Running) -> None:
    project = str(uuid4())
    await running.send(titled(project, 1))
    await until(lambda: running.has(project))
    await running.send(unpublication(project, 3))
    await until(lambda: lacks(running, project))
    await running.send(titled(project, 2), titled(project, 3))
    await settled(running)
    assert await title(running, project) is None
    await running.send(titled(project, 4))
    await until(lambda: running.has(project))
    # unpublished before it was ever published: what comes late stays out
    late = str(uuid4())
    await running.send(unpublication(late, 2), titled(late, 1))
    await settled(running)
    assert await title(running, late) is None


@pytest.fixture(scope="module")
async def database(running: Running) -> Database:
    return database_of(running.settings)


async def test_an_event_that_never_fits_is_parked_alone(running: Running, database: Database) -> None:
    good, bad = [publication() for _ in range(20)], publication()
    authority = bad.sheet.authority.model_copy(update={"ref": "x" * 40_000})
    too_long = bad.model_copy(update={"sheet": bad.sheet.model_copy(update={"authority": authority})})
    await running.send(*good[:10], too_long, *good[10:])
    for event in good:
        await until(lambda event=event: running.has(event.project))
    await database.start()
    try:

        async def parked() -> list[inbox.Parked]:
            async with database.connection() as connection:
                return [one for one in await inbox.list_parked(connection, "search") if one.key == bad.project]

        async def kept(count: int) -> bool:
            return len(await parked()) == count

        await until(lambda: kept(1))
        await running.send(titled(bad.project, 2))
        await until(lambda: kept(2))
        first, second = await parked()
        assert (first.held, second.held) == (False, True)
        assert "immense" in first.error or "32766" in first.error
        assert not await running.has(bad.project)
        async with database.transaction() as tx:
            await inbox.discard(tx, "search", [one.id for one in (first, second) if one.id is not None])
    finally:
        await database.stop()
    # what was discarded here is still in the log, where the tests of the rebuild would find it
    await running.send(unpublication(bad.project, 3))
    await settled(running)


async def test_while_the_engine_is_away_searches_say_so_and_events_wait(running: Running) -> None:
    before, during = publication(), publication()
    await running.send(before)
    await until(lambda: running.has(before.project))
    await running.gate.shut()
    try:
        for path in ("/projects", "/projects?q=eau", "/map", "/suggest?q=eau"):
            answer = await running.http.get(path)
            assert answer.status_code == 503, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
        assert not await ready(running.http)
        # what is wrong is said even so
        assert (await running.http.get("/projects?size=0")).status_code == 422
        await running.send(during)
    finally:
        await running.gate.open()
    await until(lambda: found(running, during.project))
    assert await running.has(before.project)
    await until(lambda: ready(running.http))


async def found(running: Running, project: str) -> bool:
    answer = await running.http.get("/projects", params={"q": project})
    return answer.status_code == 200 and answer.json()["total"] == 1


async def test_searches_are_measured(running: Running) -> None:
    await running.http.get("/projects", params={"q": "qwzxqwzx"})
    said = (await running.http.get("/metrics")).text
    for metric in ("bourse_search_seconds_count", "bourse_search_zero_results_total", "bourse_index_documents_total"):
        assert metric in said


async def test_the_sheet_in_the_index_is_the_event_s(running: Running) -> None:
    event = publication(published_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))
    await running.send(event)
    await until(lambda: running.has(event.project))
    answer = await running.index.search(
        {"query": {"term": {"id": event.project}}, "version": True, "_source": ["sheet"]}
    )
    (hit,) = answer["hits"]["hits"]
    assert hit["_source"]["sheet"] == event.sheet.model_dump(mode="json")
    assert hit["_version"] == event.version
