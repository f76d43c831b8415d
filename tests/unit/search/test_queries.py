"""What is asked of the engine, and the cursors that lead on."""

import base64

import orjson
import pytest

from backbone.errors import Invalid
from backbone.paging import encode_cursor
from services.search import parameters, queries, reaching, words
from services.search.text import Reach, Text
from services.search.thesaurus import Thesaurus, seed

TODAY = "2027-03-01"
HIT = {"sort": [1795372836452, "project-1"]}


def asked(*pairs: tuple[str, str]) -> parameters.Search:
    return parameters.search(list(pairs), "fr")


def cursor_of(first: parameters.Search, reach: Reach = "said") -> str:
    text = Text(words.NOTHING, Thesaurus.of([]), reach)
    return queries.cursor(first, text, TODAY, HIT)


def test_a_cursor_leads_on_in_its_own_search_whatever_the_size_and_language() -> None:
    cursor = cursor_of(asked(("theme", "health"), ("theme", "heritage")))
    following = asked(("theme", "heritage"), ("theme", "health"), ("cursor", cursor), ("size", "3"), ("lang", "ar"))
    assert queries.page(following, "2027-03-02") == queries.Page([1795372836452, "project-1"], "said", TODAY)


def test_a_cursor_remembers_how_far_its_search_reached() -> None:
    cursor = cursor_of(asked(("q", "eau")), "near")
    assert queries.page(asked(("q", "eau"), ("cursor", cursor)), "2027-03-02").reach == "near"


@pytest.mark.parametrize(
    "other",
    [
        [("theme", "heritage")],
        [("theme", "health"), ("q", "eau")],
        [("theme", "health"), ("sort", "oldest")],
        [("theme", "health"), ("period_to", "2027-01")],
        [],
    ],
)
def test_a_cursor_of_another_search_is_refused(other: list[tuple[str, str]]) -> None:
    cursor = cursor_of(asked(("theme", "health")))
    with pytest.raises(Invalid) as refused:
        queries.page(asked(*other, ("cursor", cursor)), TODAY)
    assert [error.field for error in refused.value.errors] == ["cursor"]


@pytest.mark.parametrize(
    "tail",
    [
        [],
        [0],
        [0, TODAY],
        [0, TODAY, 1],
        [3, TODAY, 1, "a"],
        [-1, TODAY, 1, "a"],
        [True, TODAY, 1, "a"],
        ["0", TODAY, 1, "a"],
        [0, "2027-02-30", 1, "a"],
        [0, "2027-W01-1", 1, "a"],
        [0, 20270301, 1, "a"],
        [0, TODAY, "1", "a"],
        [0, TODAY, 1, 2],
        [0, TODAY, 1.5, "a"],
        [0, TODAY, None, "a"],
        [0, TODAY, True, "a"],
        [0, TODAY, 2**63, "a"],
        [0, TODAY, 1, "a" * 201],
        [0, TODAY, 1, "a", "b"],
        [1, TODAY, 1, "a"],
    ],
)
def test_a_forged_cursor_is_refused(tail: list[object]) -> None:
    cursor = encode_cursor([asked().fingerprint(), *tail])
    with pytest.raises(Invalid):
        queries.page(asked(("cursor", cursor)), TODAY)


@pytest.mark.parametrize("cursor", ["x", "é", "bnVsbA", "e30", base64.b64encode(b"[" * 100).decode(), "AAAA" * 100])
def test_garbage_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        queries.page(asked(("cursor", cursor)), TODAY)


def test_words_of_a_query_stay_words() -> None:
    q = "eau AND (title:x) *"
    body = orjson.dumps(queries.search(asked(("q", q)), reaching.understood(q, seed()), TODAY, None)).decode()
    assert "query_string" not in body
    assert "wildcard" not in body
