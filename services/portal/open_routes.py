"""For machines: the feed, the sitemap, robots.txt."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from backbone.contracts import vocabularies
from backbone.errors import NotFound
from services.portal.content import names
from services.portal.language import DEFAULT, LANGUAGES
from services.portal.pages import settings_of, slug
from services.portal.query import Query
from services.portal.sources import sources_of

routes = APIRouter(include_in_schema=False)

# of one sitemap: 50,000 addresses at most, 50 MB at most, and every one stands with those of five languages
SHEETS: Final = 1_000
_SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML: Final = "http://www.w3.org/1999/xhtml"

ET.register_namespace("", _SITEMAP)
ET.register_namespace("xhtml", _XHTML)


@routes.get("/{lang:lang}/feed.atom")
async def feed(request: Request, lang: str) -> Response:
    """The newest sheets of a search."""
    sources = sources_of(request)
    query = Query.read(request.query_params.multi_items(), await sources.declared(lang))
    pairs = [*query.filters, ("lang", lang)]
    feed = sources.streamed("/feed.atom", service="search", pairs=pairs, headers=request.headers)
    async with feed as stream:
        body = b"".join([chunk async for chunk in stream.chunks])
        headers = {**stream.headers, "Cache-Control": "no-cache"}
        return Response(body, status_code=stream.status, headers=headers)


@routes.get("/robots.txt")
async def robots(request: Request) -> Response:
    """A demonstration is nobody's to index."""
    settings = settings_of(request)
    if settings.demonstration:
        return PlainTextResponse("User-agent: *\nDisallow: /\n")
    base = settings.portal_url.rstrip("/")
    return PlainTextResponse(f"User-agent: *\nDisallow: /verify\nDisallow: /*/alerts/\n\nSitemap: {base}/sitemap.xml\n")


@routes.get("/sitemap.xml")
async def sitemaps(request: Request) -> Response:
    """The sitemaps: one of the pages, then as many as the sheets need."""
    base = settings_of(request).portal_url.rstrip("/")
    root = ET.Element(f"{{{_SITEMAP}}}sitemapindex")
    cursor: str | None = None
    addresses = [f"{base}/sitemap/pages.xml"]
    while True:
        addresses.append(f"{base}/sitemap/sheets.xml" + (f"?after={cursor}" if cursor else ""))
        cursor = (await sources_of(request).addresses(cursor, SHEETS))["cursor"]
        if cursor is None:
            break
    for address in addresses:
        ET.SubElement(ET.SubElement(root, f"{{{_SITEMAP}}}sitemap"), f"{{{_SITEMAP}}}loc").text = address
    return _xml(root)


@routes.get("/sitemap/{part}.xml")
async def sitemap(request: Request, part: str) -> Response:
    """One sitemap; every address stands with those of the other languages."""
    base = settings_of(request).portal_url.rstrip("/")
    if part == "pages":
        places: list[tuple[str, str | None]] = [(place, None) for place in _places()]
    elif part == "sheets":
        found = await sources_of(request).addresses(request.query_params.get("after"), SHEETS)
        places = [(f"projects/{item['id']}/{slug(item['title'])}", item["changed_at"]) for item in found["items"]]
        authorities = {item["authority"]: item["authority_name"] for item in found["items"]}
        places += [(f"authorities/{ref}/{slug(name)}", None) for ref, name in authorities.items()]
    else:
        raise NotFound
    return _xml(_urls(base, places))


def _places() -> Iterable[str]:
    yield from ("", "projects", "browse")
    yield from (f"pages/{name}" for name in names())
    yield from (f"continents/{code}" for code in vocabularies.CONTINENTS)
    yield from (f"countries/{code}" for code in vocabularies.countries())
    yield from (f"themes/{code}" for code in vocabularies.themes())


def _urls(base: str, places: Iterable[tuple[str, str | None]]) -> ET.Element:
    root = ET.Element(f"{{{_SITEMAP}}}urlset")
    for place, changed in places:
        url = ET.SubElement(root, f"{{{_SITEMAP}}}url")
        ET.SubElement(url, f"{{{_SITEMAP}}}loc").text = f"{base}/{DEFAULT}/{place}"
        if changed:
            ET.SubElement(url, f"{{{_SITEMAP}}}lastmod").text = changed
        for lang in LANGUAGES:
            link = {"rel": "alternate", "hreflang": lang, "href": f"{base}/{lang}/{place}"}
            ET.SubElement(url, f"{{{_XHTML}}}link", link)
    return root


def _xml(root: ET.Element) -> Response:
    return Response(ET.tostring(root, encoding="utf-8", xml_declaration=True), media_type="application/xml")
