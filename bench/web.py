"""What a page of the portal costs its reader on a slow line, and the server with many sheets."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import httpx
from playwright.async_api import Browser

from backbone.contracts import vocabularies
from bench.measure import Figure, median, percentile
from bench.searching import SHEETS
from bench.stack import Stack
from services.portal.content import names
from services.portal.language import LANGUAGES
from services.portal.pages import slug
from tests.browser.chromium import chromium, executable, new_context
from tests.browser.pages import PageType, page_types
from tests.journeys.conftest import Stack as Running

# one of each: other texts, offers and empty countries cost the same
SHOWN: Final = (
    "home",
    "search",
    "search: words",
    "search: three facets",
    "sheet: demand",
    "authority",
    "browse",
    "continent",
    "country",
    "theme",
    "text: faq",
    "demonstration",
    "404",
)
VISITS: Final = 5
REQUESTS: Final = 200
WARM_UP: Final = 20
ENGINE_WARM_UP: Final = 1_200  # searches until the engine's compiler has seen what pages ask
DOWN: Final = 1_600_000 / 8  # bytes a second
UP: Final = 750_000 / 8
LATENCY_MS: Final = 150
SLOWER: Final = 4
BUDGET_KB: Final = 100
PAINT_MS: Final = 1_500
SERVER_MS: Final = 60
LOADED_WITHIN_S: Final = 300
CHOSEN: Final[Sequence[dict[str, str]]] = (
    {},
    {"continent": "africa", "theme": "water-sanitation"},
    {"continent": "africa", "kind": "demand"},
    {"language": "fr"},
    {"country": "MA"},
)
WORDS: Final = ("", "eau potable", "marché", "énergie solaire", "patrimoine", "déchets", "formation", "asainissement")
_BROWSER: Final = {"Accept": "text/html", "Accept-Encoding": "gzip"}
_PAINT: Final = """
() => new Promise((resolve) => new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.name === "first-contentful-paint") resolve(entry.startTime);
}).observe({type: "paint", buffered: true}))
"""


def prepare(stack: Stack) -> Sequence[PageType]:
    """The pages to measure, found while the demonstration's sheets are the only ones."""
    running = Running(stack.data, 0)
    running.learn()
    return [kind for kind in page_types(running) if kind.name in SHOWN]


async def measure(stack: Stack, types: Sequence[PageType]) -> list[Figure]:
    """Each page type as a reader gets it, then the server's time; with all the sheets loaded."""
    path = executable()
    if path is None:
        raise RuntimeError("Chromium is not installed (Debian: apt-get install chromium)")
    figures: list[Figure] = []
    async with chromium(path) as browser:
        for kind in types:
            figures += await _read(browser, kind, stack.url("portal") + kind.at("fr"))
    async with httpx.AsyncClient(base_url=stack.url("portal"), headers=_BROWSER, timeout=30) as http:
        varied = await _varied(stack)
        for path in itertools.islice(varied["search"], ENGINE_WARM_UP):
            (await http.get(path)).raise_for_status()
        for name, paths in varied.items():
            figures += await _serve(http, name, paths)
    return figures


async def _read(browser: Browser, kind: PageType, url: str) -> list[Figure]:
    """Bytes, requests and first paint of a page, each visit with an empty cache."""
    visits = [await _visit(browser, url) for _ in range(VISITS)]
    kilobytes, requests, paint = (median([visit[place] for visit in visits]) for place in range(3))
    if kind.name != "search":
        return [
            Figure(f"page {kind.name}: transferred", kilobytes, "kB"),
            Figure(f"page {kind.name}: requests", requests, ""),
            Figure(f"page {kind.name}: first paint", paint, "ms"),
        ]
    return [
        Figure("page search: transferred", kilobytes, "kB", None, f"≤ {BUDGET_KB} kB", kilobytes <= BUDGET_KB),
        Figure("page search: requests", requests, ""),
        Figure("page search: first paint", paint, "ms", None, f"≤ {PAINT_MS} ms", paint <= PAINT_MS),
    ]


async def _visit(browser: Browser, url: str) -> tuple[float, float, float]:
    """kB, requests, and milliseconds until something is painted, on a line of 3G and a slow processor."""
    context = await new_context(browser)
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    received: list[float] = []

    def finished(event: dict[str, Any]) -> None:
        received.append(event["encodedDataLength"])

    devtools.on("Network.loadingFinished", finished)
    await devtools.send("Network.enable")
    await devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line = {"urlPattern": "", "latency": LATENCY_MS, "downloadThroughput": DOWN, "uploadThroughput": UP}
    await devtools.send(
        "Network.emulateNetworkConditionsByRule", {"offline": False, "matchedNetworkConditions": [line]}
    )
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await page.goto(url, wait_until="networkidle")
    paint = await page.evaluate(_PAINT)
    await context.close()
    return sum(received) / 1000, len(received), paint


async def _serve(http: httpx.AsyncClient, name: str, paths: Iterator[str]) -> list[Figure]:
    """The time of requests one after the other, each another address where there are so many."""
    took: list[float] = []
    for path in itertools.islice(paths, WARM_UP + REQUESTS):
        started = time.perf_counter()
        answer = await http.get(path)
        took.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
    took = took[WARM_UP:]
    slow = percentile(took, 0.95)
    return [
        Figure(f"server, {name}: p50", percentile(took, 0.5), "ms"),
        Figure(f"server, {name}: p95", slow, "ms", None, f"≤ {SERVER_MS} ms", slow <= SERVER_MS),
    ]


async def _varied(stack: Stack) -> dict[str, Iterator[str]]:
    """Addresses of each page type, as different as the data allow."""
    sheets = await _sheets(stack)
    searches = [
        "/fr/projects?" + str(httpx.QueryParams({**({"q": q} if q else {}), **facets, **more}))
        for more in ({}, {"sort": "budget"}, {"kind": "demand"}, {"status": "open"}, {"budget_min": "50000"})
        for facets in CHOSEN
        for q in WORDS
    ]
    languages = [f"/{lang}" for lang in LANGUAGES]
    codes = {
        "continent": [f"/continents/{code}" for code in vocabularies.CONTINENTS],
        "country": sorted({f"/countries/{sheet['authority'].partition('-')[0].upper()}" for sheet in sheets}),
        "theme": [f"/themes/{code}" for code in vocabularies.themes()],
        "text": [f"/pages/{name}" for name in names()],
        "home": ["/"],
        "browse": ["/browse"],
    }
    varied = {name: _turns([lang + place for place in places for lang in languages]) for name, places in codes.items()}
    return {
        "search": _turns(searches),
        "sheet": _turns([f"/fr/projects/{sheet['id']}/{slug(sheet['title'])}" for sheet in sheets]),
        "authority": _turns(
            sorted({f"/fr/authorities/{sheet['authority']}/{slug(sheet['authority_name'])}" for sheet in sheets})
        ),
        **varied,
    }


def _turns(paths: Sequence[str]) -> Iterator[str]:
    return itertools.cycle(paths)


async def _sheets(stack: Stack) -> list[dict[str, Any]]:
    """Sheets of the catalogue, once it has those that were loaded."""
    async with httpx.AsyncClient(base_url=stack.url("catalog"), timeout=30) as http:
        async with asyncio.timeout(LOADED_WITHIN_S):
            while True:
                if (await http.get(f"/projects/{UUID(int=SHEETS)}")).status_code == 200:
                    break
                await asyncio.sleep(0.5)
        answer = await http.get("/addresses", params={"size": str(WARM_UP + REQUESTS)})
        answer.raise_for_status()
        return answer.json()["items"]
