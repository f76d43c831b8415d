"""The search on real engines: an index of the demonstration's sheets, and the whole service on a real log."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from backbone import app as backbone_app
from backbone.contracts.events import Event, ProjectPublished
from backbone.database import Database
from services.search import documents
from services.search.app import build
from services.search.engine import Engine
from services.search.index import Index
from services.search.routes import ROUTERS
from services.search.settings import Settings
from services.search.thesaurus import seed
from services.search.vocabulary import Vocabulary
from tests.integration.search.sheets import demonstration
from tests.sending import encoded
from tests.serving import serving
from tests.signing import Signer


def new_alias() -> str:
    return f"search-{uuid4().hex[:12]}"


@dataclass(frozen=True)
class Loaded:
    """An index of the demonstration's sheets, and a client of the routes over it."""

    index: Index
    http: httpx.AsyncClient

    async def get(self, path: str, *pairs: tuple[str, str], **headers: str) -> dict[str, Any]:
        answer = await self.http.get(path, params=list(pairs), headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def projects(self, *pairs: tuple[str, str]) -> dict[str, Any]:
        return await self.get("/projects", *pairs)

    async def walk(self, *pairs: tuple[str, str]) -> list[str]:
        """The ids of all pages; `pairs` say their size."""
        found: list[str] = []
        cursor: str | None = None
        while True:
            answer = await self.projects(*pairs, *([("cursor", cursor)] if cursor else []))
            found += [item["id"] for item in answer["items"]]
            cursor = answer["cursor"]
            if cursor is None:
                return found
            assert len(answer["items"]) == int(dict(pairs)["size"])


async def drop_all(index: Index) -> None:
    """Leave nothing of this index in the engine."""
    current = await index.current()
    for name in [*await index.left_behind(), *([current] if current else [])]:
        await index.drop(name)


class Nobody:
    """Counts no misses: there is no database here."""

    def count(self, q: str, language: str) -> None:
        """What was looked for in vain is of no concern."""


@asynccontextmanager
async def routes_over(index: Index, settings: Settings) -> AsyncGenerator[httpx.AsyncClient, None]:
    """The routes over an index, without consumer and health."""
    vocabulary = Vocabulary(index.engine)
    await vocabulary.take(seed())
    state = {"index": index, "vocabulary": vocabulary, "misses": Nobody(), "settings": settings}
    app = backbone_app.create("search", settings, routers=ROUTERS, state=state)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://search", timeout=30) as http:
        yield http


@asynccontextmanager
async def index_of(url: str, events: Iterable[ProjectPublished]) -> AsyncGenerator[Loaded, None]:
    """An index of these publications and of one sheet that is gone, which nothing may ever show."""
    settings = Settings(search_url=url, search_alias=new_alias())
    engine = Engine(settings)
    index = Index(engine, settings)
    name = await index.create()
    writes = [documents.published(event.sheet.model_dump(mode="json"), 1) for event in events]
    writes.append(documents.unpublished("gone", 3))
    outcome = await index.bulk(writes, name)
    assert outcome.indexed == len(writes), outcome
    await index.open(name)
    await index.swap(name)
    async with routes_over(index, settings) as http:
        yield Loaded(index, http)
    await drop_all(index)
    await engine.stop()


@pytest.fixture(scope="session")
async def loaded(each_search_url: str) -> AsyncGenerator[Loaded, None]:
    async with index_of(each_search_url, demonstration()) as index:
        yield index


class Gate:
    """A way to the engine that can be shut: what passes is cut, as when the engine is killed."""

    def __init__(self, url: str) -> None:
        self._target = httpx.URL(url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        self._server = None

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._target.host, self._target.port)
        self._writers |= {writer, back}
        with contextlib.suppress(OSError):
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        self._writers -= {writer, back}


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()


@dataclass(frozen=True)
class Running:
    """The whole service with its own index and topic's events; `gate` is its way to the engine."""

    http: httpx.AsyncClient
    settings: Settings
    index: Index
    gate: Gate
    producer: AIOKafkaProducer
    signer: Signer
    state: Any

    @property
    def database(self) -> Database:
        return self.state.database

    async def send(self, *events: Event) -> None:
        """Write events to their topics, as moderation's relay does."""
        await asyncio.gather(*[await self._send(event) for event in events])

    async def send_to_each_partition(self, events: Sequence[Event]) -> None:
        """Write each event to a partition of its own, whatever its key."""
        await asyncio.gather(*[await self._send(event, number) for number, event in enumerate(events)])

    async def _send(self, event: Event, partition: int | None = None) -> Awaitable[Any]:
        value, headers = encoded(event)
        producer: Any = self.producer
        return await producer.send(
            event.TOPIC.name, value, key=event.key.encode(), headers=headers, partition=partition
        )

    async def ids(self, *pairs: tuple[str, str]) -> set[str]:
        answer = await self.http.get("/projects", params=[*pairs, ("size", "100")])
        assert answer.status_code == 200, answer.text
        return {item["id"] for item in answer.json()["items"]}

    async def has(self, project: str) -> bool:
        return bool(await self.ids(("q", project)))


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


async def ready(http: httpx.AsyncClient) -> bool:
    return (await http.get("/health/ready")).status_code == 200


@pytest.fixture(scope="session")
async def running(
    each_search_url: str, new_database: Callable[[str], str], kafka_bootstrap: str
) -> AsyncGenerator[Running, None]:
    gate = Gate(each_search_url)
    await gate.open()
    signer = Signer()
    async with serving(signer.keys()) as keys:
        settings = Settings(
            search_url=gate.url,
            search_alias=new_alias(),
            database_url=new_database("search"),
            kafka_bootstrap=kafka_bootstrap,
            replica=uuid4().hex,
            search_timeout_s=3,
            jwks_url=f"{keys}/jwks.json",
            rate_limits="off",
        )
        app, _ = build(settings)
        engine = Engine(settings)
        producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
        await producer.start()
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=20) as http:
            await until(lambda: ready(http))
            index = Index(engine, settings)
            yield Running(http, settings, index, gate, producer, signer, app.state)
        await producer.stop()
        await drop_all(index)
        await engine.stop()
    await gate.shut()
