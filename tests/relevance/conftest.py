"""The demonstration's sheets, and others, all open, on both engines; what queries score is printed at the end."""

import json
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backbone.contracts.events import ProjectPublished
from services.search import relevance
from services.search.index import Index
from services.search.relevance import Score
from tests.integration.search.running import index_of
from tests.integration.search.sheets import FIRST, demonstration, published

SCORES: pytest.StashKey[dict[str, list[Score]]] = pytest.StashKey()
HELD_OUT: pytest.StashKey[dict[str, list[Score]]] = pytest.StashKey()
KNOWN: pytest.StashKey[dict[str, list[Score]]] = pytest.StashKey()
OTHER: pytest.StashKey[dict[str, list[Score]]] = pytest.StashKey()
# judged like the others, by readers who saw the sheets and nothing else, and never used to change anything
UNSEEN = Path(__file__).parent / "held_out.json"
# queries of which only the sheets are known that were meant: graded 3, the others not at all
KNOWN_ITEMS = Path(__file__).parent / "known_items.json"
# invented sheets of people who had not seen the demonstration's, and queries of people who had seen only these sheets
OTHER_SHEETS, OTHER_QUERIES = (Path(__file__).parent / f"other_{what}.json" for what in ("sheets", "queries"))


@pytest.fixture(scope="session")
async def open_sheets(each_search_url: str) -> AsyncGenerator[Index]:
    # by state, ranking may tell sheets apart: judged is what they say
    async with index_of(each_search_url, _opened(demonstration())) as loaded:
        yield loaded.index


@pytest.fixture(scope="session")
async def other_sheets(each_search_url: str) -> AsyncGenerator[Index]:
    async with index_of(each_search_url, _opened(others())) as loaded:
        yield loaded.index


def others() -> list[ProjectPublished]:
    """Publications of the sheets that are not the demonstration's."""
    records = json.loads(OTHER_SHEETS.read_text(encoding="utf-8"))
    return [published(one, str(UUID(int=number)), 1, FIRST) for number, one in enumerate(records, 1)]


def _opened(events: Iterable[ProjectPublished]) -> list[ProjectPublished]:
    return [event.model_copy(update={"sheet": event.sheet.model_copy(update={"status": "open"})}) for event in events]


@pytest.fixture(scope="session")
async def scores(open_sheets: Index, each_search_url: str, pytestconfig: pytest.Config) -> list[Score]:
    """What every judged query scores on this engine."""
    found = await relevance.evaluate(open_sheets, relevance.judged(None))
    pytestconfig.stash.setdefault(SCORES, {})[await _engine(each_search_url)] = found
    return found


@pytest.fixture(scope="session")
async def held_out(open_sheets: Index, each_search_url: str, pytestconfig: pytest.Config) -> list[Score]:
    """What the queries score that nothing was tuned on, on this engine."""
    found = await relevance.evaluate(open_sheets, relevance.judgments(UNSEEN))
    pytestconfig.stash.setdefault(HELD_OUT, {})[await _engine(each_search_url)] = found
    return found


@pytest.fixture(scope="session")
async def known_items(open_sheets: Index, each_search_url: str, pytestconfig: pytest.Config) -> list[Score]:
    """Where the sheet that was meant stands, on this engine."""
    found = await relevance.evaluate(open_sheets, relevance.judgments(KNOWN_ITEMS))
    pytestconfig.stash.setdefault(KNOWN, {})[await _engine(each_search_url)] = found
    return found


@pytest.fixture(scope="session")
async def other_queries(other_sheets: Index, each_search_url: str, pytestconfig: pytest.Config) -> list[Score]:
    """What the queries of other sheets score on this engine."""
    found = await relevance.evaluate(other_sheets, relevance.judgments(OTHER_QUERIES))
    pytestconfig.stash.setdefault(OTHER, {})[await _engine(each_search_url)] = found
    return found


async def _engine(url: str) -> str:
    async with httpx.AsyncClient() as http:
        version = (await http.get(url)).json()["version"]
    return f"{version.get('distribution', 'elasticsearch')} {version['number']}"


def pytest_terminal_summary(config: pytest.Config) -> None:
    console = Console(width=140)
    for title, key in (("judged", SCORES), ("held out", HELD_OUT), ("other sheets", OTHER)):
        if key in config.stash:
            console.print(f"{title}:")
            console.print(_table(config.stash[key]))
    if KNOWN in config.stash:
        for engine, found in config.stash[KNOWN].items():
            _print_known(console, engine, found)


def _print_known(console: Console, engine: str, found: Sequence[Score]) -> None:
    first, early = sum(one.best_at == 1 for one in found), sum(one.best_is_first for one in found)
    console.print(f"known items on {engine}: {first} of {len(found)} first, {early} among the first three; not:")
    for one in found:
        if not one.best_is_first:
            console.print(f"  {escape(one.judgment.q)} ({one.judgment.kind}): {one.best_at or 'beyond ten'}")


def _table(scored: Mapping[str, Sequence[Score]]) -> Table:
    table = Table("kind", "language", "query", *(f"nDCG@10 (best at) {engine}" for engine in scored))
    (first, *_) = scored.values()
    # in the order of the first engine: all have the same queries
    for judgment in (one.judgment for one in relevance.worst_first(first)):
        cells = [next(one for one in of if one.judgment == judgment) for of in scored.values()]
        shown = [f"{one.ndcg:.3f} ({one.best_at or '–'}){' nearly' if one.relaxed else ''}" for one in cells]
        table.add_row(judgment.kind, judgment.language, escape(judgment.q), *shown)
    table.add_section()
    for kind in relevance.by_kind(first):
        means = [relevance.mean(relevance.by_kind(of)[kind]) for of in scored.values()]
        table.add_row(kind, "", "mean", *(f"{one:.3f}" for one in means))
    table.add_row("all", "", "mean", *(f"{relevance.mean(of):.3f}" for of in scored.values()))
    return table
