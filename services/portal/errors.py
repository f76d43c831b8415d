"""What goes wrong, as a page in the reader's language with a way on."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from services.portal.language import Words, language_of, words
from services.portal.pages import page
from services.portal.sources import Away

Handler = Callable[[Request, Any], Response | Awaitable[Response]]
_KEPT: Final = ("retry-after", "allow")


def as_page(handle: Handler) -> Callable[[Request, Any], Awaitable[Response]]:
    """The same error, as a page where a browser asks for one."""

    async def handle_as_page(request: Request, error: Any) -> Response:
        answered = handle(request, error)
        answer = answered if isinstance(answered, Response) else await answered
        if "text/html" not in request.headers.get("accept", "") or answer.status_code < 400:
            return answer
        title, what_now = explained(answer.status_code, error, words(language_of(request)))
        headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        return page(request, "error.html", status=answer.status_code, headers=headers, title=title, what_now=what_now)

    return handle_as_page


def explained(status: int, error: Any, w: Words) -> tuple[str, str]:
    """What happened, and what can be done about it."""
    if isinstance(error, Away) and error.service == "search":
        return w.t("The search does not answer at the moment"), w.t(
            "The sheets and the help pages are still there. Please try again in a few minutes."
        )
    if status == 404:
        return w.t("This page does not exist"), w.t("The address may be wrong, or the page was moved.")
    if status == 405:
        return w.t("This page is not to be asked for in this way"), w.t("Please start again from the home page.")
    if status == 410:
        return w.t("This document is no longer published"), w.t("Its sheet was changed or withdrawn.")
    if status == 429:
        return w.t("Too many requests"), w.t("Please wait a minute, then try again.")
    if status == 503:
        return w.t("Temporarily unavailable"), w.t("Nothing is lost. Please try again in a few minutes.")
    if status < 500:
        return w.t("This address cannot be understood"), w.t("Something in it is missing or wrong.")
    return w.t("Something went wrong on our side"), w.t("It was noted. Please try again in a few minutes.")
