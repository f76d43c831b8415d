"""A time for each search, and a word in the log where one is slow, on both engines."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog.testing

from services.search import watching
from services.search.engine import Engine
from services.search.index import Index
from services.search.settings import Settings
from tests.integration.search.running import Loaded, routes_over

PATHS = ("/projects", "/projects?q=eau", "/map?q=eau", "/figures", "/suggest?q=eau")


@asynccontextmanager
async def over(loaded: Loaded, url: str, **changes: Any) -> AsyncGenerator[tuple[Index, httpx.AsyncClient], None]:
    """The same index through other settings."""
    settings = Settings(search_url=url, search_alias=loaded.index.alias, **changes)
    engine = Engine(settings)
    index = Index(engine, settings)
    async with routes_over(index, settings) as http:
        yield index, http
    await engine.stop()


@pytest.fixture(autouse=True)
def fresh_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logger that has not yet made up its mind where to write."""
    monkeypatch.setattr(watching, "log", structlog.get_logger())


async def test_a_slow_search_is_logged_without_what_was_typed(loaded: Loaded, each_search_url: str) -> None:
    async with over(loaded, each_search_url, search_slow_ms=0) as (_, http):
        await http.get("/projects")
        with structlog.testing.capture_logs() as logs:
            asked = {"q": "marché secret", "theme": "health", "budget_min": "12345", "size": "7", "sort": "oldest"}
            await http.get("/projects", params=asked)
            await http.get("/suggest", params={"q": "marché secret"})
        counted = (await http.get("/metrics")).text
    searched, suggested = [line for line in logs if line["event"] == "slow search"]
    assert searched["ms"] >= searched["engine_ms"] >= 0
    assert searched["requests"] >= 1
    del searched["ms"], searched["engine_ms"], searched["requests"]
    assert searched == {
        "event": "slow search",
        "log_level": "warning",
        "call": "projects",
        "words": 2,
        "filters": ["budget", "theme"],
        "sort": "oldest",
        "size": 7,
        "index": loaded.index.alias,
    }
    assert (suggested["call"], suggested["words"]) == ("suggest", 2)
    for line in logs:
        assert not {"secret", "12345", "health", "127.0.0.1"} & set(str(line).replace("'", " ").split())
    assert 'bourse_search_slow_total{call="projects"}' in counted


async def test_what_is_not_slow_is_not_logged(loaded: Loaded, each_search_url: str) -> None:
    async with over(loaded, each_search_url, search_slow_ms=60_000) as (_, http):
        with structlog.testing.capture_logs() as logs:
            for path in PATHS:
                assert (await http.get(path)).status_code == 200
    assert [line for line in logs if line["event"] == "slow search"] == []


@asynccontextmanager
async def hushing(url: str) -> AsyncGenerator[tuple[str, asyncio.Event], None]:
    """A way to the engine on which, once the event is set, nothing that is asked arrives any more."""
    target, hushed = httpx.URL(url), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(target.host, target.port)

        async def forth() -> None:
            while data := await reader.read(65536):
                if not hushed.is_set():
                    back.write(data)

        async def home() -> None:
            while data := await there.read(65536):
                writer.write(data)

        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(forth(), home())

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", hushed
    server.close()


async def test_an_engine_that_does_not_answer_is_not_waited_for(loaded: Loaded, each_search_url: str) -> None:
    async with hushing(each_search_url) as (url, hushed), over(loaded, url, search_timeout_s=1) as (_, http):
        hushed.set()
        started = time.monotonic()
        answer = await http.get("/projects")
        waited = time.monotonic() - started
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert waited > 0.9, "it was the time that ran out"
