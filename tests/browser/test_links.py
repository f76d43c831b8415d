"""The whole portal, followed from link to link: nothing is dead, every page is sound HTML and in one language."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from babel.messages.pofile import read_po

from services.portal.language import LANGUAGES, SOURCE, catalogue
from tests.browser.crawl import BROWSER, Crawler, Site, kind_of, language_of
from tests.browser.markup import read
from tests.browser.pages import PageType
from tests.journeys.conftest import Stack

PLANTED = b"""<!doctype html><html lang=fr><head><title>Une page</title></head><body><h1>Un</h1><h1>Deux</h1>
<p id=a>Search projects</p><p id=a lang=en>Browse</p><div><p></div><a href=/fr/x#y>Aide</a></span></body></html>"""
SHORT = 10
_FILLED = re.compile(r"%\((\w+)\)s|\{(\w+)\}")


@pytest.fixture(scope="module")
async def site(stack: Stack, portal: str, types: Sequence[PageType]) -> Site:
    """All that is linked from the home page, the sitemap and the pages of errors."""
    others = [url.rstrip("/") for name, url in stack.urls.items() if name != "portal"]
    refused = [kind.at(lang) for kind in types if kind.status >= 400 for lang in LANGUAGES]
    mails = stack.status()["mail"]["page"].rstrip("/")
    return await Crawler(portal, (*others, mails)).crawl("/fr/", "/sitemap.xml", "/robots.txt", *refused)


def all_well(found: Sequence[str]) -> None:
    """Nothing is wrong, or each line of what is."""
    assert not found, "\n".join(found[:60])


