"""HTTP of the catalogue: what is published, to anyone."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, cast

import orjson
from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from backbone.atom import MEDIA_TYPE, Feed, atom
from backbone.contracts.sheet import PublicAuthority, PublicContact, PublicSheet
from backbone.http import FRESH, JSON, conditional, etag, is_known, router, validators
from services.catalog import service
from services.catalog.answers import attachment, part_asked
from services.catalog.files import Files
from services.catalog.filters import AddressesPage, FeedAsked, Paging, PostsPage, SheetsPage

routes = router(tags=["catalog"])

_GONE: dict[int | str, dict[str, Any]] = {404: {"description": "Unknown."}, 410: {"description": "Once published."}}


class Sheets(BaseModel):
    """A page of sheets; `cursor` of the next one, null on the last."""

    items: list[PublicSheet]
    cursor: str | None


class Card(BaseModel):
    """A sheet in short; `documents` is their number."""

    id: str
    kind: str
    status: str
    language: str
    title: str
    summary: str
    themes: list[str]
    sdgs: list[int]
    countries: list[str]
    continents: list[str]
    location: dict[str, Any]
    budget: dict[str, Any] | None
    period: dict[str, Any]
    published_at: str
    demonstration: bool
    documents: int


class Address(BaseModel):
    """What the address of a published sheet is made of."""

    id: str
    title: str
    language: str
    authority: str
    authority_name: str
    changed_at: str


class Addresses(BaseModel):
    """A page of addresses; `cursor` of the next one, null on the last."""

    items: list[Address]
    cursor: str | None


class AuthorityPage(BaseModel):
    """An authority and a page of its published projects."""

    authority: PublicAuthority
    projects: list[Card]
    cursor: str | None


class Post(BaseModel):
    """A diplomatic post with its public contacts; `name` by language."""

    model_config = ConfigDict(title="Post")

    code: str
    city: str
    country: str
    name: dict[str, str]
    countries: list[str]
    languages: list[str]
    lat: float
    lon: float
    time_zone: str
    contacts: list[PublicContact]


class Posts(BaseModel):
    """A page of posts; `cursor` of the next one, null on the last."""

    items: list[Post]
    cursor: str | None


@routes.get("/projects", response_class=JSON, responses={200: {"model": Sheets}})
async def sheets(request: Request, asked: Annotated[SheetsPage, Query()]) -> Response:
    """The published sheets, whole, in the order of their ids."""
    async with request.app.state.database.transaction() as tx:
        body = await service.page_of_sheets(tx, asked)
    return Response(body, media_type="application/json", headers=FRESH)


@routes.head("/projects/{project_id}", include_in_schema=False)
@routes.get("/projects/{project_id}", response_class=JSON, responses={200: {"model": PublicSheet}, **_GONE})
async def sheet(request: Request, project_id: str) -> Response:
    """A published sheet."""
    async with request.app.state.database.transaction() as tx:
        row = await service.project(tx, project_id)
    headers = validators(etag(row["version"]), row["changed_at"])
    return conditional(request, row["sheet"].encode(), headers, "application/json")


@routes.get("/authorities/{ref}", response_class=JSON, responses={200: {"model": AuthorityPage}, 404: _GONE[404]})
async def authority(request: Request, ref: str, asked: Annotated[Paging, Query()]) -> Response:
    """An authority that has published sheets, and these sheets in short, newest first."""
    async with request.app.state.database.transaction() as tx:
        return JSON(await service.authority(tx, ref, asked.cursor, asked.size), headers=FRESH)


@routes.get("/addresses", response_class=JSON, responses={200: {"model": Addresses}})
async def addresses(request: Request, asked: Annotated[AddressesPage, Query()]) -> Response:
    """What the addresses of the published sheets are made of, for a sitemap."""
    async with request.app.state.database.transaction() as tx:
        return JSON(await service.page_of_addresses(tx, asked), headers=FRESH)


@routes.head("/feed.atom", include_in_schema=False)
@routes.get(
    "/feed.atom",
    response_class=Response,
    responses={200: {"description": "The feed.", "content": {"application/atom+xml": {}}}},
)
async def newest(request: Request, asked: Annotated[FeedAsked, Query()]) -> Response:
    """The sheets that were published last, as an Atom feed."""
    async with request.app.state.database.transaction() as tx:
        rows = await service.newest(tx, asked)
    changed_at = rows[0]["changed_at"] if rows else datetime(2026, 1, 1, tzinfo=UTC)
    body = atom(
        Feed(
            portal=request.app.state.portal_url,
            lang=asked.lang,
            query=asked.encoded(),
            sheets=[orjson.loads(row["sheet"]) for row in rows],
            updated=changed_at.isoformat(),
        )
    )
    # no date: what is unpublished changes the feed and leaves no later one
    return conditional(request, body, validators(f'"{hashlib.sha256(body).hexdigest()[:32]}"'), MEDIA_TYPE)


@routes.get("/posts", response_class=JSON, responses={200: {"model": Posts}})
async def posts(request: Request, asked: Annotated[PostsPage, Query()]) -> Response:
    """The diplomatic posts, in the order of their codes."""
    async with request.app.state.database.transaction() as tx:
        body = await service.page_of_posts(tx, asked)
    return Response(body, media_type="application/json", headers=FRESH)


@routes.get("/posts/{code}", response_class=JSON, responses={200: {"model": Post}, 404: _GONE[404]})
async def post(request: Request, code: str) -> Response:
    """A diplomatic post."""
    async with request.app.state.database.transaction() as tx:
        row = await service.post(tx, code)
    headers = validators(etag(row["version"]), row["changed_at"])
    return conditional(request, row["body"].encode(), headers, "application/json")


@routes.head("/documents/{document_id}", include_in_schema=False)
@routes.get(
    "/documents/{document_id}",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"application/octet-stream": {}}},
        206: {"description": "The part of it that `Range` asks for."},
        416: {"description": "No such part."},
        **_GONE,
    },
)
async def document(request: Request, document_id: str) -> Response:
    """The file of a document of a published sheet, to be saved."""
    async with request.app.state.database.transaction() as tx:
        row = await service.document(tx, document_id)
    tag = f'"{row["sha256"]}"'
    headers = validators(tag) | {
        "Content-Disposition": attachment(row["title"], row["media_type"]),
        # what a stranger wrote: saved, never run in our name
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Accept-Ranges": "bytes",
    }
    if is_known(request, headers):
        return Response(status_code=304, headers=headers)
    part = part_asked(request, row["size"], tag)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{row['size']}"
    wanted = part or range(row["size"])
    headers["Content-Length"] = str(len(wanted))
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=row["media_type"])
    chunks = await cast("Files", request.app.state.files).read(row["sha256"], wanted)
    return StreamingResponse(chunks, status_code=status, headers=headers, media_type=row["media_type"])
