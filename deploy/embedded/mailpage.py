"""The page of the caught mails. A mail is text that others wrote: it is escaped, its HTML shown in a closed frame."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deploy.embedded.mailstore import MailStore, attachment, attachments, body, header, headers

_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_COMMON: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# The HTML of a mail may style itself and show the pictures it carries; it runs nothing and fetches nothing.
MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


def application(maildir: Path, *, lifespan: Lifespan | None = None) -> Starlette:
    """The page's ASGI application over a Maildir."""
    pages = _Pages(MailStore(maildir))
    routes = [
        Route("/", pages.list_mails),
        Route("/mails/{name}", pages.show_mail),
        Route("/mails/{name}/html", pages.show_html),
        Route("/mails/{name}/raw", pages.show_raw),
        Route("/mails/{name}/attachments/{number:int}", pages.send_attachment),
        Route("/style.css", _style),
        Route("/health/live", _health),
        Route("/health/ready", _health),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


class _Pages:
    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def list_mails(self, request: Request) -> Response:
        recipient, before = request.query_params.get("to", ""), request.query_params.get("before", "")
        page = await run_in_threadpool(self._store.page, recipient=recipient, before=before)
        older = f"/?{urlencode({'to': recipient, 'before': page.older})}" if page.older else None
        newest = f"/?{urlencode({'to': recipient})}" if before else None
        return _html("list.html", page=page, recipient=recipient, older=older, newest=newest)

    async def show_mail(self, request: Request) -> Response:
        name = request.path_params["name"]
        mail = await run_in_threadpool(self._store.read, name)
        if mail is None:
            return _html("missing.html", status=404)
        text = body(mail, "plain")
        return _html(
            "mail.html",
            name=name,
            subject=header(mail, "Subject") or "(sans objet)",
            headers=headers(mail),
            text=text,
            has_html=body(mail, "html") is not None,
            attachments=attachments(mail),
        )

    async def show_html(self, request: Request) -> Response:
        mail = await run_in_threadpool(self._store.read, request.path_params["name"])
        content = None if mail is None else body(mail, "html")
        if content is None:
            return _html("missing.html", status=404)
        # A link of the mail opens beside this page: in the frame itself, the page's policy would forbid it.
        content = content.replace("<head>", '<head><base target="_blank">', 1)
        return HTMLResponse(
            content.encode(errors="replace"), headers=_COMMON | {"Content-Security-Policy": MAIL_POLICY}
        )

    async def show_raw(self, request: Request) -> Response:
        path = self._store.path(request.path_params["name"])
        if path is None:
            return _html("missing.html", status=404)
        content = await run_in_threadpool(path.read_bytes)
        return PlainTextResponse(content, headers=_COMMON | {"Content-Security-Policy": PAGE_POLICY})

    async def send_attachment(self, request: Request) -> Response:
        mail = await run_in_threadpool(self._store.read, request.path_params["name"])
        found = None if mail is None else attachment(mail, request.path_params["number"])
        if found is None:
            return _html("missing.html", status=404)
        filename, content = found
        disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        return Response(
            content, media_type="application/octet-stream", headers=_COMMON | {"Content-Disposition": disposition}
        )


def _html(template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    content = _TEMPLATES.get_template(template).render(**values)
    return HTMLResponse(content, status, headers=_COMMON | {"Content-Security-Policy": PAGE_POLICY})


async def _style(_: Request) -> Response:
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=3600"}
    return FileResponse(_HERE / "static" / "mail.css", headers=headers)


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})
