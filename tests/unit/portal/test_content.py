"""The help and legal pages: the same in every language, and every link of theirs leads somewhere."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from starlette.routing import BaseRoute, Match

from services.catalog import export_routes
from services.catalog import routes as catalog_routes
from services.catalog.filters import Filters
from services.portal import browse_routes, open_routes, search_routes
from services.portal.content import FOLDER, content, names
from services.portal.declared import Declared
from services.portal.language import LANGUAGES, words
from services.portal.query import Query
from services.portal.settings import Settings
from services.search import facets, parameters
from services.search import routes as search_service

# with HTML and with what the portal leaves out, so that neither passes for text
MARKDOWN: Final = MarkdownIt("commonmark", {"html": True}).enable("table")
FILLED: Final = {"operator": "Ville d’Essai", "contact": "essai@example.org", "portal": "https://bourse.example.org"}
OUTSIDE: Final = ("https://www.legifrance.gouv.fr", "https://www.un.org/sustainabledevelopment/")
PORTAL: Final = [*search_routes.routes.routes, *browse_routes.routes.routes, *open_routes.routes.routes]
SERVICES: Final = {
    "catalog": [*catalog_routes.routes.routes, *export_routes.routes.routes],
    "search": [route for router in search_service.ROUTERS for route in router.routes],
}
DECLARED: Final = Declared.read({"facets": facets.declarations("fr")})
LONGEST_DESCRIPTION: Final = 180
PAGES: Final = {
    "about", "accessibility", "atlas", "contact", "cookies", "deposit", "embassies", "faq", "french-authorities",
    "legal", "open-data", "privacy", "ranking",
}  # fmt: skip
EVERY_PAGE: Final = [(lang, name) for lang in LANGUAGES for name in sorted(PAGES)]
# a mark that French sets apart, without a no-break space before it, or a guillemet without one after it
UNSPACED: Final = re.compile(r"(?<![\u00a0\u202f])[;:?!»]|«(?!\u00a0)|'")

pages = pytest.mark.parametrize(("lang", "name"), EVERY_PAGE)


def source(lang: str, name: str) -> str:
    return (FOLDER / lang / f"{name}.md").read_text(encoding="utf-8")


def tokens(lang: str, name: str) -> list[Token]:
    return MARKDOWN.parse(source(lang, name))


def inline(lang: str, name: str) -> Iterator[Token]:
    """Whatever stands in the paragraphs, headings, items and cells, in their order."""
    for token in tokens(lang, name):
        yield from token.children or ()


def texts(lang: str, name: str) -> list[str]:
    """The text of each paragraph, heading, item and cell as it is read; code is a single letter."""
    read = {"code_inline": "x", "softbreak": " "}
    return [
        "".join(part.content if part.type == "text" else read.get(part.type, "") for part in token.children or ())
        for token in tokens(lang, name)
        if token.type == "inline"
    ]


def links(lang: str, name: str) -> list[str]:
    return [str(token.attrs["href"]) for token in inline(lang, name) if token.type == "link_open"]


def leads_to(routes: Sequence[BaseRoute], path: str) -> bool:
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in routes)


def test_every_language_has_the_same_pages() -> None:
    assert set(names()) == PAGES
    for lang in LANGUAGES:
        assert {file.stem for file in (FOLDER / lang).iterdir()} == PAGES, lang


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_has_the_same_outline_in_every_language(name: str) -> None:
    """Headings by level, paragraphs, items, tables and their cells, in one order."""
    outlines = {lang: [f"{token.type} {token.tag}" for token in tokens(lang, name)] for lang in LANGUAGES}
    for lang in LANGUAGES:
        assert outlines[lang] == outlines["fr"], lang


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_leads_to_the_same_places_in_every_language(name: str) -> None:
    def places(lang: str) -> list[str]:
        # words to search for are in the page's own language
        return sorted(re.sub(r"(?<=[?&])(q|lang)=[^&]*", r"\1=", link) for link in links(lang, name))

    for lang in LANGUAGES:
        assert places(lang) == places("fr"), lang


@pytest.mark.parametrize("name", sorted(PAGES))
def test_code_and_what_is_filled_in_are_the_same_in_every_language(name: str) -> None:
    def kept(lang: str) -> list[str]:
        codes = [token.content for token in inline(lang, name) if token.type == "code_inline"]
        return sorted(
            [*(code.replace(f"/{lang}/", "/fr/") for code in codes), *re.findall(r"{{.*?}}", source(lang, name))]
        )

    for lang in LANGUAGES:
        assert kept(lang) == kept("fr"), lang


@pages
def test_a_page_begins_with_its_title_and_its_description(lang: str, name: str) -> None:
    lines = source(lang, name).split("\n")
    kinds = [token.type for token in tokens(lang, name)]
    assert lines[0].startswith("# ")
    assert kinds.count("heading_open") > 1
    assert [token.tag for token in tokens(lang, name)].count("h1") == 2  # it opens and it closes
    assert kinds[3] == "paragraph_open"
    # it goes into `<meta name="description">` as it stands
    assert 40 <= len(lines[2]) <= LONGEST_DESCRIPTION
    assert not re.search(r"[*_`\[\]{}<>]", lines[0] + lines[2])
    assert lines[3] == ""


@pages
def test_every_link_leads_somewhere(lang: str, name: str) -> None:
    for link in links(lang, name):
        scheme, _, target = link.partition(":")
        address = urlsplit(target)
        pairs = parse_qsl(address.query, strict_parsing=bool(address.query))
        if scheme == "page":
            assert target in PAGES, link
        elif scheme == "portal":
            assert leads_to(PORTAL, f"/{lang}/{address.path}"), link
            assert len(Query.read(pairs, DECLARED).pairs) == len(pairs), link
        elif scheme == "service":
            service, _, path = address.path.partition("/")
            if path == "docs":
                assert Path("services", service, "app.py").is_file(), link
            else:
                assert leads_to(SERVICES[service], f"/{path}"), link
                assert_asks(service, address.query, pairs)
        else:
            assert link in OUTSIDE, link


def assert_asks(service: str, query: str, pairs: list[tuple[str, str]]) -> None:
    """The service takes this query: it raises on a parameter or a value that it does not know."""
    if service == "search":
        assert parameters.search(pairs, "").filters.selections
    else:
        Filters.model_validate(parse_qs(query))


@pages
def test_what_is_filled_in_and_every_link_reach_the_page(lang: str, name: str) -> None:
    urls = {
        service: f"https://{service}.example.org"
        for service in ("accounts", "submission", "moderation", "catalog", "search")
    }
    shown = content(lang, name, Settings(service_urls=urls), FILLED)
    addresses = re.findall(r'href="([^"]*)"', shown.html)
    assert "{{" not in shown.html
    assert len(addresses) == len(links(lang, name))
    assert all(address.startswith((f"/{lang}/", "https://")) for address in addresses), addresses
    assert shown.title == source(lang, name).split("\n")[0].removeprefix("# ")
    assert shown.description == source(lang, name).split("\n")[2]


@pages
def test_no_html_no_address_of_anyone_and_nothing_unknown_to_fill_in(lang: str, name: str) -> None:
    assert not [token for token in (*tokens(lang, name), *inline(lang, name)) if token.type.startswith("html")]
    assert not [token for token in inline(lang, name) if token.type == "image"]
    assert "@" not in source(lang, name)
    assert not re.search(r"\+\d|\d{2}[ .-]\d{2}[ .-]\d{2}", source(lang, name)), "a telephone number"
    assert {match[1] for match in re.finditer(r"{{(.*?)}}", source(lang, name))} <= set(FILLED)


@pages
def test_a_header_of_a_table_is_not_empty(lang: str, name: str) -> None:
    found = tokens(lang, name)
    heads = [found[place + 1].content for place, token in enumerate(found) if token.type == "th_open"]
    assert all(head.strip() for head in heads)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_french_is_set_with_no_break_spaces(name: str) -> None:
    for text in texts("fr", name):
        assert not UNSPACED.search(text), text


@pytest.mark.parametrize("text", ["Oui: non", "Oui : non", "Quoi ?", "« Oui\u00a0»", "«\u00a0Oui»", "l'eau"])
def test_french_without_them_is_seen(text: str) -> None:
    assert UNSPACED.search(text)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_arabic_is_set_with_its_own_marks(name: str) -> None:
    for text in texts("ar", name):
        assert not re.search(r"[,;?]", text), text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_the_order_calls_things_as_the_search_page_does(lang: str) -> None:
    w = words(lang)
    assert source(lang, "ranking").startswith(f"# {w.t('How results are ordered')}\n")
    assert w.t("comes near your search") in source(lang, "ranking")
    assert "page:ranking" in source(lang, "faq")


def test_the_disclaimer_is_said_in_every_language() -> None:
    """What the ministry asks for: a listing implies no funding; in bold on the legal page, and in the FAQ."""
    said = {
        "fr": "n’implique aucun financement du ministère",
        "en": "implies no funding by the ministry",
        "es": "no implica ninguna financiación del ministerio",
        "pt": "não implica qualquer financiamento do ministério",
        "ar": "أي تمويل من الوزارة",
    }
    for lang in LANGUAGES:
        strong = re.findall(r"\*\*(.*?)\*\*", source(lang, "legal"))
        assert any(said[lang] in text for text in strong), lang
        assert said[lang] in source(lang, "faq"), lang
