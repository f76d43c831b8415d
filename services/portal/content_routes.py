"""The help and legal pages, and what runs in a demonstration."""

import asyncio
from typing import Any, Final, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from backbone.contracts import vocabularies
from backbone.errors import NotFound
from services.portal.content import content, names
from services.portal.language import Words, words
from services.portal.pages import page, settings_of
from services.portal.stack import Stack

routes = APIRouter(include_in_schema=False)

_PLACES: Final = (*vocabularies.CONTINENTS, "elsewhere")


@routes.get("/{lang:lang}/pages/{name}")
async def text(request: Request, lang: str, name: str) -> Response:
    """A page of text."""
    if name not in names():
        raise NotFound
    settings, w = settings_of(request), words(lang)
    filled = {
        "operator": settings.operator or w.t("the operator of this installation"),
        "contact": settings.contact or w.t("(the operator’s contact address)"),
        "portal": settings.portal_url.rstrip("/"),
    }
    return page(request, "content.html", text=content(lang, name, settings, filled))


@routes.get("/{lang:lang}/demonstration")
async def demonstration(request: Request, lang: str) -> Response:
    """What runs here, and the accounts to try it with; only where the data are fictional."""
    settings, stack = settings_of(request), cast("Stack", request.app.state.stack)
    if not settings.demonstration:
        raise NotFound
    probes, accounts = await asyncio.gather(stack.probe(), stack.demonstration_accounts())
    password = settings.demonstration_password
    search = {"continent": "africa", "theme": "water-sanitation"}
    return page(
        request,
        "demonstration.html",
        probes=probes,
        groups=grouped(accounts, words(lang)),
        password=password.get_secret_value() if password else None,
        search_example=settings.link("search", f"/projects?{urlencode(search)}"),
    )


def grouped(accounts: list[dict[str, Any]], w: Words) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Group (office, authorities, agents), then continent, to its accounts by the name of their country."""
    groups: dict[str, dict[str, list[dict[str, Any]]]] = {"office": {}, "authorities": {}, "agents": {}}
    for account in w.by_name([{**a, "label": w.country(a["country"]) if a["country"] else ""} for a in accounts]):
        group = {"authority": "authorities", "agent": "agents"}.get(account["role"], "office")
        continent = vocabularies.countries().get(account["country"] or "", "elsewhere")
        groups[group].setdefault(continent, []).append(dict(account))
    return {name: {key: found[key] for key in _PLACES if key in found} for name, found in groups.items()}
