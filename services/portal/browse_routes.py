"""The home page, and the pages by continent, country and theme."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from backbone.contracts import vocabularies
from backbone.errors import NotFound
from services.portal.language import Words, words
from services.portal.mapping import drawn
from services.portal.pages import page
from services.portal.query import Pair, Query
from services.portal.sources import Away, Json, sources_of

routes = APIRouter(include_in_schema=False)

NEWEST: Final = 6
ON_A_PAGE: Final = 9


async def _shown(request: Request, filters: Sequence[Pair], lang: str, size: int) -> dict[str, Any]:
    """What a page of browsing has: its newest projects, its map, its figures."""
    sources = sources_of(request)
    found, here, figures = await asyncio.gather(
        sources.search([*filters, ("size", str(size)), ("sort", "newest")], lang),
        drawn(request, filters, lang),
        sources.figures(filters),
    )
    return {
        "found": found,
        "map": here,
        "figures": figures,
        "all_of_them": Query(tuple(filters)).address(lang),
    }


@routes.get("/{lang:lang}/")
async def home(request: Request, lang: str) -> Response:
    """What the Bourse is, and its doors; where the search is away, the doors alone."""
    try:
        shown = await _shown(request, (), lang, NEWEST)
    except Away:
        shown = None
    return page(request, "home.html", shown=shown)


@routes.get("/{lang:lang}/browse")
async def browse(request: Request, lang: str) -> Response:
    """All continents, countries and themes that have projects."""
    shown = await _shown(request, (), lang, 1)
    facets = shown["found"]["facets"]
    return page(
        request,
        "browse.html",
        **shown,
        continents=facets["continent"],
        countries=_by_continent(facets["country"], words(lang)),
        themes=facets["theme"],
    )


def _by_continent(values: Sequence[Json], w: Words) -> dict[str, list[Json]]:
    named = w.by_name(values)
    return {code: [value for value in named if value["parent"] == code] for code in vocabularies.CONTINENTS}


def _page_of(facet: str, folder: str, known: Callable[[str], bool], name: Callable[[Words, str], str]) -> None:
    @routes.get(f"/{{lang:lang}}/{folder}/{{code}}", name=f"browse_{facet}")
    async def one(request: Request, lang: str, code: str) -> Response:
        if not known(code):
            raise NotFound
        w = words(lang)
        shown, posts = await asyncio.gather(
            _shown(request, [(facet, code)], lang, ON_A_PAGE), _posts(request, code) if facet == "country" else _none()
        )
        facets = shown["found"]["facets"]
        continent = vocabularies.countries()[code] if facet == "country" else None
        within = [value for value in facets["country"] if facet != "continent" or value["parent"] == code]
        return page(
            request,
            "place.html",
            **shown,
            facet=facet,
            code=code,
            name=name(w, code),
            continent=continent,
            posts=posts,
            countries=[] if facet == "country" else w.by_name(within),
            themes=[] if facet == "theme" else facets["theme"],
        )


async def _none() -> list[Json]:
    return []


async def _posts(request: Request, country: str) -> list[Json] | None:
    """The posts that cover a country; None where the catalogue does not say."""
    try:
        return await sources_of(request).posts_of(country)
    except Away:
        return None


_page_of("continent", "continents", lambda code: code in vocabularies.CONTINENTS, lambda w, code: w.continent(code))
_page_of("country", "countries", lambda code: code in vocabularies.countries(), lambda w, code: w.country(code))
_page_of("theme", "themes", lambda code: code in vocabularies.themes(), lambda w, code: w.theme(code))
