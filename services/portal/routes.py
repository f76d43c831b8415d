"""The pages: what runs here, the confirmation of an address, and where the links of the e-mails lead for now."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final, cast
from urllib.parse import parse_qs, quote, urlencode

from babel import Locale
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from backbone.contracts import vocabularies
from backbone.errors import BadRequest, NotFound
from services.portal.pages import page
from services.portal.settings import Settings
from services.portal.stack import Stack, Verification
from services.portal.words import language_of

routes = APIRouter(include_in_schema=False)

_LONGEST_FORM: Final = 4_000
_SEARCHES: Final[Mapping[str, list[tuple[str, str]]]] = {
    "search_africa_water": [("continent", "africa"), ("theme", "water-sanitation")],
    "search_country": [("country", "SN")],
    "search_two_themes": [("continent", "asia"), ("theme", "culture"), ("theme", "heritage")],
    "search_text": [("q", "marché")],
    "search_offers": [("kind", "offer")],
}
_STATUS: Final = {"unknown": 404, "expired": 410, "later": 503}


@routes.get("/")
async def home(request: Request) -> Response:
    """What runs here and how to try it."""
    settings, stack = _settings(request), cast("Stack", request.app.state.stack)
    probes, accounts = await asyncio.gather(
        stack.probe(), stack.demonstration_accounts() if settings.demonstration else _nobody()
    )
    password = settings.demonstration_password
    return page(
        request,
        "home.html",
        probes=probes,
        groups=grouped(accounts, language_of(request)),
        password=password.get_secret_value() if settings.demonstration and password else None,
        searches={key: settings.link("search", "/projects?" + urlencode(query)) for key, query in _SEARCHES.items()},
    )


async def _nobody() -> list[dict[str, Any]]:
    return []


def grouped(accounts: list[dict[str, Any]], language: str) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Group (office, authorities, agents), then continent, to its accounts by the name of their country."""
    names = {str(code): str(name) for code, name in cast("dict[str, str]", Locale(language).territories).items()}
    groups: dict[str, dict[str, list[dict[str, Any]]]] = {"office": {}, "authorities": {}, "agents": {}}
    for account in sorted(accounts, key=lambda account: names.get(account["country"] or "", "")):
        group = {"authority": "authorities", "agent": "agents"}.get(account["role"], "office")
        continent = vocabularies.countries().get(account["country"] or "", "elsewhere")
        shown = {**account, "country_name": names.get(account["country"] or "", "")}
        groups[group].setdefault(continent, []).append(shown)
    order = (*vocabularies.CONTINENTS, "elsewhere")
    return {name: {key: found[key] for key in order if key in found} for name, found in groups.items()}


@routes.get("/projects/{project}")
async def project(request: Request, project: str) -> Response:
    """The sheet, for now as the catalogue's JSON."""
    return _redirect(_settings(request), "catalog", f"/projects/{quote(project, safe='')}")


@routes.get("/reviews/{project}")
async def review(request: Request, project: str) -> Response:
    """The review of a sheet, for now as moderation's JSON."""
    return _redirect(_settings(request), "moderation", f"/reviews/{quote(project, safe='')}")


def _redirect(settings: Settings, service: str, path: str) -> Response:
    target = settings.link(service, path)
    if target is None:
        raise NotFound
    return RedirectResponse(target, status_code=302, headers={"Cache-Control": "no-store"})


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
    return page(request, "verify.html", status=_STATUS.get(found.outcome, 200), found=found, token=token)


def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)
