"""The search page, and what its scripts ask for."""

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from backbone.errors import Invalid
from backbone.http import JSON
from services.portal.declared import Declared
from services.portal.helping import ways
from services.portal.language import Words, words
from services.portal.mapping import drawn
from services.portal.pages import is_partial, page, slug
from services.portal.query import DISTANCES, SIZES, USUAL_DISTANCE, Query, chips, explained, facet_views
from services.portal.sources import sources_of

routes = APIRouter(include_in_schema=False)

NOTHING: Final[dict[str, Any]] = {
    "total": 0,
    "items": [],
    "facets": {},
    "cursor": None,
    "relaxed": False,
    "said": None,
    "did_you_mean": None,
    "help": None,
}
_MAP: Final = ("zoom",)
OF_EACH: Final = 4


@routes.get("/{lang:lang}/projects")
async def search(request: Request, lang: str) -> Response:
    """The search page: the whole of it, or what changes where a filter was touched."""
    sources, w = sources_of(request), words(lang)
    declared = await sources.declared(lang)
    query = Query.read(request.query_params.multi_items(), declared)
    errors: dict[str, str] = {}
    try:
        found, here = await asyncio.gather(sources.search(query.pairs, lang), drawn(request, query.filters, lang))
    except Invalid as refused:
        errors = explained(refused.errors, query, declared, w)
        # the facets stay: what else is asked may be right
        sound = Query.of(pair for pair in query.pairs if pair[0] not in errors)
        found, here = NOTHING, None
        if sound != query:
            found = {**await sources.search([*sound.pairs, ("size", "1")], lang), **_nothing_found()}
    return page(
        request,
        "search.html",
        status=422 if errors else 200,
        block="search" if is_partial(request) else None,
        headers={"HX-Push-Url": query.address(lang)} if is_partial(request) else {},
        **view(query, found, declared, w),
        map=here,
        errors=errors,
    )


def _nothing_found() -> dict[str, Any]:
    return {name: value for name, value in NOTHING.items() if name != "facets"}


def view(query: Query, found: dict[str, Any], declared: Declared, w: Words) -> dict[str, Any]:
    """What the page shows of an answer."""
    shown = Query(tuple(pair for pair in query.pairs if pair[0] != "cursor"))
    within = query.value("within") or USUAL_DISTANCE
    meant = found["did_you_mean"]
    return {
        "query": query,
        "found": found,
        "meant": shown.with_("q", meant).address(w.lang) if meant else None,
        "ways": ways(shown, found["help"], declared, w),
        "facets": facet_views(found["facets"], declared),
        "chips": chips(query, found["facets"], declared, w, _place(found)),
        "sorts": query.sorts,
        "sort": query.value("sort") or query.sorts[0],
        "sizes": SIZES,
        "within": within,
        "distances": DISTANCES if within in DISTANCES else (within, *DISTANCES),
        "first_page": shown.address(w.lang) if query.value("cursor") else None,
        "next_page": query.with_("cursor", found["cursor"]).address(w.lang) if found["cursor"] else None,
        "feed": Query(query.filters).address(w.lang, "feed.atom"),
        "alert": Query(query.filters).address(w.lang, "alerts/new"),
    }


def _place(found: dict[str, Any]) -> str | None:
    """What a sheet calls the point that is searched around, where one lies there."""
    return next((item["location"]["name"] for item in found["items"] if item.get("distance_km") == 0), None)


@routes.get("/{lang:lang}/map.geojson")
async def map_data(request: Request, lang: str) -> Response:
    """The same search as GeoJSON, for the zoomable map."""
    given = request.query_params.multi_items()
    sources = sources_of(request)
    filters = Query.read(given, await sources.declared(lang)).filters
    pairs = [*filters, *((name, value) for name, value in given if name in _MAP)]
    return JSON(await sources.map(pairs, lang), headers={"Cache-Control": "no-cache"})


@routes.get("/{lang:lang}/suggest")
async def suggest(request: Request, lang: str) -> Response:
    """What the words typed so far may become: `[{label, hint, address, language}]`; without an address, a search."""
    found = await sources_of(request).suggest(request.query_params.get("q", ""), lang)
    return JSON(suggested(found, words(lang)), headers={"Cache-Control": "public, max-age=60"})


def suggested(found: dict[str, Any], w: Words) -> list[dict[str, str | None]]:
    """The search service's suggestions as the box shows them: places and themes first, a few of each."""
    shown: list[dict[str, str | None]] = []

    def add(label: str, hint: str, place: str | None = None, language: str | None = None) -> None:
        address = f"/{w.lang}/{place}" if place else None
        shown.append({"label": label, "hint": hint, "address": address, "language": language})

    for place in found["places"][:OF_EACH]:
        if place.get("facet") == "continent":
            add(place["label"], w.t("continent"), f"continents/{place['value']}")
        elif place.get("facet") == "country":
            add(place["label"], w.t("country"), f"countries/{place['value']}")
        else:
            add(place["label"], w.t("place"))
    for theme in found["themes"][:OF_EACH]:
        add(theme["label"], w.t("theme"), f"themes/{theme['value']}")
    for authority in found["authorities"][:OF_EACH]:
        add(authority["name"], w.t("authority"), f"authorities/{authority['ref']}/{slug(authority['name'])}")
    for title in found["titles"][:OF_EACH]:
        add(title["title"], w.t("sheet"), f"projects/{title['id']}/{slug(title['title'])}", title["language"])
    return shown
