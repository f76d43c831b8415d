"""Sheets through Kafka and the consumer, and a rebuild against a raw bulk of the same documents."""

import asyncio
import itertools
import json
import re
import time
from collections.abc import Sequence
from typing import Any, Final, cast

import aiohttp
from aiokafka import AIOKafkaProducer

from backbone.contracts.topics import PUBLICATIONS
from backbone.kafka import EventMeta, encode
from bench.measure import Figure, median
from bench.sheets import publications
from bench.stack import Client, Stack, bourse

SHEETS: Final = 12_000
# in sheets: at 12,000 five rebuilds are measured after three, at 120,000 three after one
MEASURED: Final = 65_000
WARM_UP: Final = 40_000
CHUNK: Final = 500
AT_ONCE: Final = 2
ALIAS: Final = "bourse-projets"


async def load(stack: Stack, client: Client, count: int, already: int = 0) -> float:
    """Publish so many sheets on the topic itself, less those that were before; the seconds until they are found."""
    before = (await client.call("search", "GET", "/projects?size=1"))["total"]
    producer: Any = AIOKafkaProducer(bootstrap_servers=stack.bootstrap, linger_ms=20)
    await producer.start()
    started = time.perf_counter()
    try:
        for event in itertools.islice(publications(count), already, None):
            meta = EventMeta(f"bench-{event.project}", event.TYPE, "/bench", event.occurred_at, event.project)
            value, headers = encode(meta, event.model_dump_json().encode())
            await producer.send(PUBLICATIONS.name, value, key=event.project.encode(), headers=headers)
    finally:
        await producer.stop()
    async with asyncio.timeout(300 + count / 50):
        while True:
            if (await client.call("search", "GET", "/projects?size=1"))["total"] >= before + count - already:
                return time.perf_counter() - started
            await asyncio.sleep(0.2)


async def measure_rebuild(stack: Stack) -> list[Figure]:
    """Sheets a second of `./bourse search rebuild` and of a raw bulk of the documents that it made, in turn; and of a
    rebuild less its judged queries, which take some seconds however few sheets there are.
    """
    rebuilt: list[float] = []
    unjudged: list[float] = []
    raw: list[float] = []
    async with aiohttp.ClientSession(stack.search_engine) as session:
        chunks, count = await _documents(session)
        warm_up = max(1, WARM_UP // count)  # the engine's compiler takes some rebuilds to be warm
        for number in range(warm_up + max(3, MEASURED // count)):
            said = await asyncio.to_thread(bourse, stack.data, "search", "rebuild")
            seconds = re.search(r"in ([\d.]+) s\s+\(([\d.]+) s of it", said)
            if seconds is None:
                raise RuntimeError(said)
            beside = await _bulk(session, chunks)
            if number >= warm_up:
                rebuilt.append(count / float(seconds[1]))
                unjudged.append(count / (float(seconds[1]) - float(seconds[2])))
                raw.append(count / beside)
    figures: list[Figure] = []
    for name, ours in (("rebuild", rebuilt), ("rebuild, judged queries apart", unjudged)):
        ratio = median([one / other for one, other in zip(ours, raw, strict=True)])
        figures.append(
            Figure(f"{count:,} sheets: {name}", median(ours), "sheets/s", median(raw), "≥ 0.8 × raw bulk", ratio >= 0.8)
        )
    return figures


async def _documents(session: aiohttp.ClientSession) -> tuple[list[bytes], int]:
    """Every document of the index as bodies of bulk requests."""
    chunks: list[bytes] = []
    count = 0
    after: list[Any] | None = None
    while True:
        body: dict[str, Any] = {"size": CHUNK, "sort": [{"id": "asc"}], "query": {"match_all": {}}}
        if after:
            body["search_after"] = after
        async with session.post(f"/{ALIAS}/_search", json=body) as answer:
            hits = (await answer.json())["hits"]["hits"]
        if not hits:
            return chunks, count
        after = hits[-1]["sort"]
        count += len(hits)
        lines = [f'{{"index":{{"_id":{json.dumps(hit["_id"])}}}}}\n{json.dumps(hit["_source"])}\n' for hit in hits]
        chunks.append("".join(lines).encode())


async def _bulk(session: aiohttp.ClientSession, chunks: Sequence[bytes]) -> float:
    """The seconds of a raw bulk into an index made like the real one."""
    async with session.get(f"/{ALIAS}") as answer:
        (made,) = cast("dict[str, Any]", await answer.json()).values()
    index = made["settings"]["index"]
    wanted = {
        name: value
        for name, value in index.items()
        if name in ("analysis", "similarity", "number_of_shards", "max_ngram_diff")
    }
    settings = {"index": {**wanted, "number_of_replicas": "0", "refresh_interval": "-1"}}
    async with session.put("/bench-raw", json={"settings": settings, "mappings": made["mappings"]}) as answer:
        answer.raise_for_status()
    left = iter(chunks)
    started = time.perf_counter()

    async def worker() -> None:
        for chunk in left:
            headers = {"Content-Type": "application/x-ndjson"}
            async with session.post("/bench-raw/_bulk", data=chunk, headers=headers) as answer:
                said = await answer.json()
                if said.get("errors", True):
                    raise RuntimeError(f"the raw bulk was refused: {answer.status} {str(said)[:500]}")

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(worker())
        async with session.post("/bench-raw/_refresh") as answer:
            answer.raise_for_status()
        return time.perf_counter() - started
    finally:
        async with session.delete("/bench-raw") as answer:
            answer.raise_for_status()
