"""The search page before the search service: what says it all, what comes near, what was meant, what would help."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.portal.language import LANGUAGES, words
from tests.integration.portal.conftest import Searching
from tests.integration.portal.test_pages import Page

SOME_SAY_IT = "école handicap"
NONE_SAYS_IT = "tourisme pêche"
UNFINISHED = "eau pot"
MISSPELT = "asainissement"
CARD = re.compile(r'class="card-title"><a href="/\w\w/projects/([^/"]+)')
Pairs = list[tuple[str, str]]


async def shown(searching: Searching, *pairs: tuple[str, str], lang: str = "fr", **headers: str) -> str:
    answer = await searching.http.get(f"/{lang}/projects", params=list(pairs), headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def found(html: str, pattern: str) -> str:
    """What a part of the page says, without its tags; nothing where there is no such part."""
    part = re.search(pattern, html, re.DOTALL)
    return re.sub(r"\s*\n\s*", " ", unescape(re.sub(r"<[^>]+>", "", part[1]))).strip() if part else ""


def total(html: str) -> str:
    return found(html, r'id="total"[^>]*>(.*?)</p>')


def note(html: str) -> str:
    return found(html, r'<p class="note">(.*?)</p>')


def ways(html: str) -> dict[str, Pairs]:
    """What is offered where nothing is found: what it says with its count, and the search that it leads to."""
    listed = re.findall(r'<li><a href="/fr/projects\?([^"]*)">(.*?)</a> <span class="hint">(.*?)</span>', html)
    return {unescape(f"{label}: {count}"): parse_qsl(unescape(query)) for query, label, count in listed}


def marked(html: str, lang: str = "fr") -> list[bool]:
    """Of each card, whether it is marked as one that only comes near."""
    mark = f'<span class="badge nearly">{words(lang).t("comes near your search")}</span>'
    return [mark in card for card in html.split('<li class="card ')[1:]]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "part"])
async def test_what_comes_near_is_marked_among_what_says_it_all(
    searching: Searching, lang: str, headers: dict[str, str]
) -> None:
    answer = await searching.search.projects(("q", SOME_SAY_IT))
    said, near = answer["said"], answer["total"] - answer["said"]
    assert 0 < said < len(answer["items"])
    html = await shown(searching, ("q", SOME_SAY_IT), lang=lang, **headers)
    w = words(lang)
    assert CARD.findall(html) == [item["id"] for item in answer["items"]]
    assert marked(html, lang) == [bool(item.get("nearly")) for item in answer["items"]]
    assert marked(html, lang).count(False) == said
    assert total(html) == w.t(
        "%(found)s, and %(near)s",
        found=w.n("%(count)s project found", "%(count)s projects found", said),
        near=w.n("%(count)s that comes near", "%(count)s that come near", near),
    )
    assert note(html) == ""


async def test_it_is_told_on_the_first_page_alone(searching: Searching) -> None:
    answer = await searching.search.projects(("q", SOME_SAY_IT), ("size", "2"))
    second = await shown(searching, ("q", SOME_SAY_IT), ("size", "2"), ("cursor", answer["cursor"]))
    assert len(CARD.findall(second)) == 2
    following = await searching.search.projects(("q", SOME_SAY_IT), ("size", "2"), ("cursor", answer["cursor"]))
    assert marked(second) == [bool(item.get("nearly")) for item in following["items"]]
    assert total(second) == f"{answer['total']} projets trouvés"
    none = await searching.search.projects(("q", NONE_SAYS_IT), ("size", "2"))
    second = await shown(searching, ("q", NONE_SAYS_IT), ("size", "2"), ("cursor", none["cursor"]))
    assert note(second) == ""


async def test_a_page_that_is_full_of_what_says_it_all_marks_nothing(searching: Searching) -> None:
    said = (await searching.search.projects(("q", "école handicap")))["said"]
    assert said > 1
    html = await shown(searching, ("q", "école handicap"), ("size", "1"))
    assert marked(html) == [False]
    assert total(html).startswith(f"{said} projets trouvés, et ")


async def test_where_nothing_says_it_all_the_page_says_so(searching: Searching) -> None:
    answer = await searching.search.projects(("q", NONE_SAYS_IT))
    assert (answer["said"], answer["relaxed"], answer["did_you_mean"]) == (0, True, None)
    html = await shown(searching, ("q", NONE_SAYS_IT))
    assert note(html) == words("fr").t("None of the projects found says all these words: these come near.")
    assert total(html) == f"{answer['total']} projets trouvés"
    assert not any(marked(html))


@pytest.mark.parametrize("typed", [MISSPELT, UNFINISHED])
async def test_what_was_meant_leads_to_its_own_search_with_the_same_filters(searching: Searching, typed: str) -> None:
    filters = [("kind", "demand"), ("sort", "newest")]
    answer = await searching.search.projects(("q", typed), *filters)
    html = await shown(searching, ("q", typed), *filters)
    meant = re.search(r'<a id="meant" href="([^"]+)">(.*?)</a>', html)
    assert meant
    assert found(html, r'id="meant"[^>]*>(.*?)</a>') == f"«\u00a0{answer['did_you_mean']}\u00a0»"
    assert {*parse_qsl(urlsplit(unescape(meant[1])).query)} == {("q", answer["did_you_mean"]), *filters}
    assert (note(html).startswith("Vouliez-vous dire"), f"«\u00a0{typed}\u00a0»" in note(html)) == (
        (True, False) if answer["said"] else (False, True)
    )
    followed = await searching.http.get(unescape(meant[1]))
    assert 'id="meant"' not in followed.text
    assert CARD.findall(followed.text)


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        ([("q", "eau école"), ("country", "TD")], "sans «\u00a0\u2068eau\u2069\u00a0»"),
        ([("q", "culture"), ("country", "BF")], "sans le filtre «\u00a0Pays\u00a0»"),
        ([("q", "culture"), ("country", "BF")], "dans un pays voisin\u00a0: Mali"),
        ([("q", "culture"), ("bbox", "-3,11,0,13")], "sans le filtre «\u00a0Zone de la carte\u00a0»"),
        ([("q", "culture"), ("near", "12.37,-1.52"), ("within", "20")], "sans le filtre «\u00a0Près d’un lieu\u00a0»"),
        ([("q", "culture"), ("budget_min", "90000000")], "sans le filtre «\u00a0Budget total\u00a0»"),
        (
            [("q", "culture"), ("period", "2020"), ("period_to", "2020-01")],
            "sans le filtre «\u00a0Période du projet\u00a0»",
        ),
    ],
)
async def test_where_nothing_is_found_what_would_find_something_is_a_link(
    searching: Searching, asked: Pairs, label: str
) -> None:
    answer = await searching.search.projects(*asked)
    assert answer["total"] == 0
    html = await shown(searching, *asked)
    offered = ways(html)
    assert len(offered) == sum(len(answer["help"][kind]) for kind in ("words", "filters", "countries"))
    assert [way for way in offered if way.startswith(f"{label}: ")], [*offered]
    for way, pairs in offered.items():
        # each leads to what it says: as many projects as it counts
        beside = await searching.search.projects(*pairs)
        count = beside["said"] if beside["relaxed"] else beside["total"]
        assert way.endswith(f": {words('fr').n('%(count)s project found', '%(count)s projects found', count)}"), way
        assert {name for name, _ in pairs} <= {name for name, _ in asked}
    assert words("fr").t("fewer words, or other ones") not in html


async def test_where_nothing_would_help_the_page_still_says_where_to_go(searching: Searching) -> None:
    html = await shown(searching, ("q", "xqzwvkjx"))
    assert ways(html) == {}
    assert words("fr").t("fewer words, or other ones") in html
    assert 'href="/fr/browse"' in html


HOSTILE = [
    '"><script>alert(1)</script>',
    "<b onclick=x>asainissement</b>",
    "asainissement %(meant)s %s {{ 7*7 }} {% x %}",
]


@pytest.mark.parametrize("typed", HOSTILE)
@pytest.mark.parametrize("filters", [[], [("budget_min", "90000000")]], ids=["found", "nothing"])
async def test_what_is_typed_comes_out_as_text(searching: Searching, typed: str, filters: Pairs) -> None:
    answer = await searching.search.projects(("q", typed), *filters)
    assert bool(answer["total"]) != bool(filters)
    page = Page(html := await shown(searching, ("q", typed), *filters))
    plain = Page(await shown(searching, ("q", "eau"), *filters))
    assert page.of("script") == plain.of("script")
    assert page.of("b") == []
    assert [given["value"] for given in page.of("input") if given.get("id") == "q"] == [typed]
    if answer["total"] and answer["did_you_mean"] and not answer["said"]:
        assert f"«\u00a0{typed}\u00a0»" in note(html)
        assert f"«\u00a0{answer['did_you_mean']}\u00a0»" in note(html)


async def test_a_card_shows_where_the_aims_say_it(searching: Searching) -> None:
    answer = await searching.search.projects(("q", "assainissement"))
    marked: list[dict[str, Any]] = [item.get("highlight") or {} for item in answer["items"]]
    only_there = [marks["aims"][0] for marks in marked if marks.get("aims") and not marks.get("summary")]
    assert only_there
    html = await shown(searching, ("q", "assainissement"))
    cards = [unescape(text) for text in re.findall(r'class="card-found"[^>]*>… (.*?) …</p>', html)]
    for fragment in only_there:
        assert unescape(fragment) in cards
