"""axe on every page type, and what axe does not decide: sideways scrolling, targets, contrast in SVG, focus, motion."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.chromium import NARROW
from tests.browser.conftest import NewPage
from tests.browser.looks import Looker
from tests.browser.pages import MAIN, PageType
from tests.browser.survey import SIZES, Seen, resize, survey

LANGS = ("fr", "ar")
PICTURES = Path(__file__).parents[2] / ".bourse" / "screenshots"

FAILURES = (
    PageType("429", "/{lang}/too-many", 429),
    PageType("500", "/{lang}/broken", 500),
    PageType("503: search is away", "/{lang}/projects?q=eau", 503),
)

PLANTED = """<!doctype html><html><head><title></title></head><body>
<div style="width: 2000px">wide</div><img src="data:,"><button></button><input name="q">
<p style="color: #999; background: #aaa">faint</p><h1>One</h1><h4>Four</h4><a href="#x" style="outline: none">to</a>
<style>@media (prefers-reduced-motion: reduce) { p { transition: color 1s } }</style>
<svg class="world" width="200" height="100"><a class="bubble" href="#y" aria-label="small"><circle r="5" cx="9" cy="9"
fill="#444"/><text fill="#555">3</text></a></svg></body></html>"""
FAULTS = {"document-title", "html-has-lang", "image-alt", "button-name", "label", "color-contrast", "heading-order"}


@pytest.fixture(scope="module")
async def seen(browser: Browser, portal: str, failing: str, types: Sequence[PageType]) -> Sequence[Seen]:
    """Every page type in French and in Arabic, those of what goes wrong too."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    return [
        *await survey(browser, portal, types, LANGS, PICTURES),
        *await survey(browser, failing, FAILURES, LANGS, PICTURES),
    ]


def wrong(seen: Sequence[Seen], of: Callable[[Seen], dict[str, list[str]]]) -> list[str]:
    """What is wrong, by page, language and width."""
    return [
        f"{each.page.name} {each.lang} {size}: {what}" for each in seen for size in SIZES for what in of(each)[size]
    ]


def all_well(found: Sequence[str]) -> None:
    """Nothing is wrong, or each line of what is."""
    assert not found, "\n".join(found)


def test_axe_finds_nothing(seen: Sequence[Seen], capsys: pytest.CaptureFixture[str]) -> None:
    table: dict[str, dict[str, int]] = defaultdict(dict)
    for each in seen:
        for size, violations in each.axe.items():
            table[each.page.name][f"{each.lang} {size}"] = len(violations)
    columns = [f"{lang} {size}" for lang in LANGS for size in SIZES]
    with capsys.disabled():  # the table is seen in any run
        print(f"\n{'axe: violations':<34}" + "".join(f"{column:>9}" for column in columns))
        for name, counts in table.items():
            print(f"{name:<34}" + "".join(f"{counts[column]:>9}" for column in columns))
    all_well(wrong(seen, lambda each: each.axe))


def test_every_page_loads_without_an_error_or_another_host(seen: Sequence[Seen]) -> None:
    all_well([f"{each.page.name} {each.lang}: {problem}" for each in seen for problem in each.problems])


def test_no_page_scrolls_sideways(seen: Sequence[Seen]) -> None:
    all_well(wrong(seen, lambda each: each.overflow))


def test_bubbles_of_the_map_are_large_enough_and_their_figures_readable(seen: Sequence[Seen]) -> None:
    all_well(wrong(seen, lambda each: each.bubbles))
    all_well([f"{each.page.name} {each.lang}: {what}" for each in seen for what in each.faint])


def test_there_are_pictures_of_every_page(seen: Sequence[Seen]) -> None:
    assert len(list(PICTURES.glob("*.png"))) == len(seen) * 2


async def test_planted_faults_are_found(browser: Browser) -> None:
    context = await browser.new_context(viewport={"width": 320, "height": 900}, reduced_motion="reduce")
    page = await context.new_page()
    await page.set_content(PLANTED)
    looker = await Looker.of(page)
    assert {violation.partition(":")[0] for violation in await looker.axe()} >= FAULTS
    assert "div" in (await looker.overflow())[0]
    assert await looker.small_bubbles() == ["small: 10.0 px"]
    assert await looker.faint_figures() == ["3: 1.31"]
    unseen, reached = await looker.unseen_focus()
    assert (unseen, reached) == (["a: to"], 4)
    assert await looker.moving() == ["p"]
    await context.close()


@pytest.mark.parametrize("name", MAIN)
async def test_in_the_dark_scheme_too(visit: NewPage, types: Sequence[PageType], name: str) -> None:
    dark = await visit(color_scheme="dark")
    kind = next(kind for kind in types if kind.name == name)
    await dark.open(kind.at("fr"))
    paper = await dark.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in paper.strip("rgb()").split(",")) < 150, paper
    looker = await Looker.of(dark.page)
    all_well(await looker.axe())
    all_well(await looker.faint_figures())


@pytest.mark.parametrize("colours", ["none", "active"])
@pytest.mark.parametrize("name", [*MAIN, "authority", "country", "text: faq", "404"])
async def test_the_focus_is_seen(visit: NewPage, types: Sequence[PageType], name: str, colours: str) -> None:
    reader = await visit(forced_colors=colours)
    kind = next(kind for kind in types if kind.name == name)
    await reader.open(kind.at("fr"), kind.status)
    looker = await Looker.of(reader.page)
    wide, reached = await looker.unseen_focus()
    await resize(reader.page, NARROW)
    narrow, _ = await looker.unseen_focus()
    assert reached > 15
    all_well([*wide, *narrow])


async def test_the_zoomable_map_is_accessible_too(visit: NewPage) -> None:
    reader = await visit()
    await reader.open("/fr/projects")
    await reader.page.locator("[data-map-open]").press("Enter")
    await reader.page.locator(".zoomable .pin").first.wait_for()
    looker = await Looker.of(reader.page)
    all_well(await looker.axe())
    unseen, reached = await looker.unseen_focus()
    all_well(unseen)
    assert reached > 15


async def test_who_asks_for_less_motion_gets_none(visit: NewPage) -> None:
    calm = await visit(reduced_motion="reduce")
    await calm.open("/fr/projects")
    looker = await Looker.of(calm.page)
    all_well(await looker.moving())
    await calm.page.locator("[data-map-open]").press("Enter")
    await calm.page.locator(".zoomable .pin").first.wait_for()
    all_well(await looker.moving())
