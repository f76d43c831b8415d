"""The same sheets in PostgreSQL: full text by its French rules, and a GROUP BY for each facet."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

import asyncpg

from services.search import facets
from services.search.parameters import Filters

AT_ONCE: Final = 2
CHUNK: Final = 5000
_FIELDS: Final = {facet.name: facet.path for facet in facets.FACETS}
_COLUMNS: Final = tuple(_FIELDS.values())
_TABLE: Final = f"""
create table bench_sheets (
    id integer primary key, published timestamptz not null, words tsvector not null,
    {", ".join(f"{name} text[] not null" for name in _COLUMNS)}
)"""


class FullText:
    """A table of sheets with the indexes that it needs."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def load(self, sheets: Iterable[Mapping[str, Any]], *, first: int) -> None:
        """Add these sheets; the indexes are made when all are there."""
        connections = [await asyncpg.connect(self._url) for _ in range(AT_ONCE)]
        try:
            if first == 0:
                await connections[0].execute("drop table if exists bench_sheets")
                await connections[0].execute(_TABLE)
            await self._indexes(connections[0], drop=True)
            await self._fill(connections, sheets, first)
            await self._indexes(connections[0], drop=False)
            await connections[0].execute("vacuum analyze bench_sheets")
        finally:
            for connection in connections:
                await connection.close()

    async def _fill(self, connections: Sequence[Any], sheets: Iterable[Mapping[str, Any]], first: int) -> None:
        rows = _rows(sheets, first)

        async def worker(connection: Any) -> None:
            columns = ("id", "published", *_COLUMNS)
            async with connection.transaction():
                await connection.execute(
                    "create temporary table incoming on commit drop as "
                    f"select {', '.join(columns)}, ''::text as body from bench_sheets limit 0"
                )
                while chunk := list(_take(rows)):
                    await connection.copy_records_to_table("incoming", records=chunk, columns=[*columns, "body"])
                    await connection.execute(
                        f"insert into bench_sheets ({', '.join(columns)}, words) "
                        f"select {', '.join(columns)}, to_tsvector('french', body) from incoming"
                    )
                    await connection.execute("truncate incoming")

        async with asyncio.TaskGroup() as tasks:
            for connection in connections:
                tasks.create_task(worker(connection))

    async def _indexes(self, connection: Any, *, drop: bool) -> None:
        made = {
            "words": "gin (words)",
            "published": "btree (published desc, id)",
            **{name: f"gin ({name})" for name in _COLUMNS},
        }
        for name, how in made.items():
            await connection.execute(f"drop index if exists bench_{name}")
            if not drop:
                await connection.execute(f"create index bench_{name} on bench_sheets using {how}")

    async def search(self, filters: Sequence[Filters], seconds: float) -> list[float]:
        """Milliseconds of each of these searches, in turn, for about so long."""
        connection: Any = await asyncpg.connect(self._url)
        times: list[float] = []
        end = time.perf_counter() + seconds
        try:
            while time.perf_counter() < end:
                for asked in filters:
                    started = time.perf_counter()
                    for statement, arguments in statements(asked):
                        await connection.fetch(statement, *arguments)
                    times.append((time.perf_counter() - started) * 1000)
        finally:
            await connection.close()
        return times


def _rows(sheets: Iterable[Mapping[str, Any]], first: int) -> Iterable[tuple[Any, ...]]:
    for number, sheet in enumerate(sheets, first):
        said = (
            *(sheet["title"], sheet["summary"], sheet["description"], sheet["partner_sought"]),
            *(*sheet["objectives"], *sheet["expected_results"]),
            *(sheet["authority"]["name"], sheet["location"]["name"]),
        )
        values = facets.fields(cast("dict[str, Any]", sheet))
        published = datetime.fromisoformat(sheet["published_at"])
        yield (number, published, *(values[name] for name in _COLUMNS), " ".join(said))


def _take(rows: Iterable[Any]) -> Iterable[Any]:
    for _, row in zip(range(CHUNK), rows, strict=False):
        yield row


def statements(asked: Filters) -> list[tuple[str, list[Any]]]:
    """The page, the total, and the counts of each facet under all filters but its own, as the service answers them."""
    found = [_page(asked), (f"select count(*) from bench_sheets where {_where(asked)}", _arguments(asked))]
    for name in _COLUMNS:
        where, arguments = _where(asked, but=name), _arguments(asked, but=name)
        counted = f"select value, count(*) from bench_sheets, unnest({name}) value where {where} group by value"
        found.append((counted, arguments))
    return found


def _page(asked: Filters) -> tuple[str, list[Any]]:
    order = "ts_rank(words, websearch_to_tsquery('french', $1)) desc, id" if asked.q else "published desc, id"
    return f"select id from bench_sheets where {_where(asked)} order by {order} limit 21", _arguments(asked)


def _where(asked: Filters, but: str = "") -> str:
    names = [_FIELDS[name] for name in asked.selections if _FIELDS[name] != but]
    words = ["words @@ websearch_to_tsquery('french', $1)"] if asked.q else []
    chosen = [f"{name} && ${number}" for number, name in enumerate(names, 1 + len(words))]
    return " and ".join([*words, *chosen]) or "true"


def _arguments(asked: Filters, but: str = "") -> list[Any]:
    chosen = [sorted(values) for name, values in asked.selections.items() if _FIELDS[name] != but]
    return [*([asked.q] if asked.q else []), *chosen]
