"""Pages as answers: the templates in each language, what every page is given, the headers that every page has."""

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache, partial
from html import unescape
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.portal.language import LANGUAGES, folded, language_of, translations, words
from services.portal.settings import HERE, Settings

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    # may be kept, not shown without asking: what was unpublished is gone at once
    "Cache-Control": "no-cache",
    "Vary": "Accept, HX-Request",
}
_BLANK_LINES: Final = re.compile(r"\n\s*\n")
_MARK: Final = re.compile(r"(</?mark>)")
_NATIVE: Final = {"fr": "Français", "en": "English", "es": "Español", "pt": "Português", "ar": "العربية"}


@cache
def _environment(language: str, theme: Path) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(theme), FileSystemLoader(HERE / "templates")]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # pyright: ignore
    environment.filters.update(paragraphs=paragraphs, marked=marked, slug=slug)
    return environment


def paragraphs(text: str) -> Markup:
    """What a person typed, its blank lines as paragraphs."""
    parts = [part.strip() for part in _BLANK_LINES.split(text) if part.strip()]
    return Markup("\n").join(
        Markup("<p>%s</p>") % Markup("<br>").join(escape(line) for line in part.splitlines()) for part in parts
    )


def marked(text: str) -> Markup:
    """A highlight of the search: text that it escaped, with `<mark>` as the only tag let through."""
    return Markup("").join(
        Markup(part) if _MARK.fullmatch(part) else escape(unescape(part))  # noqa: S704 - nothing but the two tags
        for part in _MARK.split(text)
    )


@lru_cache(maxsize=2)
def _manifest(file: Path, _changed: int) -> Mapping[str, str]:
    return json.loads(file.read_text(encoding="utf-8"))


def asset(settings: Settings, name: str) -> str:
    """The address of a built asset; those of a new build are seen without a new start."""
    file = settings.assets / "manifest.json"
    return f"/static/{_manifest(file, file.stat().st_mtime_ns)[name]}"


def settings_of(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


def _context(request: Request, language: str) -> dict[str, Any]:
    settings = settings_of(request)
    base = settings.portal_url.rstrip("/")
    path = request.url.path
    prefixed = path.split("/", 2)[1] in LANGUAGES
    # where a page has no language in its address, the switch leads to the home page
    rest = path.split("/", 2)[2] if prefixed and path.count("/") > 1 else ""

    def in_language(code: str, *, query: bool = True) -> str:
        asked = request.url.query if query and prefixed else ""
        return f"/{code}/{rest}" + (f"?{asked}" if asked else "")

    return {
        "lang": language,
        "w": words(language),
        "settings": settings,
        "asset": partial(asset, settings),
        "base": base,
        "languages": [(code, _NATIVE[code], in_language(code)) for code in LANGUAGES],
        "alternates": [(code, base + in_language(code, query=False)) for code in LANGUAGES] if prefixed else [],
        "canonical": f"{base}{path}" if prefixed else None,
        "here": f"/{rest}",
        "root": f"/{language}",
        "to": partial(address, language),
    }


def address(language: str, place: str, **query: Any) -> str:
    """An address of the portal: `place` without its language, such as `projects`."""
    asked = urlencode([(name, value) for name, value in query.items() if value not in (None, "")], doseq=True)
    return f"/{language}/{place}" + (f"?{asked}" if asked else "")


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    block: str | None = None,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page in the language that the request asks for, or one `block` of it."""
    language = language_of(request)
    environment = _environment(language, settings_of(request).theme)
    given = {**_context(request, language), **context}
    if status >= 400 or "token" in request.query_params:
        # an error, or one person's page: no address of it is for others
        given |= {"alternates": [], "canonical": None}
    html = (
        render_block(environment, template, block, **given)
        if block
        else environment.get_template(template).render(**given)
    )
    return HTMLResponse(html, status_code=status, headers={**_HEADERS, "Content-Language": language, **(headers or {})})


def is_partial(request: Request) -> bool:
    """Whether the answer goes into a page that is already there."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-history-restore-request") != "true"


@lru_cache(maxsize=16_384)
def slug(text: str) -> str:
    """A title as the readable part of an address."""
    spelled = re.sub(r"[\W_]+", "-", folded(text)).strip("-")
    return spelled if len(spelled) <= 70 else spelled[:70].rpartition("-")[0]


def permanent(request: Request, place: str) -> Response | None:
    """A redirection where the page was asked for under another address than its own; None where it is the right one."""
    wanted = f"/{language_of(request)}/{place}"
    if request.url.path in (wanted, quote(wanted)):
        return None
    asked = request.url.query
    location = quote(wanted) + (f"?{asked}" if asked else "")
    return Response(status_code=301, headers={"Location": location, **_HEADERS})
