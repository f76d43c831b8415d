"""A running submission service on a real database and a real folder; what it emits is read in its outbox."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from backbone.contracts.events import EVENTS, Event, Review
from backbone.database import Database
from services.submission.app import build
from services.submission.handlers import HANDLERS, scope
from services.submission.store import DepositStore
from tests import builders
from tests.serving import serving
from tests.signing import Headers, Signer


@dataclass(frozen=True)
class Submission:
    """The service, a client of it, its database, the folder of its files."""

    http: httpx.AsyncClient
    database: Database
    store: DepositStore
    folder: Path
    url: str

    async def draft(self, who: Headers, record: dict[str, Any] | None = None) -> dict[str, Any]:
        """A draft by an agent or, without its authority, by an authority's account."""
        record = record or builders.record()
        role = "authority" if _claims(who)["role"] == "authority" else "agent"
        body = {"project": record["project"]} if role == "authority" else record
        answer = await self.http.post("/projects", json=body, headers=who)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def submitted(self, who: Headers, record: dict[str, Any] | None = None) -> dict[str, Any]:
        project = await self.draft(who, record)
        return await self.submit(who, project["id"])

    async def submit(self, who: Headers, project: str) -> dict[str, Any]:
        answer = await self.http.post(f"/projects/{project}/submit", headers=who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, who: Headers, project: str) -> dict[str, Any]:
        answer = await self.http.get(f"/projects/{project}", headers=who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def events(self, project: str) -> list[Event]:
        """What was emitted of a project, in order, each checked against its contract."""
        async with self.database.connection() as connection:
            rows = await connection.fetch("select topic, type, payload from outbox where key = $1 order by id", project)
        assert all(row["topic"] == "bourse.submissions" for row in rows)
        return [EVENTS[row["type"]].model_validate_json(row["payload"]) for row in rows]

    async def hear(self, *events: Review) -> None:
        """Handle what moderation says, as the consumer does."""
        async with self.database.transaction() as tx, scope(tx) as deps:
            for event in events:
                await HANDLERS[type(event)](event, deps)

    def files(self) -> set[str]:
        """The checksums of what is kept."""
        return {path.name for path in self.folder.rglob("*") if path.is_file()}


def _claims(who: Headers) -> dict[str, Any]:
    import base64
    import json

    payload = who["Authorization"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def wrong_fields(answer: httpx.Response, status: int = 422) -> list[str]:
    """The fields that a refusal names."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert all(error["detail"] and error["code"] for error in body.get("errors", ()))
    return [error["field"] for error in body.get("errors", ())]


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.05)


async def _until_well(http: httpx.AsyncClient, components: Sequence[str]) -> None:
    async def well() -> bool:
        checks = (await http.get("/health/ready")).json()["checks"]
        return all(checks[component] == "ok" for component in components)

    await until(well)


@asynccontextmanager
async def running_submission(
    signer: Signer, database_url: str, folder: Path, kafka: str = "127.0.0.1:1"
) -> AsyncGenerator[Submission, None]:
    async with serving(signer.keys()) as keys:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("BOURSE_DATABASE_URL", database_url)
            environment.setenv("BOURSE_KAFKA_BOOTSTRAP", kafka)
            environment.setenv("BOURSE_JWKS_URL", f"{keys}/jwks.json")
            environment.setenv("BOURSE_DEPOSIT_STORE_URL", folder.as_uri())
            app, _ = build()
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=20) as http:
            await _until_well(http, ["database", "tokens", "documents", "sweep"])
            if kafka != "127.0.0.1:1":
                await _until_well(http, ["consumer", "outbox"])
            yield Submission(http, app.state.database, app.state.store, folder, url)


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer()


@pytest.fixture(scope="session")
async def submission(
    signer: Signer, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Submission, None]:
    folder = tmp_path_factory.mktemp("deposits")
    async with running_submission(signer, new_database("submission"), folder) as running:
        yield running


@pytest.fixture
def agent(signer: Signer) -> Headers:
    return signer.agent()


@pytest.fixture
def authority(signer: Signer) -> Headers:
    return signer.authority()
