"""What a visitor does, by keyboard alone; and the same path where scripts are off."""

import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.keyboard import FARTHEST, asked, follow, on_map, shows, stands_still, tab_to, total
from tests.browser.pages import PageType, demand_with_documents
from tests.journeys.conftest import Stack

TYPO = "asainissement"


def counted(stack: Stack, *pairs: tuple[str, str]) -> dict[str, Any]:
    """The search service's own answer."""
    answer = stack.call("search", "GET", f"/projects?{urlencode(pairs)}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def three_facets(stack: Stack) -> list[tuple[str, str]]:
    """A continent, a theme and a kind that the search with the typo has in common, the most frequent of each."""
    chosen: list[tuple[str, str]] = []
    for facet in ("continent", "theme", "kind"):
        values = counted(stack, ("q", TYPO), *chosen)["facets"][facet]
        chosen.append((facet, max(values, key=lambda entry: entry["count"])["value"]))
    return chosen


async def choose(page: Page, facet: str, value: str) -> None:
    """Tick a value of a facet by keyboard."""
    await tab_to(page, f"#{facet}-{value}")
    await page.keyboard.press("Space")


async def test_from_the_home_page_to_a_document_by_keyboard_alone(visit: NewPage, stack: Stack) -> None:
    reader = await visit()
    page = reader.page
    await reader.open("/fr/")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.hash") == "#content"
    await tab_to(page, "#q")
    await page.keyboard.type(TYPO)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert asked(page) == [("q", TYPO)]
    await shows(page, counted(stack, ("q", TYPO))["total"])
    assert "assainissement" in (await page.locator("#results .list").inner_text()).lower()

    chosen: list[tuple[str, str]] = []
    for facet, value in three_facets(stack):
        chosen.append((facet, value))
        await choose(page, facet, value)
        expected = counted(stack, ("q", TYPO), *chosen)["total"]
        assert expected
        await expect(page.locator(".chips .chip:not(.reset)")).to_have_count(len(chosen) + 1)
        await shows(page, expected)
        assert set(asked(page)) - {("sort", "relevance"), ("size", "20")} == {("q", TYPO), *chosen}

    title = await page.locator("#results .card-title a").first.inner_text()
    await follow(page, "#results .card-title a")
    assert await page.locator("h1").inner_text() == title


async def test_a_sheet_its_document_its_pdf_and_its_languages_by_keyboard(
    visit: NewPage, stack: Stack, types: list[PageType]
) -> None:
    reader = await visit()
    page = reader.page
    await reader.open(next(kind for kind in types if kind.name == "sheet: demand").at("fr"))
    french, title = page.url, await page.locator("h1").inner_text()

    await follow(page, ".languages a[hreflang=ar]")
    assert page.url == french.replace("/fr/", "/ar/")
    html = page.locator("html")
    assert [await html.get_attribute(name) for name in ("lang", "dir")] == ["ar", "rtl"]
    assert await page.locator("h1").inner_text() == title
    await follow(page, ".languages a[hreflang=fr]")
    assert page.url == french

    sheet = demand_with_documents(stack)
    document = next(each for each in sheet["documents"] if each.get("id"))
    wanted = stack.call("catalog", "GET", f"/documents/{document['id']}")
    await tab_to(page, f".documents a[href$='{document['id']}']")
    async with page.expect_download() as downloading:
        await page.keyboard.press("Enter")
    download = await downloading.value
    assert (await download.path()).read_bytes() == wanted.content
    assert quote(download.suggested_filename) in wanted.headers["content-disposition"]

    await tab_to(page, "a.button[href$='.pdf']")
    async with page.expect_response(re.compile(r"/projects/[^/]+\.pdf$")) as answering:
        await page.keyboard.press("Enter")
    answer = await answering.value
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    assert (await (await page.context.request.get(answer.url)).body()).startswith(b"%PDF-")


async def test_a_bubble_of_the_map_narrows_the_list(visit: NewPage) -> None:
    reader = await visit()
    page = reader.page
    await reader.open("/fr/projects")
    assert await on_map(page) == await total(page) > 50
    bubble = ".world a.bubble:not([data-single])"
    await tab_to(page, bubble)
    inside = int(await page.locator(":focus text").text_content() or "")
    await page.keyboard.press("Enter")
    await shows(page, inside)
    assert [name for name, _ in asked(page)].count("bbox") == 1
    assert await on_map(page) == inside
    foot = page.locator("#map tfoot td")
    assert int(re.sub(r"\D", "", await foot.text_content() or "")) == inside


async def test_the_zoomable_map_is_opened_and_narrows_the_list(visit: NewPage) -> None:
    reader = await visit()
    page = reader.page
    await reader.open("/fr/projects")
    everything = await total(page)
    await tab_to(page, "[data-map-open]")
    await page.keyboard.press("Enter")
    await page.locator(".zoomable .pin").first.wait_for()
    pins = page.locator(".zoomable .pin")
    await stands_still(page, ".zoomable")  # it asks again once it has zoomed to what it shows
    assert sum(int(figure) for figure in await pins.all_inner_texts()) == everything
    assert await page.evaluate("document.activeElement.matches('.zoomable')")

    cluster = 0
    for _ in range(FARTHEST):
        await page.keyboard.press("Tab")
        said = await page.evaluate("document.activeElement.matches('.pin') ? document.activeElement.textContent : '0'")
        if int(said) > 1:
            cluster = int(said)
            break
    assert cluster, "Tab reaches no cluster"
    assert str(cluster) in await page.evaluate("document.activeElement.getAttribute('aria-label')")
    await page.keyboard.press("Enter")
    await shows(page, cluster)
    assert [name for name, _ in asked(page)].count("bbox") == 1

    await stands_still(page, ".zoomable")
    assert sum(int(figure) for figure in await pins.all_inner_texts()) == cluster
    assert await page.locator(".world").is_hidden()


async def test_a_filter_keeps_the_focus_and_tells_the_new_count(visit: NewPage, stack: Stack) -> None:
    reader = await visit()
    page = reader.page
    await reader.open("/fr/projects")
    # what is announced is a change in an element that stays
    await page.evaluate("() => { document.getElementById('total').stays = true; window.stays = true; }")
    await choose(page, "theme", "health")
    await shows(page, counted(stack, ("theme", "health"))["total"])
    assert await page.evaluate("document.activeElement.id") == "theme-health"
    assert await page.locator("#theme-health").is_checked()
    assert await page.evaluate("[window.stays, document.getElementById('total').stays]") == [True, True]
    assert await page.locator("#total").get_attribute("role") == "status"

    # again by the keyboard, from where it is
    await page.keyboard.press("Space")
    await shows(page, counted(stack)["total"])
    assert await page.evaluate("document.activeElement.id") == "theme-health"

    # the switch of the language keeps what was chosen since
    await choose(page, "theme", "health")
    await shows(page, counted(stack, ("theme", "health"))["total"])
    await page.keyboard.press("Control+Home")
    await tab_to(page, ".languages a[hreflang=ar]")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert urlsplit(page.url).path == "/ar/projects"
    assert ("theme", "health") in asked(page)
    assert await page.locator("#theme-health").is_checked()


async def test_a_country_is_chosen_under_its_continent_and_a_year_by_its_bar(visit: NewPage, stack: Stack) -> None:
    reader = await visit()
    page = reader.page
    await reader.open("/fr/projects")
    everything = await total(page)
    country = next(one for one in counted(stack)["facets"]["country"] if one["parent"] == "africa")["value"]
    await tab_to(page, "#inner-continent-africa > summary")
    await page.keyboard.press("Enter")
    await choose(page, "country", country)
    there = counted(stack, ("country", country))
    await shows(page, there["total"])
    assert await page.evaluate("document.activeElement.id") == f"country-{country}"

    # taken away again: what was unfolded stays so, with the focus in it
    await page.keyboard.press("Space")
    await shows(page, everything)
    assert await page.evaluate("document.activeElement.id") == f"country-{country}"
    assert await page.locator("#inner-continent-africa").get_attribute("open") is not None

    year = counted(stack)["facets"]["period"][0]
    await choose(page, "period", year["value"])
    await shows(page, year["count"])
    assert await page.locator("#facet-period .bar rect").first.get_attribute("width") is not None


async def test_back_restores_filters_and_results(visit: NewPage, stack: Stack) -> None:
    reader = await visit()
    page = reader.page
    await reader.open("/fr/projects?theme=water-sanitation")
    before = await total(page)
    first = await page.locator("#results .card-title").first.inner_text()
    await choose(page, "continent", "africa")
    both = counted(stack, ("theme", "water-sanitation"), ("continent", "africa"))["total"]
    assert both < before
    await shows(page, both)
    await follow(page, "#results .card-title a")
    await page.go_back()
    await shows(page, both)
    assert await page.locator("#continent-africa").is_checked()
    await page.go_back()
    await shows(page, before)
    assert not await page.locator("#continent-africa").is_checked()
    assert await page.locator("#theme-water-sanitation").is_checked()
    assert await page.locator("#results .card-title").first.inner_text() == first
    await page.go_forward()
    await shows(page, both)
    assert await page.locator("#continent-africa").is_checked()


@pytest.mark.parametrize("path", ["/fr/", "/fr/projects"])
async def test_suggestions_are_chosen_by_arrows(visit: NewPage, path: str) -> None:
    reader = await visit()
    page = reader.page
    await reader.open(path)
    await tab_to(page, "#q")
    await page.keyboard.type("eau")
    box, options = page.locator("#q"), page.get_by_role("option")
    await expect(box).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    first = options.first
    await expect(first).to_have_attribute("aria-selected", "true")
    assert await box.get_attribute("aria-activedescendant") == await first.get_attribute("id")
    await page.keyboard.press("Escape")
    await expect(box).to_have_attribute("aria-expanded", "false")
    assert await box.input_value() == "eau"

    await page.keyboard.type("x")
    await page.keyboard.press("Backspace")
    await expect(box).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("ArrowDown")
    before = page.url
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert page.url != before
    assert await page.locator("h1").count() == 1


async def test_the_same_path_where_scripts_are_off(visit: NewPage, stack: Stack) -> None:
    reader = await visit(java_script_enabled=False)
    page = reader.page
    await reader.open("/fr/")
    await page.locator("#q").fill(TYPO)
    await page.locator("form.ask button").click()
    assert await total(page) == counted(stack, ("q", TYPO))["total"]

    chosen = three_facets(stack)
    for facet, value in chosen:
        await page.locator(f"#{facet}-{value}").check()
    await page.locator(".apply button").click()
    expected = counted(stack, ("q", TYPO), *chosen)["total"]
    assert await total(page) == expected > 0
    assert {*chosen} <= {*parse_qsl(urlsplit(page.url).query)}
    assert await on_map(page) == expected
    assert await page.locator("[data-map-open]").is_hidden()

    await page.locator(".chips .reset").click()
    assert await total(page) == counted(stack)["total"]
    bubble = page.locator(".world a.bubble:not([data-single])").first
    inside = int(await bubble.locator("text").text_content() or "")
    await bubble.focus()
    await page.keyboard.press("Enter")
    await shows(page, inside)

    await page.locator(".chips .reset").click()
    await page.locator("#next-page").click()
    await page.locator("#first-page").click()
    await page.locator("#sort").select_option("oldest")
    await page.locator("#q").press("Enter")
    assert ("sort", "oldest") in asked(page)

    sheet = demand_with_documents(stack)
    await page.locator("#q").fill(sheet["title"])
    await page.locator("#q").press("Enter")
    await page.locator(f"#results .card-title a[href*='{sheet['id']}']").click()
    title = await page.locator("h1").inner_text()
    assert title == sheet["title"]
    await page.locator(".languages a[hreflang=ar]").click()
    assert await page.locator("html").get_attribute("dir") == "rtl"
    await page.locator(".languages a[hreflang=fr]").click()
    assert await page.locator("h1").inner_text() == title
    async with page.expect_download() as downloading:
        await page.locator(".documents a").first.click()
    assert (await (await downloading.value).path()).stat().st_size > 500
