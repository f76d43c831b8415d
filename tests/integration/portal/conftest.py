"""The portal beside one running service, accounts or search; the other services of its stack do not answer."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx
import pytest

from backbone import app as backbone_app
from services.portal.app import build
from services.portal.assets.build import ensure
from services.search.routes import ROUTERS
from services.search.settings import Settings as SearchSettings
from services.search.thesaurus import seed
from services.search.vocabulary import Vocabulary
from tests.integration.accounts.conftest import PASSWORD, Accounts, free_port
from tests.integration.accounts.conftest import accounts as accounts
from tests.integration.accounts.conftest import registration as registration
from tests.integration.search.running import Loaded, Nobody
from tests.serving import serving


@dataclass(frozen=True)
class Searching:
    """The portal, and the search service that it asks."""

    http: httpx.AsyncClient
    search: Loaded


@pytest.fixture(scope="session")
async def portal(accounts: Accounts) -> AsyncGenerator[httpx.AsyncClient, None]:
    await asyncio.to_thread(ensure)
    nobody = f"http://127.0.0.1:{free_port()}"
    urls = {"accounts": str(accounts.http.base_url), "search": nobody, "moderation": nobody, "catalog": nobody}
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "SERVICE_URLS": json.dumps(urls),
            "SERVICE_LINKS": json.dumps(
                {"catalog": "https://catalogue.example.org/", "search": "https://s.example.org"}
            ),
            "MAIL_PAGE_URL": "http://127.0.0.1:1/mails",
            "DEMONSTRATION": "true",
            "DEMONSTRATION_PASSWORD": PASSWORD,
        }.items():
            environment.setenv(f"BOURSE_{name}", value)
        app, _ = build()
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=10) as http:
        yield http


@pytest.fixture(scope="session")
async def searching(loaded: Loaded) -> AsyncGenerator[Searching, None]:
    """The portal before a search service over the demonstration's sheets, on each engine; nothing else answers."""
    await asyncio.to_thread(ensure)
    vocabulary = Vocabulary(loaded.index.engine)
    await vocabulary.take(seed())
    state = {"index": loaded.index, "vocabulary": vocabulary, "misses": Nobody()}
    search = backbone_app.create("search", SearchSettings(), routers=ROUTERS, state=state)
    async with serving(search) as url:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("BOURSE_SERVICE_URLS", json.dumps({"search": url}))
            app, _ = build()
        async with serving(app) as address, httpx.AsyncClient(base_url=address, timeout=30) as http:
            yield Searching(http, loaded)
