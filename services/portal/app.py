"""The portal: its parts put together."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from backbone import app
from backbone.errors import Problem
from services.portal.pages import STATIC, page
from services.portal.routes import routes
from services.portal.settings import Settings
from services.portal.stack import Stack
from services.portal.words import WORDS

Handler = Callable[[Request, Any], Response | Awaitable[Response]]


def build() -> tuple[FastAPI, Settings]:
    """The application and the settings that it was made with."""
    settings = Settings()
    stack = Stack(settings.service_urls)
    portal = app.create(
        "portal", settings, routers=[routes], components=[stack], state={"settings": settings, "stack": stack}
    )
    portal.mount("/static", StaticFiles(directory=STATIC), name="static")
    for kind in (Problem, HTTPException, RequestValidationError, Exception):
        portal.add_exception_handler(kind, _as_page(portal.exception_handlers[kind]))
    return portal, settings


def _as_page(handle: Handler) -> Callable[[Request, Any], Awaitable[Response]]:
    """The same error, as a page where a browser asks for one."""

    async def handle_as_page(request: Request, error: Any) -> Response:
        answered = handle(request, error)
        answer = answered if isinstance(answered, Response) else await answered
        if "text/html" not in request.headers.get("accept", ""):
            return answer
        known = f"error_{answer.status_code}"
        key = known if known in WORDS else "error_400" if answer.status_code < 500 else "error_500"
        shown = page(request, "error.html", status=answer.status_code, title=key)
        if "retry-after" in answer.headers:
            shown.headers["Retry-After"] = answer.headers["retry-after"]
        return shown

    return handle_as_page


if __name__ == "__main__":
    app.run(build)
