"""Follows every link of the portal, within caps where there are many addresses of one kind."""

import asyncio
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Final
from urllib.parse import parse_qsl, unquote, urldefrag, urljoin, urlsplit

import httpx

from services.portal.language import LANGUAGES
from tests.browser.markup import Markup, read

AT_ONCE: Final = 4
QUERIES: Final = 3  # addresses of each set of parameters, from each kind of page; one in the languages after the first
ALIKE: Final = 6  # of each kind of which there are many, in the languages after the first
MANY: Final = ("sheet", "authority", "country", "document")
HEAVY: Final = "pdf"
BROWSER: Final = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "fr"}
_KINDS: Final = (
    (re.compile(r"projects/[^/]+\.pdf"), HEAVY),
    (re.compile(r"projects/.+"), "sheet"),
    (re.compile(r"authorities/.+"), "authority"),
    (re.compile(r"countries/.+"), "country"),
    (re.compile(r"documents/.+"), "document"),
    (re.compile(r"continents/.+"), "continent"),
    (re.compile(r"themes/.+"), "theme"),
)
_IMPORTED: Final = re.compile(rb"""(?:import|from)\s*\(?\s*["'](\./[^"']+)["']|url\(["']?([^"')]+)""")


def language_of(path: str) -> str | None:
    first = path.split("/")[1] if "/" in path else ""
    return first if first in LANGUAGES else None


def kind_of(address: str) -> str:
    """The kind of page at an address: its path, or what it is one of many of, and the names in its query."""
    parts = urlsplit(address)
    place = parts.path.split("/", 2)[2] if language_of(parts.path) else parts.path
    kind = next((name for pattern, name in _KINDS if pattern.fullmatch(place)), place)
    names = sorted({name for name, _ in parse_qsl(parts.query)})
    return f"{kind}?{'&'.join(names)}" if names else kind


@dataclass
class Site:
    """What was found: pages by address (without fragment), and what is wrong with links."""

    pages: dict[str, Markup] = field(default_factory=dict[str, Markup])
    statuses: dict[str, int] = field(default_factory=dict[str, int])
    redirected: dict[str, str] = field(default_factory=dict[str, str])
    first_seen: dict[str, str] = field(default_factory=dict[str, str])
    fragments: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])

    def dead(self, expected: Mapping[str, int]) -> list[str]:
        """Addresses that answer anything but success, or but the status that is expected of them."""
        return [
            f"{status}: {address} (from {self.first_seen[address]})"
            for address, status in self.statuses.items()
            if (status != expected[address] if address in expected else status >= 400)
        ]

    def page(self, address: str) -> Markup | None:
        return self.pages.get(self.redirected.get(address, address))


class Crawler:
    """Asks for every address once; `also` are addresses of other services of the stack, asked for but not read."""

    def __init__(self, portal: str, also: tuple[str, ...]) -> None:
        self._portal = portal
        self._also = also
        self._site = Site()
        self._taken: Counter[tuple[str, ...]] = Counter()
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._parsers: ProcessPoolExecutor | None = None

    async def crawl(self, *seeds: str) -> Site:
        for seed in seeds:
            self._found(self._portal + seed, "the start")
        # pages are parsed beside the portal's own work
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as parsers:
            self._parsers = parsers
            async with (
                httpx.AsyncClient(timeout=30, headers=BROWSER, follow_redirects=True) as http,
                asyncio.TaskGroup() as tasks,
            ):
                workers = [tasks.create_task(self._work(http)) for _ in range(AT_ONCE)]
                await self._queue.join()
                for worker in workers:
                    worker.cancel()
        return self._site

    async def _work(self, http: httpx.AsyncClient) -> None:
        while True:
            address = await self._queue.get()
            try:
                await self._ask(http, address)
            finally:
                self._queue.task_done()

    async def _ask(self, http: httpx.AsyncClient, address: str) -> None:
        answer = await http.get(address)
        self._site.statuses[address] = answer.status_code
        final = str(answer.url)
        if final != address:
            self._site.redirected[address] = final
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if not final.startswith(self._portal + "/"):
            return
        if kind == "text/html":
            parsed = asyncio.get_running_loop().run_in_executor(self._parsers, read, answer.content, final)
            page = self._site.pages[final] = await parsed
            for link in page.links:
                # what is linked from a search that is wrong may be wrong too
                if answer.status_code < 400 or not urlsplit(link).query:
                    self._found(link, final)
        elif kind in ("application/xml", "application/atom+xml"):
            for link in _of_xml(answer.content):
                self._found(link, final)
        elif kind in ("text/javascript", "application/javascript", "text/css"):
            for imported, styled in _IMPORTED.findall(answer.content):
                self._found(urljoin(final, (imported or styled).decode()), final)

    def _found(self, link: str, source: str) -> None:
        address, fragment = urldefrag(link)
        inside = address.startswith(self._portal + "/")
        if not inside and not address.startswith(self._also):
            return
        if fragment and inside:
            self._site.fragments.add((source, address, unquote(fragment)))
        if address in self._site.first_seen or (inside and not self._wanted(address, source)):
            return
        self._site.first_seen[address] = source
        self._queue.put_nowait(address)

    def _wanted(self, address: str, source: str) -> bool:
        """Whether there are not enough of its kind yet."""
        parts = urlsplit(address)
        lang, kind = language_of(parts.path) or "", kind_of(address)
        first = lang == LANGUAGES[0]
        if parts.query:
            return self._within(QUERIES if first else 1, lang, kind_of(source).partition("?")[0], kind)
        if kind == HEAVY or (kind in MANY and not first):
            return self._within(ALIKE, lang, kind)
        return True

    def _within(self, cap: int, *key: str) -> bool:
        self._taken[key] += 1
        return self._taken[key] <= cap


def _of_xml(content: bytes) -> Iterator[str]:
    """The addresses of a sitemap or a feed."""
    for element in ET.fromstring(content).iter():
        if element.tag.endswith("}loc") and element.text:
            yield element.text
        elif element.tag.endswith("}link") and element.get("href"):
            yield str(element.get("href"))
