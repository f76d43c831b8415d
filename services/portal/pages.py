"""Pages as answers: the templates, and the headers that every page has."""

from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.portal.words import WORDS, language_of, word

_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    # the address of a page may hold a token
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language",
}


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page in the language that the request asks for."""
    language = language_of(request)
    settings = request.app.state.settings
    html = _TEMPLATES.get_template(template).render(
        lang=language, t=partial(word, language=language), settings=settings, words=WORDS, **context
    )
    return HTMLResponse(html, status_code=status, headers={**_HEADERS, "Content-Language": language})
