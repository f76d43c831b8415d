"""The facets that the search service declares, as the portal keeps them: they outlive an absence of the service."""

import httpx
import pytest

from backbone import app as backbone_app
from services.portal import sources
from services.portal.sources import Away, Sources
from services.search import answers
from services.search.facets import FACETS
from services.search.routes import ROUTERS
from services.search.settings import Settings
from tests.serving import serving


async def test_the_facets_are_asked_again_after_a_while_and_kept_while_search_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    search = backbone_app.create("search", Settings(), routers=ROUTERS)
    async with serving(search) as url:
        portal = Sources({"search": url})
        first = await portal.declared("ar")
        assert [facet.name for facet in first.facets] == [facet.name for facet in FACETS]
        assert await portal.declared("ar") is first
        monkeypatch.setattr(sources, "FACETS_KEPT_S", -1)
        assert (await portal.declared("fr")).facets[0].title == "Continent"
        again = await portal.declared("fr")
        assert await portal.declared("fr") is not again
    assert await portal.declared("fr") == again
    with pytest.raises(Away):
        await portal.declared("en")
    await portal.stop()


async def test_the_facets_are_listed_in_the_language_asked_for() -> None:
    search = backbone_app.create("search", Settings(), routers=ROUTERS)
    transport = httpx.ASGITransport(search)
    async with httpx.AsyncClient(transport=transport, base_url="http://search") as http:
        listed = await http.get("/facets", headers={"Accept-Language": "en"})
        answers.FacetList.model_validate(listed.json())
        assert (listed.headers["content-language"], listed.headers["vary"]) == ("en", "Accept-Language")
        assert listed.headers["cache-control"] == "public, max-age=300"
        assert {one["name"]: one["title"] for one in listed.json()["facets"]}["theme"] == "Theme"
        refused = await http.get("/facets", params={"lang": "de", "q": "eau"})
        assert {error["field"] for error in refused.json()["errors"]} == {"lang", "q"}
