"""Addresses without a language, the door of the portal, and the confirmation of an e-mail address."""

from typing import Annotated, Any, Final, cast
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from backbone.errors import BadRequest, NotFound
from services.portal.language import language_of
from services.portal.pages import asset, page, settings_of
from services.portal.stack import Stack, Verification

routes = APIRouter(include_in_schema=False)

_LONGEST_FORM: Final = 4_000
_STATUS: Final = {"unknown": 404, "expired": 410, "later": 503}
# the address of the page holds the token
_SECRET: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def _elsewhere(address: str, *, status: int = 302) -> Response:
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language"}
    return RedirectResponse(address, status_code=status, headers=headers)


@routes.get("/")
async def door(request: Request) -> Response:
    """To the home page in the reader's language."""
    return _elsewhere(f"/{language_of(request)}/")


@routes.get("/{lang:lang}")
async def door_of_language(lang: str) -> Response:
    return _elsewhere(f"/{lang}/", status=301)


@routes.get("/favicon.ico")
async def icon(request: Request) -> Response:
    """Where browsers look for it by themselves, beside a PDF."""
    return _elsewhere(asset(settings_of(request), "icon.svg"))


@routes.get("/projects/{project}")
async def project(request: Request, project: str) -> Response:
    """The sheet, where the links of e-mails lead, in the reader's language."""
    return _elsewhere(f"/{language_of(request)}/projects/{quote(project, safe='')}")


@routes.get("/reviews/{project}")
async def review(request: Request, project: str) -> Response:
    """The review of a sheet, for now as moderation's JSON."""
    target = settings_of(request).link("moderation", f"/reviews/{quote(project, safe='')}")
    if target is None:
        raise NotFound
    return _elsewhere(target)


@routes.get("/verify")
async def look_at_verification(
    request: Request, token: Annotated[str, Query(min_length=1, max_length=200)]
) -> Response:
    """Ask whether the address is theirs; the answer is a form, since programs that read mail open every link."""
    found = await cast("Stack", request.app.state.stack).look_at_verification(token)
    return _verification(request, found, token)


@routes.post("/verify")
async def verify(request: Request) -> Response:
    """Confirm the address."""
    form = await _form(request)
    found = await cast("Stack", request.app.state.stack).verify(form["token"][0][:200])
    return _verification(request, found, "")


async def _form(request: Request) -> dict[str, list[str]]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise BadRequest("the form is too long")
    try:
        form = parse_qs(body.decode("ascii"), max_num_fields=5)
    except ValueError as error:
        raise BadRequest("the form is not well-formed") from error
    if "token" not in form:
        raise BadRequest("token is missing")
    return form


def _verification(request: Request, found: Verification, token: str) -> Response:
    shown: dict[str, Any] = {"found": found, "token": token}
    return page(request, "verify.html", status=_STATUS.get(found.outcome, 200), headers=_SECRET, **shown)
