"""Search at scale: at each number of sheets the service beside the same queries sent raw, PostgreSQL's full text on the
same rows, and what 32 clients get at once.

The sheets are written straight into an index of the service's own making, as the documents that it makes of them: by
Kafka and consumer the loading would take hours, and what is measured would be the same.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import orjson
from rich.console import Console

from backbone.contracts.sheet import PublicSheet
from bench import load as clients
from bench import many
from bench.fulltext import FullText
from bench.measure import Figure, percentile
from bench.stack import Stack
from services.search import documents, prefixes, queries, suggestions
from services.search.engine import Engine
from services.search.index import Index
from services.search.parameters import Filters, Search
from services.search.reaching import understood
from services.search.settings import Settings
from services.search.thesaurus import Thesaurus, seed
from services.search.vocabulary import Vocabulary

CLIENTS: Final = 32
BULK: Final = 500
BULKS_AT_ONCE: Final = 3
WARM_UP: Final = 60
LONGEST_S: Final = 40  # of one measurement at one size
MOST: Final = 300
THROUGHPUT_S: Final = 10
BAR_AT: Final = 120_000

Ask = tuple[str, str, bytes]  # path of the service; call of the engine and body where it is sent raw

# as people search: words and facets
ASKED: Final[Sequence[Filters]] = (
    Filters(),
    Filters(selections={"continent": frozenset({"africa"}), "theme": frozenset({"water-sanitation"})}),
    Filters(q="eau potable"),
    Filters(q="marché", selections={"continent": frozenset({"africa"}), "kind": frozenset({"demand"})}),
    Filters(q="énergie solaire", selections={"language": frozenset({"fr"})}),
    Filters(q="patrimoine", selections={"country": frozenset({"MA", "SN"})}),
)
# letter by letter
TYPED: Final = (
    "eau potable",
    "Sénégal",
    "commune de b",
    "l'assainissement",
    "marché de k",
    "saint",
    "d'énergie",
    "ville",
)
console = Console()


class Filled:
    """An index of the service's own, filled with the sheets of the bench up to a number."""

    def __init__(self, stack: Stack, index: Index, name: str, thesaurus: Thesaurus) -> None:
        self.stack = stack
        self.index = index
        self.thesaurus = thesaurus
        self.name = name
        self.count = 0

    async def fill(self, count: int) -> float:
        """Go on up to so many; sheets a second."""
        started, before = time.perf_counter(), self.count
        gate = asyncio.Semaphore(BULKS_AT_ONCE)

        async def write(batch: Sequence[documents.Write]) -> None:
            try:
                outcome = await self.index.bulk(batch, self.name)
            finally:
                gate.release()
            if outcome.indexed != len(batch):
                raise RuntimeError(f"refused: {outcome.refused[:1]}")

        async with asyncio.TaskGroup() as tasks:
            for batch in _batches(documents.published(sheet, 1) for sheet in many.sheets(count, before)):
                await gate.acquire()
                tasks.create_task(write(batch))
        await self.index.refresh(self.name)
        self.count = count
        return (count - before) / (time.perf_counter() - started)


def _batches(writes: Iterator[documents.Write]) -> Iterator[list[documents.Write]]:
    while batch := list(itertools.islice(writes, BULK)):
        yield batch


@asynccontextmanager
async def filled(stack: Stack) -> AsyncGenerator[Filled, None]:
    """A new index in the place of the stack's own."""
    for sheet in many.sheets(3):
        PublicSheet.model_validate(sheet)
    settings = Settings(search_url=stack.search_engine, search_timeout_s=60)
    engine = Engine(settings)
    index = Index(engine, settings)
    name = await index.create()
    for old in await index.swap(name):
        await index.drop(old)
    vocabulary = Vocabulary(engine)
    await vocabulary.take(seed())
    yield Filled(stack, index, name, vocabulary.now)
    await engine.stop()


class Told(list[Figure]):
    """Figures that are shown as they come: a run takes long, and may be broken off."""

    def append(self, figure: Figure, /) -> None:
        super().append(figure)
        raw = "" if figure.raw is None else f" beside {figure.raw:,.1f}"
        console.print(f"    {figure.name}: {figure.reached:,.1f} {figure.unit}{raw}", highlight=False)

    def extend(self, figures: Iterable[Figure], /) -> None:
        for figure in figures:
            self.append(figure)


async def measure(stack: Stack, sizes: Sequence[int]) -> list[Figure]:
    """All figures at each of these sizes, from the least to the greatest."""
    figures = Told()
    table = FullText(stack.database("search"))
    async with filled(stack) as at, aiohttp.ClientSession() as session:
        for count in sorted(sizes):
            before = at.count
            console.print(f"{count:,} sheets: writing documents …")
            speed = await at.fill(count)
            figures.append(Figure(f"{count:,}: documents written", speed, "sheets/s"))
            console.print("  waiting for merges …")
            size = await _settled(session, at)
            figures.append(Figure(f"{count:,}: index", size / count, "bytes/sheet"))
            figures.extend(await _latencies(session, at, count))
            console.print("  32 clients …")
            figures.extend(await asyncio.to_thread(_throughput, at, count))
            console.print("  PostgreSQL: loading …")
            await table.load(many.sheets(count, before), first=before)
            console.print("  PostgreSQL: searching …")
            times = await table.search(ASKED, LONGEST_S / 2)
            p50, p95 = percentile(times, 0.5), percentile(times, 0.95)
            figures.append(Figure(f"{count:,}: PostgreSQL full text p50", p50, "ms"))
            figures.append(Figure(f"{count:,}: PostgreSQL full text p95", p95, "ms"))
    return figures


