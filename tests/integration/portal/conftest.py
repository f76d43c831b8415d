"""The portal beside a running accounts service; the other services of its stack do not answer."""

import asyncio
import json
from collections.abc import AsyncGenerator

import httpx
import pytest

from services.portal.app import build
from services.portal.assets.build import ensure
from tests.integration.accounts.conftest import PASSWORD, Accounts, free_port
from tests.integration.accounts.conftest import accounts as accounts
from tests.integration.accounts.conftest import registration as registration
from tests.serving import serving


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
