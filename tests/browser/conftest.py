"""A stack with the demonstration's data, a browser, and pages that fail where they misbehave.

`BOURSE_BROWSER_STACK=DIR` takes a stack that runs already (`BOURSE_BROWSER_PORTAL=URL`: another portal in front of it);
`BOURSE_BROWSER_REQUIRED=1` makes a missing Chromium a failure.
"""

import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from backbone.errors import TooMany
from services.portal.app import build
from tests.browser.chromium import Watch, chromium, executable, new_context, open_page
from tests.browser.pages import PageType, page_types, portal_of
from tests.journeys.conftest import Stack
from tests.serving import serving

BASE_PORT = 17700
expect.set_options(timeout=20_000)  # a machine that is busy is not a fault of the pages
NewPage = Callable[..., Awaitable["Visit"]]


class Visit:
    """A page of a profile of its own, and what it did wrong so far."""

    def __init__(self, page: Page, watch: Watch, portal: str) -> None:
        self.page = page
        self.watch = watch
        self.portal = portal

    async def open(self, path: str, status: int = 200) -> None:
        await open_page(self.page, self.watch, self.portal + path, status)
        assert not self.watch.problems, "\n".join(self.watch.problems)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack, None, None]:
    """One stack with the demonstration's data for all of these tests."""
    running = os.environ.get("BOURSE_BROWSER_STACK")
    stack = Stack(Path(running) if running else tmp_path_factory.mktemp("stack"), BASE_PORT)
    if running:
        stack.learn()
        if portal := os.environ.get("BOURSE_BROWSER_PORTAL"):
            stack.urls = {**stack.urls, "portal": portal}
        yield stack
        return
    started = stack.bourse("up", "--base-port", str(BASE_PORT))
    assert started.returncode == 0, started.stdout[-2000:] + started.stderr[-3000:]
    stack.learn()
    yield stack
    stack.bourse("down")


@pytest.fixture(scope="session")
def portal(stack: Stack) -> str:
    """The address of the portal."""
    return portal_of(stack)


@pytest.fixture(scope="session")
def types(stack: Stack) -> Sequence[PageType]:
    """Every page type, with an example."""
    return page_types(stack)


@pytest.fixture(scope="session")
async def failing(stack: Stack) -> AsyncGenerator[str, None]:
    """The address of a portal whose search is away, with two pages more that fail."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BOURSE_SERVICE_URLS", json.dumps({"catalog": stack.urls["catalog"]}))
        app, _ = build()

    async def too_many(lang: str) -> None:
        raise TooMany()

    async def broken(lang: str) -> None:
        raise RuntimeError("planted")

    app.add_api_route("/{lang:lang}/too-many", too_many)
    app.add_api_route("/{lang:lang}/broken", broken)
    async with serving(app) as url:
        yield url


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser, None]:
    """Chromium; where it is missing, a skip that is seen, or a failure where it is required."""
    path = executable()
    if path is None:
        why = "Chromium is not installed (Debian: apt-get install chromium)"
        if os.environ.get("BOURSE_BROWSER_REQUIRED") == "1":
            pytest.fail(why)
        pytest.skip(why)
    async with chromium(path) as started:
        yield started


@pytest.fixture
async def visit(browser: Browser, portal: str) -> AsyncGenerator[NewPage, None]:
    """Open pages in profiles of their own; at the end, none of them has done anything wrong."""
    made: list[Visit] = []

    async def make(**options: Any) -> Visit:
        context = await new_context(browser, **options)
        page = await context.new_page()
        made.append(Visit(page, Watch(page, portal), portal))
        return made[-1]

    yield make
    for each in made:
        await each.page.context.close()
    problems = [problem for each in made for problem in each.watch.problems]
    assert not problems, "\n".join(problems)