async def _settled(session: aiohttp.ClientSession, at: Filled) -> int:
    """Wait until the engine merges no more; the bytes of the index."""
    address = f"{at.stack.search_engine}/{at.name}/_stats/merge,store"
    while True:
        async with session.get(address) as answer:
            total = (await answer.json())["_all"]["total"]
        if total["merges"]["current"] == 0:
            return total["store"]["size_in_bytes"]
        await asyncio.sleep(1)


# -- one at a time ---------------------------------------------------------------------------------------------------


def _pairs(asked: Filters) -> str:
    chosen = [(name, value) for name, values in asked.selections.items() for value in sorted(values)]
    return urlencode([*([("q", asked.q)] if asked.q else []), *chosen])


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def searches(thesaurus: Thesaurus) -> list[Ask]:
    found: list[Ask] = []
    for asked in ASKED:
        page = Search(asked, "relevance" if asked.q else "newest", 20, None, "fr")
        body = queries.search(page, understood(asked.q, thesaurus), _today(), None)
        found.append((f"/projects?{_pairs(asked)}", "_search", orjson.dumps(body)))
    return found


def maps(thesaurus: Thesaurus) -> list[Ask]:
    found: list[Ask] = []
    for zoom, asked in zip((1, 3, 3, 5, 4, 2), ASKED, strict=True):
        body = orjson.dumps(queries.clusters(asked, understood(asked.q, thesaurus), zoom))
        # without single sheets, which are one request more
        found.append((f"/map?{_pairs(asked)}&zoom={zoom}&points=0", "_search", body))
    return found


def typing(alias: str) -> list[Ask]:
    found: list[Ask] = []
    header = orjson.dumps({"index": alias})
    for text in TYPED:
        for length in range(1, len(text) + 1):
            typed = text[:length]
            bodies = suggestions.bodies(prefixes.normal(typed), nearly=False)
            lines = b"".join(line + b"\n" for body in bodies for line in (header, orjson.dumps(body)))
            found.append((f"/suggest?{urlencode({'q': typed})}", "_msearch", lines))
    return found


async def _latencies(session: aiohttp.ClientSession, at: Filled, count: int) -> list[Figure]:
    figures: list[Figure] = []
    for name, asks in (
        ("search", searches(at.thesaurus)),
        ("map", maps(at.thesaurus)),
        ("suggestions", typing(at.index.alias)),
    ):
        console.print(f"  {name} …")
        ours, raw = await _in_turn(session, at, asks)
        p50, beside = percentile(ours, 0.5), percentile(raw, 0.5)
        bar, held = "", None
        if name == "search" and count == BAR_AT:
            bar, held = "≤ 1.25 × raw", p50 <= 1.25 * beside
        figures.append(Figure(f"{count:,}: {name} p50", p50, "ms", beside, bar, held))
        p95 = percentile(ours, 0.95)
        bar, held = ("≤ 30 ms", p95 <= 30) if name == "suggestions" else ("", None)
        figures.append(Figure(f"{count:,}: {name} p95", p95, "ms", percentile(raw, 0.95), bar, held))
    return figures


async def _in_turn(session: aiohttp.ClientSession, at: Filled, asks: Sequence[Ask]) -> tuple[list[float], list[float]]:
    """Milliseconds through the service and raw, the same query by turns."""
    service = at.stack.url("search")
    ours: list[float] = []
    raw: list[float] = []

    async def timed(method: str, address: str, body: bytes | None) -> float:
        started = time.perf_counter()
        headers = {"Content-Type": "application/json"}
        async with session.request(method, address, data=body, headers=headers) as answer:
            answer.raise_for_status()
            await answer.read()
        return (time.perf_counter() - started) * 1000

    end = time.perf_counter() + LONGEST_S
    for number in range(WARM_UP + MOST):
        path, call, body = asks[number % len(asks)]
        both = [(ours, "GET", service + path, None), (raw, "POST", _raw(at, call), body)]
        # whoever comes second finds the engine's memory warm
        for times, method, address, sent in both if number // len(asks) % 2 else reversed(both):
            took = await timed(method, address, sent)
            if number >= WARM_UP:
                times.append(took)
        if time.perf_counter() > end and len(ours) >= len(asks):
            break
    return ours, raw


def _raw(at: Filled, call: str) -> str:
    return f"{at.stack.search_engine}/{at.index.alias}/{call}"


# -- many at once ----------------------------------------------------------------------------------------------------


def _throughput(at: Filled, count: int) -> list[Figure]:
    """Searches a second of 32 clients, through the service and raw, by turns."""
    service = at.stack.url("search")
    ours: list[Mapping[str, Any]] = [
        {"method": "GET", "url": service + path, "body": None} for path, _, _ in searches(at.thesaurus)
    ]
    raw: list[Mapping[str, Any]] = [
        {"method": "POST", "url": _raw(at, call), "body": body.decode()} for _, call, body in searches(at.thesaurus)
    ]
    reached: dict[str, list[dict[str, float]]] = {"ours": [], "raw": []}
    for turn in range(3):
        for name, requests in (("ours", ours), ("raw", raw)):
            said = clients.measured(CLIENTS, THROUGHPUT_S, requests)
            if turn:  # the first turn warms up
                reached[name].append(said)
    mean = {name: sum(one["per_second"] for one in of) / len(of) for name, of in reached.items()}
    p95 = {name: max(one["p95_ms"] for one in of) for name, of in reached.items()}
    held = mean["ours"] >= 0.7 * mean["raw"]
    return [
        Figure(f"{count:,}: {CLIENTS} clients", mean["ours"], "searches/s", mean["raw"], "≥ 0.7 × raw", held),
        Figure(f"{count:,}: {CLIENTS} clients, p95", p95["ours"], "ms", p95["raw"]),
    ]
