"""The Atom feed of a search on both engines: what the search finds, newest first, and what RFC 4287 requires."""

import xml.etree.ElementTree as ET
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.integration.search.running import Loaded
from tests.unit.catalog.atom_rules import ATOM, LANG, check

PORTAL = "http://127.0.0.1:8000"


async def feed(loaded: Loaded, *pairs: tuple[str, str]) -> ET.Element:
    answer = await loaded.http.get("/feed.atom", params=list(pairs))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(answer.content)
    check(root, PORTAL)
    return root


def ids(root: ET.Element) -> list[str]:
    return [entry.findtext(f"{ATOM}id", "").rpartition(":")[2] for entry in root.findall(f"{ATOM}entry")]


@pytest.mark.parametrize(
    "query",
    [
        [],
        [("q", "eau")],
        [("q", "l’eau & “potable”")],
        [("theme", "health"), ("theme", "water-sanitation"), ("continent", "africa")],
        [("q", "école"), ("budget_min", "50000"), ("period_from", "2027-06"), ("bbox", "-18,4,16,28")],
        [("country", "NR")],
    ],
)
async def test_a_feed_has_what_the_search_finds(loaded: Loaded, query: list[tuple[str, str]]) -> None:
    root = await feed(loaded, *query, ("lang", "es"))
    found = await loaded.projects(*query, ("sort", "newest"), ("size", "50"))
    said = [item["id"] for item in found["items"] if not item.get("nearly")]
    assert ids(root) == said
    published = [entry.findtext(f"{ATOM}updated", "") for entry in root.findall(f"{ATOM}entry")]
    assert published == sorted(published, reverse=True)
    assert root.attrib[LANG] == "es"
    own, page = (link.attrib["href"] for link in root.findall(f"{ATOM}link"))
    assert (urlsplit(own).path, urlsplit(page).path) == ("/es/feed.atom", "/es/projects")
    for address in (own, page):
        assert sorted(parse_qsl(urlsplit(address).query)) == sorted(query)


async def test_a_feed_is_named_after_its_search(loaded: Loaded) -> None:
    everything, one = await feed(loaded, ("lang", "en")), await feed(loaded, ("lang", "en"), ("country", "SN"))
    assert everything.findtext(f"{ATOM}title") == "Bourse-projets: new projects"
    assert one.findtext(f"{ATOM}title") == "Bourse-projets: new projects – Senegal"


async def test_words_are_looked_for_as_they_are(loaded: Loaded) -> None:
    assert (await loaded.projects(("q", "assainisement")))["relaxed"]
    assert ids(await feed(loaded, ("q", "assainisement"))) == []


async def test_a_reader_is_told_that_nothing_changed(loaded: Loaded) -> None:
    first = await loaded.http.get("/feed.atom", params={"q": "eau"})
    again = await loaded.http.get("/feed.atom", params={"q": "eau"}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await loaded.http.get("/feed.atom", params={"q": "ville"})
    assert other.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("query", [{"theme": "magic"}, {"size": "5"}, {"sort": "oldest"}, {"q": "x" * 201}])
async def test_bad_input_is_named(loaded: Loaded, query: dict[str, str]) -> None:
    answer = await loaded.http.get("/feed.atom", params=query)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == list(query)
