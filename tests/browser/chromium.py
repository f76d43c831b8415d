"""Chromium as a reader has it, and a page that writes down what it did wrong."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, async_playwright

FLAGS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE: Final = (1440, 900)
PHONE: Final = (390, 844)
NARROW: Final = (320, 900)  # a desktop page at a zoom of 400 %
Scheme = Literal["dark", "light", "no-preference", "null"]
_OWN: Final = ("data", "blob", "about", "chrome-extension", "chrome")
_GIVEN_UP: Final = "net::ERR_ABORTED"  # by the page itself, or by leaving it


def executable() -> str | None:
    """Debian's Chromium; Playwright's own downloads are not used."""
    return shutil.which("chromium")


@asynccontextmanager
async def chromium(path: str) -> AsyncGenerator[Browser, None]:
    """A browser, closed at the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS), chromium_sandbox=False)
        try:
            yield browser
        finally:
            await browser.close()


async def new_context(browser: Browser, size: tuple[int, int] = WIDE, **options: Any) -> BrowserContext:
    """A profile of its own, French by preference."""
    width, height = size
    return await browser.new_context(viewport={"width": width, "height": height}, locale="fr-FR", **options)


class Watch:
    """What a page did that it should not: other hosts, errors of the console, subresources that failed."""

    def __init__(self, page: Page, origin: str) -> None:
        self.problems: list[str] = []
        self._host = urlsplit(origin).netloc
        self._refused: set[str] = set()  # what is meant to be refused
        page.on("request", self._on_request)
        page.on("requestfailed", self._on_failure)
        page.on("response", self._on_response)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))

    def expect_refusal(self, url: str) -> None:
        """This address answers an error, and that is right."""
        self._refused.add(url)

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in _OWN and parts.netloc != self._host:
            self.problems.append(f"another host: {request.url}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != _GIVEN_UP:
            self.problems.append(f"failed: {request.url} ({request.failure})")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.url not in self._refused:
            self.problems.append(f"{response.status}: {response.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # a violation of the policy is an error of the console too
        where = message.location.get("url")
        if message.type == "error" and where not in self._refused:
            self.problems.append(f"console: {message.text} ({where})")


async def open_page(page: Page, watch: Watch, url: str, status: int = 200) -> None:
    """Load a page; another status than this one is a problem."""
    if status >= 400:
        watch.expect_refusal(url)
    answer = await page.goto(url)
    if answer is not None and answer.status != status:
        watch.problems.append(f"{url} answers {answer.status}, not {status}")
