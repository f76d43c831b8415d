"""A reader who has no mouse: goes from one thing to the next by Tab, and what the search page then says."""

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from playwright.async_api import Page

FARTHEST: Final = 500
PATIENCE: Final = 200  # tenths of a second: a machine that is busy is not a fault of the pages
_HERE: Final = "(wanted) => document.activeElement !== null && document.activeElement.matches(wanted)"


async def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until what matches this selector has the focus."""
    for _ in range(FARTHEST):
        if await page.evaluate(_HERE, wanted):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {wanted} on {page.url}")


async def follow(page: Page, wanted: str) -> None:
    """Tab to a link and open it; once its page is there."""
    await tab_to(page, wanted)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def total(page: Page) -> int:
    """How many projects the page says it found."""
    return figures_of(await page.locator("#total").inner_text())


def figures_of(said: str) -> int:
    """The sum of a sentence's figures (3 projects found, and 25 that come near); large ones stand in groups."""
    return sum(int(re.sub(r"\D", "", figure)) for figure in re.findall(r"\d+(?:[\u202f\u00a0.,]\d{3})*", said))


async def shows(page: Page, count: int) -> None:
    """Wait until the page says that it found that many."""
    for _ in range(PATIENCE):
        if await total(page) == count:
            return
        await page.wait_for_timeout(100)
    raise AssertionError(f"{count} are not what {page.url} says: {await page.locator('#total').inner_text()}")


def asked(page: Page) -> list[tuple[str, str]]:
    """The query of the page's address."""
    return parse_qsl(urlsplit(page.url).query)


async def on_map(page: Page) -> int:
    """The sum of the bubbles of the page's map."""
    figures = await page.locator(".world .bubble text").all_text_contents()
    return sum(int(re.sub(r"\D", "", figure)) for figure in figures)


async def stands_still(page: Page, wanted: str) -> None:
    """Wait until a part of the page has not changed for a second."""
    before, unchanged = "", 0
    while unchanged < 10:
        await page.wait_for_timeout(100)
        now = await page.locator(wanted).inner_html()
        unchanged = unchanged + 1 if now == before else 0
        before = now
