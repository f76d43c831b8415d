"""HTTP of the search service: public, read-only."""

import hashlib
from typing import Any, Final

from fastapi import Request, Response

from backbone.atom import MEDIA_TYPE
from backbone.http import JSON, conditional, router, validators
from services.search import answers, facets, feeds, parameters, service, suggestions
from services.search.index import Index
from services.search.thesaurus import Thesaurus
from services.search.vocabulary_routes import synonyms

search = router(tags=["search"])


class GeoJSON(JSON):
    media_type = "application/geo+json"


def _documented(known: Any, model: Any) -> dict[str, Any]:
    return {"openapi_extra": parameters.documented(known), "response_model": model}


def _headers(language: str) -> dict[str, str]:
    return {"Content-Language": language, "Vary": "Accept-Language"}


def _of(request: Request) -> tuple[Index, Thesaurus]:
    return request.app.state.index, request.app.state.vocabulary.now


@search.get("/projects", **_documented(parameters.SEARCH, answers.Results))
async def search_projects(request: Request) -> Response:
    """Find published sheets by words, facets, amounts and place, with the counts of every facet."""
    asked = parameters.search(request.query_params.multi_items(), request.headers.get("accept-language", ""))
    found = await service.search(*_of(request), asked)
    if found["total"] == 0 and asked.filters.q:
        request.app.state.misses.count(asked.filters.q, asked.language)
    return JSON(found, headers=_headers(asked.language))


@search.get("/map", **_documented(parameters.MAP, answers.FeatureCollection))
async def map_projects(request: Request) -> Response:
    """The same search as GeoJSON: single sheets, or clusters with counts where they are many."""
    asked = parameters.map_(request.query_params.multi_items(), request.headers.get("accept-language", ""))
    found = await service.map_(*_of(request), asked)
    return GeoJSON(found, headers=_headers(asked.language))


@search.get("/facets", **_documented(parameters.FACET_LIST, answers.FacetList))
async def list_facets(request: Request) -> Response:
    """The facets that a search has: titles, kinds, parameters, and their values where these are few."""
    language = parameters.facet_list(request.query_params.multi_items(), request.headers.get("accept-language", ""))
    headers = {**_headers(language), "Cache-Control": "public, max-age=300"}
    return JSON({"facets": facets.declarations(language)}, headers=headers)


@search.get("/figures", **_documented(parameters.FIGURES, answers.Figures))
async def count(request: Request) -> Response:
    """How much a search finds: sheets by kind, countries, continents, authorities."""
    asked = parameters.figures(request.query_params.multi_items())
    return JSON(await service.figures(*_of(request), asked))


@search.get("/projects/{project_id}/similar", **_documented(parameters.SIMILAR, answers.Similar))
async def similar(request: Request, project_id: str) -> Response:
    """Published sheets like this one: by what they say, their themes and their place."""
    asked = parameters.similar(request.query_params.multi_items(), request.headers.get("accept-language", ""))
    found = await service.similar(request.app.state.index, project_id, asked)
    return JSON(found, headers=_headers(asked.language))


@search.get("/suggest", **_documented(parameters.SUGGEST, answers.Suggestions))
async def suggest(request: Request) -> Response:
    """What the words typed so far may become: titles, places, themes, authorities."""
    asked = parameters.suggest(request.query_params.multi_items(), request.headers.get("accept-language", ""))
    found = await suggestions.suggest(request.app.state.index, asked)
    return JSON(found, headers=_headers(asked.language))


@search.head("/feed.atom", include_in_schema=False)
@search.get(
    "/feed.atom",
    openapi_extra=parameters.documented(parameters.FEED),
    response_class=Response,
    responses={200: {"description": "The feed.", "content": {"application/atom+xml": {}}}},
)
async def feed(request: Request) -> Response:
    """The sheets of a search that were published last, as an Atom feed."""
    filters, query, language = parameters.feed(
        request.query_params.multi_items(), request.headers.get("accept-language", "")
    )
    portal = request.app.state.settings.portal_url
    body = await feeds.feed(*_of(request), portal, filters, query, language)
    # no date: what is unpublished changes the feed and leaves no later one
    tag = {**validators(f'"{hashlib.sha256(body).hexdigest()[:32]}"'), **_headers(language)}
    return conditional(request, body, tag, MEDIA_TYPE)


ROUTERS: Final = (search, synonyms)
