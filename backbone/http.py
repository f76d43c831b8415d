"""HTTP at the edge: JSON read strictly, entity tags, conditional requests, the base of request bodies."""

import json
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final, NoReturn

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from backbone.errors import BadRequest, FieldError, Stale, TooLarge

MAX_BODY: Final = 1_000_000
MAX_DEPTH: Final = 32
# may be kept, but not shown without asking: what was unpublished is gone at once
FRESH: Final = {"Cache-Control": "public, no-cache"}


class Body(BaseModel):
    """A request body: types as in JSON, unknown fields refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class JSON(Response):
    """A JSON answer."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def parse(raw: bytes) -> Any:
    """Strict JSON. Raises `BadRequest` on bad syntax, NaN, repeated keys, lone surrogates and deep nesting."""
    try:
        value = json.loads(raw, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError as error:
        raise BadRequest(f"JSON nested deeper than {MAX_DEPTH} levels", code="nested-too-deep") from error
    except UnicodeDecodeError as error:
        raise BadRequest("JSON must be UTF-8", code="bad-json") from error
    except ValueError as error:
        raise BadRequest(f"not JSON: {error}", code="bad-json") from error
    _check(value, 0)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            shown = key[:100].encode("utf-8", "replace").decode()
            raise BadRequest(
                f"the key {shown!r} stands twice in one object",
                code="duplicate-key",
                errors=[FieldError(shown, "must not be given twice", "duplicate-key")],
            )
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise BadRequest(f"{name} is not JSON", code="bad-json")


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadRequest(f"JSON nested deeper than {MAX_DEPTH} levels", code="nested-too-deep")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise BadRequest("text with half a surrogate pair", code="bad-json") from error
    elif isinstance(value, dict):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            _check(key, depth + 1)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            _check(inner, depth + 1)


class _StrictRequest(Request):
    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            chunks: list[bytes] = []
            size = 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > MAX_BODY:
                    raise TooLarge(f"a body has at most {MAX_BODY} bytes")
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse(await self.body())
        return self._json


class _StrictRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly


def router(**options: Any) -> APIRouter:
    """A router whose routes read JSON strictly."""
    return APIRouter(route_class=_StrictRoute, **options)


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def if_match(header: str | None, version: int) -> None:
    """Check an `If-Match` header against the current version. Raises `Stale`."""
    if header is None or header.strip() == "*":
        return
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    if etag(version) not in tags:
        raise Stale(f"the current entity tag is {etag(version)}")


def validators(tag: str, changed_at: datetime | None = None) -> dict[str, str]:
    """The headers by which a client asks later whether its copy is still good."""
    headers = {**FRESH, "ETag": tag}
    if changed_at is not None:
        headers["Last-Modified"] = format_datetime(changed_at.astimezone(UTC), usegmt=True)
    return headers


def conditional(request: Request, content: bytes, headers: Mapping[str, str], media_type: str) -> Response:
    """The content, or 304 where the client's copy is still good."""
    if is_known(request, headers):
        return Response(status_code=304, headers=dict(headers))
    return Response(content, headers=dict(headers), media_type=media_type)


def is_known(request: Request, headers: Mapping[str, str]) -> bool:
    """Whether the client has this already: by its `If-None-Match`, else by its `If-Modified-Since` (RFC 9110)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return tags.strip() == "*" or headers["ETag"] in known
    since, changed = request.headers.get("if-modified-since"), headers.get("Last-Modified")
    if since is None or changed is None:
        return False
    try:
        return parsedate_to_datetime(changed) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):  # no date, or one without a zone: as if it had not been sent
        return False
