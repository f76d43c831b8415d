"""A running catalogue on a real database and a real Kafka, and what a publication of a sheet is."""

import asyncio
import hashlib
import socket
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI

from backbone import inbox
from backbone.contracts.events import Event, PostUpdated, ProjectPublished, ProjectUnpublished
from backbone.contracts.sheet import PublicContact, Record, public_sheet
from backbone.database import Database
from services.catalog.app import build
from services.catalog.settings import Settings
from tests.builders import record
from tests.sending import encoded


@dataclass(frozen=True)
class Catalog:
    """The service, a client of it, its database, both stores' folders, and a producer of events."""

    app: FastAPI
    settings: Settings
    http: httpx.AsyncClient
    database: Database
    deposits: Path
    public: Path
    producer: AIOKafkaProducer

    async def send(self, *events: Event, event_id: str | None = None) -> None:
        """Write events to their topics, as moderation's relay does."""
        for event in events:
            value, headers = encoded(event, event_id)
            producer: Any = self.producer
            await producer.send_and_wait(event.TOPIC.name, value, key=event.key.encode(), headers=headers)

    async def taken(self, event: Event) -> None:
        """Wait until an event's version is what the catalogue shows."""
        kind, column = ("post", "code") if isinstance(event, PostUpdated) else ("project", "id")

        async def version() -> bool:
            async with self.database.connection() as connection:
                known = await connection.fetchval(f"select version from {kind} where {column} = $1", event.key)
            return known is not None and known >= event.version

        await until(version)

    async def show(self, *events: Event) -> None:
        """Send events and wait until the catalogue has taken them."""
        await self.send(*events)
        for event in events:
            await self.taken(event)

    async def parked_as_expected(self, key: str, count: int = 1) -> list[inbox.Parked]:
        """Wait until so many events of an aggregate are parked; they."""

        async def are_parked() -> bool:
            return len(await self.parked(key)) == count

        await until(are_parked)
        return await self.parked(key)

    async def parked(self, key: str) -> list[inbox.Parked]:
        async with self.database.connection() as connection:
            return [one for one in await inbox.list_parked(connection, "catalog") if one.key == key]

    def deposit(self, content: bytes) -> str:
        """Put a file where submission would; its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        place = self.deposits / sha256[:2] / sha256
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
        return sha256

    def copy_of(self, sha256: str) -> Path:
        """Where the public copy of a file is, if there is one."""
        return self.public / sha256[:2] / sha256


async def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0.02)


def published(
    project: str | None = None,
    *,
    version: int = 1,
    authority: dict[str, Any] | None = None,
    documents: Sequence[dict[str, Any]] = (),
    **fields: Any,
) -> ProjectPublished:
    """The publication of a sheet; the other arguments replace fields of the builder's record."""
    project = project or str(uuid4())
    now = datetime.now(UTC)
    sheet = public_sheet(
        Record.model_validate(record(authority, documents=list(documents), **fields)),
        project_id=project,
        revision=1,
        post=None,
        first_published_at=now,
        published_at=now,
        demonstration=False,
    )
    return ProjectPublished(project=project, version=version, revision=1, occurred_at=now, sheet=sheet)


def unpublished(project: str, version: int) -> ProjectUnpublished:
    return ProjectUnpublished(project=project, version=version, revision=1, occurred_at=datetime.now(UTC))


def document(sha256: str, size: int, **fields: Any) -> dict[str, Any]:
    """A deposited document, as a record names it."""
    made = {"id": str(uuid4()), "title": "Étude de faisabilité", "media_type": "application/pdf"}
    return {**made, "sha256": sha256, "size": size, **fields}


def post(code: str, version: int = 1, **fields: Any) -> PostUpdated:
    made: dict[str, Any] = {
        "city": "Dakar",
        "country": "SN",
        "name": {"fr": "Ambassade de France au Sénégal", "en": "French Embassy in Senegal"},
        "countries": ["SN", "GM"],
        "languages": ["fr"],
        "lat": 14.67,
        "lon": -17.43,
        "time_zone": "Africa/Dakar",
        "contacts": [PublicContact(name="Service de coopération", email=f"scac-{code}@example.org")],
    }
    return PostUpdated(code=code, version=version, occurred_at=datetime.now(UTC), **{**made, **fields})


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="session")
async def catalog(
    new_database: Callable[[str], str], kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Catalog, None]:
    folder = tmp_path_factory.mktemp("documents")
    deposits, public = folder / "deposits", folder / "public"
    deposits.mkdir()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "DATABASE_URL": new_database("catalog"),
            "KAFKA_BOOTSTRAP": kafka_bootstrap,
            "DEPOSIT_STORE_URL": deposits.as_uri(),
            "PUBLIC_STORE_URL": public.as_uri(),
            "PORT": str(free_port()),
            "REPLICA": uuid4().hex,
        }.items():
            environment.setenv(f"BOURSE_{name}", value)
        app, settings = build()
    config = uvicorn.Config(app, host=settings.host, port=settings.port, log_config=None, http="httptools")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=10) as http:

        async def ready() -> bool:
            try:
                return (await http.get("/health/ready")).status_code == 200
            except httpx.ConnectError:
                return False  # not listening yet

        await until(ready, 30)
        yield Catalog(app, settings, http, app.state.database, deposits, public, producer)
    await producer.stop()
    server.should_exit = True
    await serving
