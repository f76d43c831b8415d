"""Every page type, looked at once in each language: what is wrong, and a picture of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Page

from tests.browser.chromium import NARROW, PHONE, WIDE, Watch, new_context, open_page
from tests.browser.looks import Looker
from tests.browser.pages import PageType

SIZES = {"1440": WIDE, "320": NARROW}


@dataclass
class Seen:
    """What was wrong with one page in one language, by the size it was seen at."""

    page: PageType
    lang: str
    problems: list[str] = field(default_factory=list[str])
    axe: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    overflow: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    bubbles: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    faint: list[str] = field(default_factory=list[str])


async def survey(
    browser: Browser, portal: str, types: Sequence[PageType], langs: Sequence[str], pictures: Path
) -> list[Seen]:
    """Look at all of them, the languages side by side."""

    async def in_language(lang: str) -> list[Seen]:
        context = await new_context(browser)
        seen = [await _look(await context.new_page(), portal, kind, lang, pictures) for kind in types]
        await context.close()
        return seen

    found = await asyncio.gather(*(in_language(lang) for lang in langs))
    return [seen for language in found for seen in language]


async def _look(page: Page, portal: str, kind: PageType, lang: str, pictures: Path) -> Seen:
    seen, watch = Seen(kind, lang), Watch(page, portal)
    await open_page(page, watch, portal + kind.at(lang), kind.status)
    looker = await Looker.of(page)
    for name, size in SIZES.items():
        await resize(page, size)
        seen.axe[name] = await looker.axe()
        seen.overflow[name] = await looker.overflow()
        seen.bubbles[name] = await looker.small_bubbles()
    seen.faint = await looker.faint_figures()
    await take(page, kind, lang, pictures)
    seen.problems = watch.problems
    await page.close()
    return seen


async def take(page: Page, kind: PageType, lang: str, folder: Path) -> None:
    """Pictures of a whole page, as wide as a desk's and a phone's screen."""
    name = kind.name.replace(": ", "-").replace(" ", "-")
    for size in (WIDE, PHONE):
        await resize(page, size)
        if size == PHONE:
            await page.reload()  # as it is on a phone from the start: with its filters folded
        await page.screenshot(path=folder / f"{name}.{lang}.{size[0]}.png", full_page=True)


async def resize(page: Page, size: tuple[int, int]) -> None:
    width, height = size
    await page.set_viewport_size({"width": width, "height": height})
