"""A running accounts service on a real database, without Kafka: what it emits is read in its outbox."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from backbone.database import Database
from services.accounts.app import build
from tests import builders

PASSWORD = "demonstration password"


@dataclass(frozen=True)
class Accounts:
    """The service, a client of it, its database."""

    app: FastAPI
    http: httpx.AsyncClient
    database: Database

    async def events(self, email: str) -> list[dict[str, Any]]:
        """What was emitted of the accounts of this address, oldest first, each with its type."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "select type, payload from outbox where key in"
                " (select key from outbox where payload::jsonb ->> 'email' = $1) order by id",
                email,
            )
        return [{"type": row["type"].split(".", 2)[2], **json.loads(row["payload"])} for row in rows]

    async def log_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        form = {"grant_type": "password", "username": email, "password": password}
        return await self.http.post("/token", data=form)

    async def bearer(self, email: str, password: str = PASSWORD) -> dict[str, str]:
        token = (await self.log_in(email, password)).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="session")
async def accounts(new_database: Callable[[str], str]) -> AsyncGenerator[Accounts, None]:
    port = free_port()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "DATABASE_URL": new_database("accounts"),
            "KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "PORT": str(port),
            "DEMONSTRATION": "true",
            "DEMONSTRATION_PASSWORD": PASSWORD,
            "RATE_LIMITS": "off",
        }.items():
            environment.setenv(f"BOURSE_{name}", value)
        app, settings = build()
    server = uvicorn.Server(uvicorn.Config(app, host=settings.host, port=port, log_config=None, http="httptools"))
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
        await until_seeded(http)
        yield Accounts(app, http, app.state.database)
    server.should_exit = True
    await serving


async def until_seeded(http: httpx.AsyncClient) -> None:
    for _ in range(200):
        try:
            checks = (await http.get("/health/ready")).json()["checks"]
            if checks["first start"] == checks["tokens"] == "ok":
                return
        except httpx.ConnectError:
            pass  # not listening yet
        await asyncio.sleep(0.05)
    raise AssertionError("accounts did not start")


@pytest.fixture
def registration() -> dict[str, Any]:
    """A registration that is accepted; tests change what they are about."""
    authority = builders.record({"name": "Commune d’Essai"})["authority"]
    del authority["ref"]
    return {
        "email": "mairie@example.org",
        "password": "un mot de passe assez long",
        "name": "Awa Ndiaye",
        "language": "fr",
        "authority": authority,
    }
