"""The index: its names, its versions, what is written to it and read from it.

Searches read the alias `bourse-projets`; events are written through `bourse-projets-write-<edition>`. Both point to
`bourse-projets-<edition>-<time>` and move in one step. The edition is in the name of the second so that a process with
another mapping finds no index to write to, and waits, instead of writing documents that do not fit.

Every document is written under its event's version (`external`): what comes twice changes nothing, what comes late is
refused. A sheet that is unpublished is not deleted but replaced by a tombstone, because the engine forgets the version
of a deleted document after a minute.
"""

import hashlib
import re
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

import orjson
from prometheus_client import Counter

from backbone.contracts.checksum import SheetsChecksum
from backbone.errors import Unavailable
from services.search import documents, prefixes
from services.search.analysis import ANALYSIS
from services.search.documents import MAPPING, SIMILARITY, Write
from services.search.engine import Engine, EngineRefusedError, IndexMissing, refusal
from services.search.settings import Settings

WRITTEN = Counter("bourse_index_documents_total", "Documents written to the index, by outcome.", ["outcome"])

PUBLISHED: Final[Mapping[str, Any]] = {"term": {"gone": False}}
PAGE: Final = 500
STALE: Final = 409


class DocumentRefusedError(Exception):
    """The engine will never take this document as it is."""


@dataclass(frozen=True)
class Outcome:
    """What became of one bulk: documents indexed, as old as what is there, and refused for good (with the reason)."""

    indexed: int
    stale: int
    refused: Sequence[tuple[Write, str]]


@dataclass
class Spent:
    """What the engine says that it took for the searches of one call, milliseconds."""

    engine_ms: int = 0
    requests: int = 0


_SPENT: ContextVar[Spent | None] = ContextVar("spent", default=None)


@contextmanager
def spending() -> Generator[Spent]:
    """Count what the searches within take."""
    spent = Spent()
    token = _SPENT.set(spent)
    try:
        yield spent
    finally:
        _SPENT.reset(token)


@cache
def edition() -> str:
    """A name for how documents look: another one means another index."""
    what = [documents.EDITION, MAPPING, SIMILARITY, prefixes.with_ours(ANALYSIS), documents.vocabulary()]
    return hashlib.sha256(orjson.dumps(what, option=orjson.OPT_SORT_KEYS)).hexdigest()[:10]


def edition_of(name: str) -> str:
    """The edition in the name of an index."""
    return name.rsplit("-", 2)[-2]


