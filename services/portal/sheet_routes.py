"""The sheets: a project's and an authority's, their documents, the sheet as PDF."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from backbone.errors import Gone, NotFound
from services.portal import pdf
from services.portal.language import words
from services.portal.likeness import why
from services.portal.mapping import layout, world_of
from services.portal.pages import page, permanent, settings_of, slug
from services.portal.sources import Away, Json, sources_of
from services.portal.structured import of_authority, of_sheet

routes = APIRouter(include_in_schema=False)

SIMILAR: Final = 3
# what a stranger wrote: saved, never run in our name
_OF_STRANGERS: Final = {"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "no-cache"}


@routes.get("/{lang:lang}/projects/{project}.pdf")
async def sheet_as_pdf(request: Request, lang: str, project: str) -> Response:
    """The sheet to print or to send."""
    sheet = await sources_of(request).sheet(project)
    settings = settings_of(request)
    address = f"{settings.portal_url.rstrip('/')}/{lang}/projects/{project}"
    content = await asyncio.to_thread(pdf.sheet, sheet, words(lang), address=address, fonts=settings.assets / "fonts")
    name = slug(sheet["title"]).encode("ascii", "ignore").decode().strip("-") or project
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "no-cache"}
    return Response(content, media_type="application/pdf", headers=headers)


@routes.get("/{lang:lang}/projects/{project}")
@routes.get("/{lang:lang}/projects/{project}/{title}")
async def sheet(request: Request, lang: str, project: str) -> Response:
    """A published sheet; the page of one that is no longer published offers others."""
    try:
        found, similar = await asyncio.gather(sources_of(request).sheet(project), _similar(request, project, lang))
    except Gone as gone:
        return page(request, "gone.html", status=410, similar=await _instead(request, gone, lang))
    elsewhere = permanent(request, f"projects/{project}/{slug(found['title'])}")
    if elsewhere is not None:
        return elsewhere
    return page(
        request,
        "sheet.html",
        sheet=found,
        similar=similar,
        why=why,
        map=_place(request, found, lang),
        structured=of_sheet(found, words(lang), settings_of(request).portal_url),
    )


async def _similar(request: Request, project: str, lang: str) -> list[Json]:
    # the sheet is worth reading without them
    try:
        return await sources_of(request).similar(project, SIMILAR, lang)
    except (Away, NotFound):
        return []


async def _instead(request: Request, gone: Gone, lang: str) -> list[Json]:
    """Sheets of the same countries, else of the same themes."""
    kept: dict[str, list[str]] = gone.members
    for name, values in (("country", kept["countries"]), ("theme", kept["themes"])):
        if values:
            try:
                pairs = [(name, value) for value in values[:20]]
                found = await sources_of(request).search([*pairs, ("size", str(SIMILAR))], lang)
            except Away:
                return []
            if found["items"]:
                return found["items"]
    return []


def _place(request: Request, sheet: Json, lang: str) -> Any:
    """The map of one sheet: its point, and its country lit up."""
    point = sheet["location"]
    properties = {
        "id": sheet["id"],
        "count": 1,
        "title": sheet["title"],
        "place": point["name"],
        "countries": sheet["countries"],
    }
    feature = {"geometry": {"coordinates": [point["lon"], point["lat"]]}, "properties": properties}
    filters = [("country", country) for country in sheet["countries"][:1]]
    return layout(world_of(request), {"features": [feature], "total": 1}, filters, words(lang))


@routes.get("/{lang:lang}/authorities/{ref}")
@routes.get("/{lang:lang}/authorities/{ref}/{name}")
async def authority(request: Request, lang: str, ref: str) -> Response:
    """An authority and its published projects."""
    found = await sources_of(request).authority(ref, request.query_params.get("cursor"))
    elsewhere = permanent(request, f"authorities/{ref}/{slug(found['authority']['name'])}")
    if elsewhere is not None:
        return elsewhere
    structured = of_authority(found["authority"], words(lang), settings_of(request).portal_url)
    return page(request, "authority.html", **found, structured=structured)


@routes.get("/{lang:lang}/documents/{document}")
async def document(request: Request, document: str) -> Response:
    """The file of a document, passed on as it comes."""
    opened = AsyncExitStack()
    stream = await opened.enter_async_context(
        sources_of(request).streamed(f"/documents/{quote(document, safe='')}", headers=request.headers)
    )

    async def passed_on() -> AsyncGenerator[bytes]:
        # closed with the answer, also where the reader left before its end
        async with opened:
            async for chunk in stream.chunks:
                yield chunk

    headers = {**stream.headers, **_OF_STRANGERS}
    return StreamingResponse(passed_on(), status_code=stream.status, headers=headers)
