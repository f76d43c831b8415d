"""The portal: its parts put together."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from backbone import app
from backbone.errors import Problem
from services.portal import (
    alert_routes,
    browse_routes,
    content_routes,
    open_routes,
    routes,
    search_routes,
    sheet_routes,
)
from services.portal.errors import as_page
from services.portal.settings import Settings
from services.portal.sources import Sources
from services.portal.stack import Stack
from services.portal.worldmap import WorldMap

Handler = Callable[[Request, Any], Response | Awaitable[Response]]
ROUTERS = [
    routes.routes,
    browse_routes.routes,
    search_routes.routes,
    sheet_routes.routes,
    alert_routes.routes,
    content_routes.routes,
    open_routes.routes,
]


class Assets(StaticFiles):
    """Files whose names change with their content: kept for a year without asking."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        answer = super().file_response(*args, **options)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


class Front:
    """What all pages have alike on the wire.

    Pages and scripts leave compressed; documents leave as they are, in the parts that are asked for. HEAD is answered
    as GET is, the server leaves out the body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._gzip = GZipMiddleware(app, minimum_size=500, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._plain(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        is_file = "/documents/" in scope["path"] or scope["path"].endswith(".pdf")
        await (self._plain if is_file else self._gzip)(scope, receive, send)


def build() -> tuple[FastAPI, Settings]:
    """The application and the settings that it was made with."""
    settings = Settings()
    stack, sources = Stack(settings.service_urls), Sources(settings.service_urls)
    portal = app.create(
        "portal",
        settings,
        routers=ROUTERS,
        components=[stack, sources],
        state={
            "settings": settings,
            "stack": stack,
            "sources": sources,
            "world": WorldMap.load(settings.assets / "world.json"),
        },
    )
    portal.mount("/static", Assets(directory=settings.assets / "static"), name="static")
    portal.add_middleware(Front)
    for kind in (Problem, HTTPException, RequestValidationError, Exception):
        portal.add_exception_handler(kind, as_page(portal.exception_handlers[kind]))
    return portal, settings


if __name__ == "__main__":
    app.run(build)
