"""A rebuilt index that finds worse than the present one is not put in its place."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from services.search import documents, relevance
from services.search import index as indexing
from services.search import rebuild as rebuilding
from services.search.analysis import ANALYSIS
from services.search.documents import Write
from services.search.engine import EngineRefusedError
from services.search.index import Index, Outcome
from services.search.rebuild import WorseError, rebuild
from tests.integration.search.rebuilding import at_rest, judged, new_word, same
from tests.integration.search.running import Running, drop_all, new_alias, until
from tests.integration.search.sheets import publication


@pytest.fixture(autouse=True)
async def rested(running: Running) -> None:
    """Each test begins with an index that has all that was sent."""
    await at_rest(running)


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
    # other tests may have published sheets of the demonstration
    scores = await relevance.evaluate(running.index, relevance.judged(settings.search_judgments))
    (score,) = [score for score in scores if sheet.ref in score.judgment.grades]
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


async def test_an_index_of_other_rules_is_judged_by_them(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    event = publication(ref=f"xx-{new_word()}", title="Des abeilles", themes=["digital"])
    ours = documents.published(event.sheet.model_dump(mode="json"), 1)
    # asked in another language, it is found by its name in the thesaurus alone, cut as the index cuts it
    judgments = (relevance.Judgment(q="abejas", language="es", kind="language", grades={str(event.sheet.ref): 3}),)
    analyzer = {**ANALYSIS["analyzer"], "fr": {"tokenizer": "standard", "filter": ["lowercase"]}}
    index = running.index
    with monkeypatch.context() as patched:
        patched.setattr(indexing, "ANALYSIS", {**ANALYSIS, "analyzer": analyzer})
        patched.setattr(indexing, "edition", lambda: "0123456789")
        old = await index.create()
    new = await index.create()
    kept = ("id", "codes", "gone", "digest", "sheet", "published_at", "completeness")
    nothing = {name: value for name, value in json.loads(ours.source).items() if name in kept}
    for name, write in ((old, ours), (new, replace(ours, source=json.dumps(nothing).encode()))):
        assert (await index.bulk([write], name)).indexed == 1
        await index.open(name)
    reason = (await relevance.against(index, old, new, judgments))[-1]
    assert reason.startswith("'abejas' (es) had its best answer at place 1, now not among")
    for name in (old, new):
        await index.drop(name)