class Index:
    """The index behind the alias of the settings."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self.alias = settings.search_alias
        self.write_alias = f"{self.alias}-write-{edition()}"
        self.slow_ms = settings.search_slow_ms
        # sooner than the client gives up, so that the engine stops working on what nobody waits for
        self._longest = f"{round(settings.search_timeout_s * 900)}ms"

    @property
    def engine(self) -> Engine:
        return self._engine

    def at(self, name: str) -> "Index":
        """One index by its name, whatever the aliases say: to be searched, not written."""
        other = Index(self._engine, self._settings)
        other.alias = name
        return other

    # -- searches ------------------------------------------------------------------------------------------------

    async def search(self, body: dict[str, Any], **options: Any) -> dict[str, Any]:
        """One `_search`. Raises `Unavailable` rather than answer from a part of the index, or too late."""
        async with self._engine.calling() as client:
            answer = await client.search(
                index=self.alias,
                allow_partial_search_results=False,
                body={**body, "timeout": self._longest},
                **options,
            )
        return whole(answer.body)

    async def searches(self, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Several of them in one request; raises as `search` does where one of them cannot be answered."""
        return [whole(one) for one in await self._several(bodies)]

    async def each(self, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any] | EngineRefusedError]:
        """Several of them, each with its answer or, where the engine will never answer it, its refusal."""
        # nobody waits for them
        return [_answer_or_refusal(one) for one in await self._several(bodies, request_timeout=60)]

    async def _several(self, bodies: Sequence[Mapping[str, Any]], **options: Any) -> list[dict[str, Any]]:
        header = orjson.dumps({"index": self.alias, "allow_partial_search_results": False})
        lines = [line for body in bodies for line in (header, orjson.dumps({**body, "timeout": self._longest}))]
        async with self._engine.calling() as client:
            # already encoded: the client passes bytes on as they are
            answer = await client.options(**options).msearch(searches=cast("Any", lines))
        return answer.body["responses"]

    # -- events --------------------------------------------------------------------------------------------------

    async def write(self, writes: Sequence[Write]) -> None:
        """Write documents and make them found. Raises `Unavailable`; `DocumentRefusedError` where one never fits."""
        outcome = await self.bulk(writes, self.write_alias, alias=True, refresh=True)
        if outcome.refused:
            raise DocumentRefusedError("; ".join(f"{write.id}: {why}" for write, why in outcome.refused))

    async def bulk(
        self, writes: Sequence[Write], target: str, *, alias: bool = False, refresh: bool = False
    ) -> Outcome:
        """Write documents under the rule of versions. Raises `Unavailable` where any has to be tried again."""
        lines: list[bytes] = []
        for write in writes:
            action = {"_id": write.id, "version": write.version, "version_type": "external"}
            lines += (orjson.dumps({"index": action}), write.source)
        async with self._engine.calling() as client:
            answer = await client.options(request_timeout=60).bulk(
                # already encoded: the client passes bytes on as they are
                operations=cast("Any", lines),
                index=target,
                require_alias=alias,
                refresh=refresh,
                filter_path=["errors", "items.*.status", "items.*.error.reason", "items.*.error.caused_by.reason"],
            )
        outcome = _outcome(writes, answer.body)
        WRITTEN.labels("indexed").inc(outcome.indexed)
        WRITTEN.labels("stale").inc(outcome.stale)
        WRITTEN.labels("refused").inc(len(outcome.refused))
        return outcome

    # -- names ---------------------------------------------------------------------------------------------------

    async def current(self) -> str | None:
        """The index that is searched."""
        return await self._behind(self.alias)

    async def is_of_this_edition(self) -> bool:
        """Whether the index that is searched is one that this process writes to."""
        return await self._behind(self.write_alias) is not None

    async def _behind(self, alias: str) -> str | None:
        try:
            async with self._engine.calling() as client:
                found = await client.indices.get_alias(name=alias)
        except IndexMissing:
            return None
        return next(iter(found.body), None)

    async def create(self) -> str:
        """A new, empty index of this edition that nobody sees yet, set up for loading; its name."""
        name = f"{self.alias}-{edition()}-{time.time_ns() // 1_000_000}"
        settings = {
            "number_of_shards": self._settings.search_shards,
            "number_of_replicas": 0,
            "refresh_interval": "-1",
            "analysis": prefixes.with_ours(ANALYSIS),
            "similarity": SIMILARITY,
        }
        async with self._engine.calling() as client:
            await client.options(request_timeout=30).indices.create(index=name, settings=settings, mappings=MAPPING)
        return name

    async def open(self, name: str) -> None:
        """End the loading of an index: all of it is found from here on."""
        settings = {"refresh_interval": None, "number_of_replicas": self._settings.search_replicas}
        async with self._engine.calling() as client:
            await client.options(request_timeout=60).indices.refresh(index=name)
            await client.indices.put_settings(index=name, settings=settings)

    async def refresh(self, name: str) -> None:
        async with self._engine.calling() as client:
            await client.options(request_timeout=60).indices.refresh(index=name)

    async def swap(self, name: str) -> list[str]:
        """Move both aliases to this index in one step; the indices that had them."""
        async with self._engine.calling() as client:
            held = (await client.indices.get_alias(index=f"{self.alias}-*")).body
            moves: list[dict[str, Any]] = []
            for index, found in held.items():
                ours = [alias for alias in found["aliases"] if self._is_alias(alias)]
                moves += ({"remove": {"index": index, "alias": alias}} for alias in ours)
            moves += ({"add": {"index": name, "alias": alias}} for alias in (self.alias, self.write_alias))
            await client.indices.update_aliases(actions=moves)
        return [index for index, found in held.items() if index != name and self.alias in found["aliases"]]

    def _is_alias(self, alias: str) -> bool:
        return alias == self.alias or alias.startswith(f"{self.alias}-write-")

    async def left_behind(self) -> list[str]:
        """Indices of ours that nobody searches: half-built, or no longer needed."""
        ours = re.compile(rf"{re.escape(self.alias)}-[0-9a-f]{{10}}-\d{{13,}}")
        async with self._engine.calling() as client:
            held = (await client.indices.get_alias(index=f"{self.alias}-*")).body
        return [name for name, found in held.items() if ours.fullmatch(name) and self.alias not in found["aliases"]]

    async def drop(self, name: str) -> None:
        async with self._engine.calling() as client:
            await client.options(request_timeout=30).indices.delete(index=name, ignore_unavailable=True)

    async def searches_under_way(self, name: str) -> int:
        """How many searches are being answered from this index."""
        async with self._engine.calling() as client:
            stats = (await client.indices.stats(index=name, metric="search")).body
        search = stats["_all"]["total"].get("search", {})
        return sum(search.get(key, 0) for key in ("query_current", "fetch_current", "open_contexts"))

    # -- contents ------------------------------------------------------------------------------------------------

    async def scan(
        self, index: str, query: Mapping[str, Any], *, size: int = PAGE, **options: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Every hit of a query, in the order of the ids."""
        body: dict[str, Any] = {"query": query, "sort": [{"id": "asc"}], "size": size, "version": True, **options}
        while True:
            async with self._engine.calling() as client:
                answer = await client.options(request_timeout=60).search(
                    index=index, allow_partial_search_results=False, body=body
                )
            hits = answer.body["hits"]["hits"]
            for hit in hits:
                yield hit
            if len(hits) < size:
                return
            body["search_after"] = hits[-1]["sort"]

    async def checksum(self) -> SheetsChecksum:
        """The checksum of the published sheets, from the sheets themselves."""
        total = SheetsChecksum()
        async with aclosing(self.scan(self.alias, PUBLISHED, _source=["sheet"])) as hits:
            async for hit in hits:
                total.add(hit["_id"], hit["_version"], hit["_source"]["sheet"])
        return total

    async def digests(self, index: str) -> dict[str, tuple[int, str | None]]:
        """Of every document, tombstones included: its id, version and stored digest."""
        # nothing but doc values: to fetch ids would read all the sheets
        options: dict[str, Any] = {"stored_fields": "_none_", "docvalue_fields": ["digest"]}
        async with aclosing(self.scan(index, {"match_all": {}}, size=10_000, **options)) as hits:
            return {
                hit["sort"][0]: (hit["_version"], hit.get("fields", {}).get("digest", [None])[0]) async for hit in hits
            }


def whole(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of the engine. Raises `Unavailable` where it is only a part of one."""
    if "error" in answer:
        raise refusal(answer["status"], answer)
    spent = _SPENT.get()
    if spent is not None:
        spent.engine_ms += answer["took"]
        spent.requests += 1
    if answer["timed_out"]:
        raise Unavailable("the search took too long")
    return answer


def _answer_or_refusal(answer: dict[str, Any]) -> dict[str, Any] | EngineRefusedError:
    try:
        return whole(answer)
    except EngineRefusedError as refused:
        return refused


def _outcome(writes: Sequence[Write], answer: Mapping[str, Any]) -> Outcome:
    if not answer["errors"]:
        return Outcome(len(writes), 0, ())
    stale = 0
    refused: list[tuple[Write, str]] = []
    for write, item in zip(writes, answer["items"], strict=True):
        result = item["index"]
        status = result["status"]
        if status == STALE:
            stale += 1
        elif status == 404:
            raise IndexMissing("the index is being rebuilt")
        elif status == 429 or status >= 500:
            raise Unavailable(f"the search engine could not write: {status}")
        elif status >= 400:
            error = result.get("error", {})
            why = error.get("caused_by", {}).get("reason") or error.get("reason") or str(status)
            refused.append((write, why))
    return Outcome(len(writes) - stale - len(refused), stale, refused)
