"""Whatever was typed into a sheet, the feed is XML and has what RFC 4287 requires."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backbone.atom import Feed, atom
from backbone.contracts.sheet import Record, public_sheet
from backbone.contracts.vocabularies import LANGUAGES
from services.catalog.filters import FeedAsked
from tests.builders import record
from tests.unit.catalog.atom_rules import ATOM, HOSTILE, LANG, as_xml_has_it, check

PORTAL: Final = "https://bourse.example.org/"
UPDATED: Final = "2026-11-23T08:00:00+00:00"


def sheets(texts: Sequence[str], **fields: Any) -> list[Mapping[str, Any]]:
    """Published sheets, each with one of these texts wherever people type (unchecked, as the worst event would be)."""
    made = public_sheet(
        Record.model_validate(record()),
        project_id="",
        revision=1,
        post=None,
        first_published_at=datetime(2026, 11, 1, 8, 0, 0, 123456, tzinfo=UTC),
        published_at=datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC),
        demonstration=False,
    ).model_dump(mode="json")
    return [
        {
            **made,
            "id": f"p-{number}",
            "title": text,
            "summary": text,
            "authority": {**made["authority"], "name": text},
            **fields,
        }
        for number, text in enumerate(texts)
    ]


def parsed(texts: Sequence[str], asked: FeedAsked | None = None, **fields: Any) -> ET.Element:
    asked = asked or FeedAsked()
    feed = Feed(portal=PORTAL, lang=asked.lang, query=asked.encoded(), sheets=sheets(texts, **fields), updated=UPDATED)
    return ET.fromstring(atom(feed))


def test_a_feed_of_hostile_sheets_is_valid_and_says_what_they_say() -> None:
    root = parsed(HOSTILE)
    check(root, PORTAL)
    entries = root.findall(f"{ATOM}entry")
    assert len(entries) == len(HOSTILE)
    for entry, text in zip(entries, HOSTILE, strict=True):
        for path in ("title", "summary", f"author/{ATOM}name"):
            assert entry.findtext(f"{ATOM}{path}") == as_xml_has_it(text)


@example("\r\n")
@example("]]>")
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_leaves_the_feed_valid(text: str) -> None:
    root = parsed([text])
    check(root, PORTAL)
    assert root.findtext(f"{ATOM}entry/{ATOM}title") == as_xml_has_it(text)


def test_the_times_are_those_of_the_first_and_of_the_last_publication() -> None:
    (entry,) = parsed(["Un titre"]).findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}published") == "2026-11-01T08:00:00.123456Z"
    assert entry.findtext(f"{ATOM}updated") == "2026-11-23T08:00:00Z"


@pytest.mark.parametrize(
    ("lang", "theme", "country"),
    [
        ("fr", "Santé", "Sénégal"),
        ("en", "Health", "Senegal"),
        ("es", "Salud", "Senegal"),
        ("pt", "Saúde", "Senegal"),
        ("ar", "الصحة", "السنغال"),
    ],
)
def test_the_feed_speaks_each_language_and_the_sheet_its_own(lang: Any, theme: str, country: str) -> None:
    root = parsed(["Um título"], FeedAsked(lang=lang), language="pt", themes=["health"])
    check(root, PORTAL)
    assert root.attrib[LANG] == lang
    titles = {parsed([], FeedAsked(lang=each)).findtext(f"{ATOM}title") for each in LANGUAGES}
    assert len(titles) == len(LANGUAGES)
    (entry,) = root.findall(f"{ATOM}entry")
    assert entry.attrib[LANG] == "pt"
    assert [category.attrib for category in entry.findall(f"{ATOM}category")] == [
        {LANG: lang, "term": "health", "label": theme},
        {LANG: lang, "term": "SN", "label": country},
    ]


def test_an_entry_is_the_same_in_every_language_and_at_every_address() -> None:
    ids = {parsed(["x"], FeedAsked(lang=lang)).findtext(f"{ATOM}entry/{ATOM}id") for lang in ("fr", "en", "ar")}
    elsewhere = Feed(portal="https://other.example", lang="fr", query="", sheets=sheets(["x"]), updated=UPDATED)
    ids.add(ET.fromstring(atom(elsewhere)).findtext(f"{ATOM}entry/{ATOM}id"))
    assert ids == {"urn:bourse-projets:project:p-0"}


def test_the_links_of_a_narrowed_feed_keep_its_filters() -> None:
    asked = FeedAsked(lang="en", country=["SN", "PE"], theme=["health"], kind=["demand"])
    root = parsed([], asked)
    check(root, PORTAL)
    for link, path in zip(root.findall(f"{ATOM}link"), ("/en/feed.atom", "/en/projects"), strict=True):
        address = urlsplit(link.attrib["href"])
        assert address.path == path
        assert parse_qs(address.query) == {"country": ["SN", "PE"], "theme": ["health"], "kind": ["demand"]}
    assert root.findtext(f"{ATOM}id") == root.findall(f"{ATOM}link")[0].attrib["href"]
