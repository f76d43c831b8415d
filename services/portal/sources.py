"""What the pages are made of, as the search service and the catalogue answer it.

Answers are taken as they come (JSON objects of the design's HTTP contract). What another service refuses is raised as
the same problem here: 404, 410, 422, 429; what does not answer is `Away`.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import quote

import httpx
import orjson
from starlette.requests import Request

from backbone.errors import Conflict, FieldError, Gone, Invalid, NotFound, Problem, TooMany, Unavailable
from services.portal.declared import Declared

Pairs = Sequence[tuple[str, str]]
Json = dict[str, Any]

PATIENCE: Final = httpx.Timeout(8.0, connect=2.0)
AT_ONCE: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=60)
FACETS_KEPT_S: Final = 300
_KEPT: Final = ("content-type", "content-length", "content-disposition", "content-range", "accept-ranges", "etag")
_ASKED: Final = ("range", "if-range", "if-none-match", "if-modified-since")


class Away(Unavailable):
    """A service that a page needs does not answer; `service` is its name."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} does not answer")
        self.service = service


@dataclass(frozen=True)
class Stream:
    """A file on its way: its status, the headers that matter, its bytes."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Sources:
    """A client of search and catalogue; a component that is well even while they are not: the pages say so."""

    name = "sources"

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = dict(urls)
        self._http = httpx.AsyncClient(timeout=PATIENCE, limits=AT_ONCE)
        self._declared: dict[str, tuple[Declared, float]] = {}

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        await self._http.aclose()

    async def check(self) -> str | None:
        return None

    # -- search --------------------------------------------------------------------------------------------------------

    async def search(self, pairs: Pairs, lang: str) -> Json:
        """`{total, items, facets, cursor, relaxed, said, did_you_mean, help}`."""
        return await self._json("search", "/projects", [*pairs, ("lang", lang)])

    async def declared(self, lang: str) -> Declared:
        """The facets that a search has: asked again after some minutes, the ones known while search is away."""
        known, until = self._declared.get(lang, (None, 0.0))
        if known is None or time.monotonic() >= until:
            try:
                known = Declared.read(await self._json("search", "/facets", [("lang", lang)]))
            except Away:
                if known is None:
                    raise
            self._declared[lang] = known, time.monotonic() + FACETS_KEPT_S
        return known

    async def map(self, pairs: Pairs, lang: str) -> Json:
        """GeoJSON; `pairs` may hold `zoom` and `points`."""
        return await self._json("search", "/map", [*pairs, ("lang", lang)])

    async def figures(self, pairs: Pairs) -> Json:
        """`{projects, demands, offers, countries, authorities, continents}`."""
        return await self._json("search", "/figures", pairs)

    async def similar(self, project: str, size: int, lang: str) -> list[Json]:
        """Cards of sheets like this one."""
        found = await self._json("search", f"/projects/{_part(project)}/similar", [("size", str(size)), ("lang", lang)])
        return found["items"]

    async def suggest(self, q: str, lang: str) -> Json:
        """`{titles, places, themes, authorities}`."""
        return await self._json("search", "/suggest", [("q", q), ("lang", lang)])

    async def saved_searches(self, method: str, path: str = "", **sent: Any) -> Json:
        """A call of the saved searches, as httpx sends it; `{}` where the answer has no body."""
        try:
            answer = await self._http.request(method, self._url("search", f"/saved-searches{path}"), **sent)
            if answer.status_code < 300:
                return orjson.loads(answer.content or b"{}")
        except (httpx.HTTPError, orjson.JSONDecodeError) as error:
            raise Away("search") from error
        raise _problem("search", answer)

    # -- catalogue -----------------------------------------------------------------------------------------------------

    async def sheet(self, project: str) -> Json:
        return await self._json("catalog", f"/projects/{_part(project)}")

    async def authority(self, ref: str, cursor: str | None) -> Json:
        """`{authority, projects, cursor}`."""
        return await self._json("catalog", f"/authorities/{_part(ref)}", [("cursor", cursor)] if cursor else [])

    async def posts_of(self, country: str) -> list[Json]:
        """The posts that cover a country."""
        return (await self._json("catalog", "/posts", [("country", country)]))["items"]

    async def addresses(self, cursor: str | None, size: int) -> Json:
        """`{items: [{id, title, language, authority, authority_name, changed_at}], cursor}`."""
        return await self._json(
            "catalog", "/addresses", [("size", str(size)), *([("cursor", cursor)] if cursor else [])]
        )

    @asynccontextmanager
    async def streamed(
        self, path: str, *, service: str = "catalog", pairs: Pairs = (), headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Stream]:
        """A file of the catalogue or another service, passed on as it comes."""
        sent = {name: value for name, value in (headers or {}).items() if name in _ASKED}
        request = self._http.build_request("GET", self._url(service, path), params=list(pairs), headers=sent)
        try:
            answer = await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise Away(service) from error
        try:
            if answer.status_code >= 400:
                await answer.aread()
                raise _problem(service, answer)
            kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            yield Stream(answer.status_code, kept, answer.aiter_raw())
        finally:
            await answer.aclose()

    # -- how -----------------------------------------------------------------------------------------------------------

    async def _json(self, service: str, path: str, pairs: Pairs = ()) -> Json:
        try:
            answer = await self._http.get(self._url(service, path), params=list(pairs))
            if answer.status_code == 200:
                return orjson.loads(answer.content)
        except (httpx.HTTPError, orjson.JSONDecodeError) as error:
            raise Away(service) from error
        raise _problem(service, answer)

    def _url(self, service: str, path: str) -> str:
        base = self._urls.get(service)
        if base is None:
            raise Away(service)
        return base.rstrip("/") + path


def _part(text: str) -> str:
    return quote(text, safe="")


def _problem(service: str, answer: httpx.Response) -> Problem:
    """The same problem, to be raised here."""
    try:
        said: Any = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        said = {}
    if answer.status_code == 404:
        return NotFound()
    if answer.status_code == 410:
        return Gone(**{name: said.get(name, []) for name in ("themes", "countries", "continents")})
    if answer.status_code == 409:
        return Conflict(code=said.get("code"))
    if answer.status_code in (400, 422):
        errors = [FieldError(error["field"], error["detail"], error["code"]) for error in said.get("errors", [])]
        return Invalid(errors=errors)
    if answer.status_code == 429:
        return TooMany(headers={"Retry-After": answer.headers.get("retry-after", "60")})
    if answer.status_code == 416:
        return Problem()
    return Away(service)


def sources_of(request: Request) -> Sources:
    return cast("Sources", request.app.state.sources)
