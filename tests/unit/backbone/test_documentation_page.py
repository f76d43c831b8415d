"""The page of a service's HTTP documentation."""

import re

import httpx

from backbone import app
from backbone.settings import ServiceSettings


async def test_it_loads_nothing_from_another_host() -> None:
    service = app.create("service", ServiceSettings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://service") as client:
        page = await client.get("/docs")
        wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(wanted) >= 3
        for address in wanted:
            assert address.startswith("/"), address
            found = await client.get(address)
            assert found.status_code == 200, address
            assert "://" not in found.headers.get("location", "")
        assert (await client.get("/openapi.json")).json()["info"]["title"] == "Bourse-projets: service"
        assert (await client.get("/redoc")).status_code == 404
