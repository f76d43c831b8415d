"""The demonstration's sheets, all open, on both engines; what each query scored is printed at the end of the run."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.search import relevance
from services.search.index import Index
from services.search.relevance import Score
from tests.integration.search.running import index_of
from tests.integration.search.sheets import demonstration

SCORES: pytest.StashKey[dict[str, list[Score]]] = pytest.StashKey()
HELD_OUT: pytest.StashKey[dict[str, list[Score]]] = pytest.StashKey()
KNOWN: pytest.StashKey[dict[str, list[Score]]] = pytest.StashKey()
# queries of which only the sheets are known that were meant: graded 3, the others not at all
# judged like the others, by readers who saw the sheets and nothing else, and never used to change anything
UNSEEN = Path(__file__).parent / "held_out.json"
KNOWN_ITEMS = Path(__file__).parent / "known_items.json"


@pytest.fixture(scope="session")
async def open_sheets(each_search_url: str) -> AsyncGenerator[Index]:
    # by state, ranking may tell sheets apart: judged is what they say
    events = [
        event.model_copy(update={"sheet": event.sheet.model_copy(update={"status": "open"})})
        for event in demonstration()
    ]
    async with index_of(each_search_url, events) as loaded:
        yield loaded.index


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


async def _engine(url: str) -> str:
    async with httpx.AsyncClient() as http:
        version = (await http.get(url)).json()["version"]
    return f"{version.get('distribution', 'elasticsearch')} {version['number']}"


def pytest_terminal_summary(config: pytest.Config) -> None:
    console = Console(width=140)
    if SCORES in config.stash:
        console.print(_table(config.stash[SCORES]))
    if HELD_OUT in config.stash:
        console.print("held out:")
        console.print(_table(config.stash[HELD_OUT]))
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