def test_no_link_is_dead(
    site: Site, portal: str, types: Sequence[PageType], capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = Counter(kind_of(address).partition("?")[0] for address in site.pages)
    with capsys.disabled():  # what was followed is seen in any run
        print(f"\n{len(site.statuses)} addresses, {len(site.pages)} pages: {dict(kinds.most_common(8))}")
    assert set(kinds) >= {"sheet", "authority", "country", "browse", "projects", "pages/faq", "demonstration"}
    assert {language_of(urlsplit(address).path) for address in site.pages} >= set(LANGUAGES)
    expected = {portal + kind.at(lang): kind.status for kind in types if kind.status >= 400 for lang in LANGUAGES}
    all_well(site.dead(expected))


@pytest.mark.parametrize("name", ["sheet: demand", "sheet: offer", "sheet: in Arabic", "authority"])
async def test_an_address_without_its_readable_name_leads_to_the_right_one(
    portal: str, types: Sequence[PageType], name: str
) -> None:
    right = next(kind for kind in types if kind.name == name).at("ar")
    short = "/".join(right.split("/")[:4])
    async with httpx.AsyncClient(base_url=portal, headers=BROWSER) as http:
        assert right != short
        for wrong in (short, f"{short}/anything"):
            answer = await http.get(wrong)
            assert (answer.status_code, answer.headers.get("location")) == (301, right)
        assert (await http.get(right)).status_code == 200


def test_every_fragment_is_there(site: Site) -> None:
    assert site.fragments
    all_well(
        [
            f"#{fragment} of {address} (from {source})"
            for source, address, fragment in site.fragments
            if (page := site.page(address)) is not None and fragment not in page.ids
        ]
    )


def test_every_page_is_sound_html(site: Site) -> None:
    wrong = [f"{address}: {error}" for address, page in site.pages.items() for error in page.errors]
    for address, page in site.pages.items():
        lang = language_of(urlsplit(address).path) or dict(re.findall(r"(lang)=(\w+)", address)).get("lang")
        if page.lang != lang:
            wrong.append(f"{address}: its language is {page.lang}")
        if page.headings != 1:
            wrong.append(f"{address}: {page.headings} h1")
        if not page.title.removesuffix("— Bourse-projets").strip():
            wrong.append(f"{address}: no title")
    all_well(wrong)


def test_languages_refer_to_each_other_and_pages_to_themselves(site: Site, portal: str) -> None:
    wrong: list[str] = []
    checked = 0
    for address, page in site.pages.items():
        path = urlsplit(address).path
        if language_of(path) is None:
            continue
        if site.statuses[address] >= 400 or "token=" in address:
            # an error, or one person's page: nobody else is sent there
            if page.canonical or page.alternates:
                wrong.append(f"{address}: is offered to others")
            continue
        if page.canonical is None or unquote(page.canonical) != portal + unquote(path):
            wrong.append(f"{address}: canonical is {page.canonical}")
        if set(page.alternates) != {*LANGUAGES, "x-default"}:
            wrong.append(f"{address}: alternates in {sorted(page.alternates)}")
        for lang, other in page.alternates.items():
            there = site.page(other)
            if lang != "x-default" and there is not None:
                checked += 1
                if there.alternates != page.alternates or there.lang != lang:
                    wrong.append(f"{address}: {other} does not refer back")
    assert checked > 100
    all_well(wrong)


def _texts(given: Iterable[str | None]) -> set[str]:
    return {" ".join(text.split()) for text in given if text}


def _pattern(text: str) -> str:
    """A message with its places filled in, as a regular expression; counts are figures."""
    parts, names = _FILLED.split(text)[::3], [first or second for first, second in _FILLED.findall(text)]
    figures = [r"[\d\s.,]+" if name in ("count", "num") else ".+" for name in names]
    return re.escape(parts[0]) + "".join(
        figure + re.escape(part) for figure, part in zip(figures, parts[1:], strict=True)
    )


def untranslated(lang: str, said: set[str]) -> list[str]:
    """Which of these texts are an English message that has its own words in this language."""
    with catalogue(lang).open("rb") as source:
        messages = read_po(source, locale=lang)
    plain, filled = set[str](), list[str]()
    for message in messages:
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        for text in _texts(ids) - _texts(strings):
            if not _FILLED.search(text):
                plain.add(text.replace("%%", "%"))
            # a word and a name might as well be a title
            elif len(_FILLED.sub("", text)) > SHORT or "count" in text:
                filled.append(_pattern(text))
    assert plain
    assert filled
    whole = re.compile("|".join(filled))
    return sorted(text for text in said if text in plain or whole.fullmatch(text))


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != SOURCE])
def test_no_english_word_of_the_interface_is_left(site: Site, lang: str) -> None:
    said = {text for page in site.pages.values() if page.lang == lang for text in page.said}
    assert len(said) > 500
    all_well(untranslated(lang, said))


async def test_a_planted_dead_link_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "fr"
    folder.mkdir()
    (folder / "index.html").write_text(
        '<!doctype html><title>x</title><a href="two.html#no">2</a><script src="/a.js"></script><img src="/no.png">'
    )
    (folder / "two.html").write_text('<!doctype html><title>x</title><a href="/fr/#yes">1</a><p id="yes">')
    (tmp_path / "a.js").write_text('import { b } from "./b.js";')
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_port}"
    found = await Crawler(root, ()).crawl("/fr/")
    server.shutdown()
    assert {line.partition(" (")[0] for line in found.dead({})} == {f"404: {root}/b.js", f"404: {root}/no.png"}
    assert any(line.startswith(f"200: {root}/a.js") for line in found.dead({f"{root}/a.js": 404}))
    assert (f"{root}/fr/", f"{root}/fr/two.html", "no") in found.fragments
    assert "no" not in found.pages[f"{root}/fr/two.html"].ids


def test_planted_faults_are_found() -> None:
    page = read(PLANTED, "http://portal/fr/")
    assert page.errors == ["Unexpected end tag (span). Ignored. at (2, 98)", "the id a is there 2 times"]
    assert page.headings == 2
    assert page.links == {"http://portal/fr/x#y"}
    assert untranslated("fr", set(page.said)) == ["Search projects"]
    assert untranslated("fr", {"12 projects found", "12 projets trouvés"}) == ["12 projects found"]
    assert untranslated("fr", {"From seed to market"}) == []
