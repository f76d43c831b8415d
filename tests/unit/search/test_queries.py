"""What is asked of the engine, and the cursors that lead on."""

import base64

import orjson
import pytest

from backbone.errors import Invalid
from backbone.paging import encode_cursor
from services.search import parameters, queries

HIT = {"sort": [1795372836452, "project-1"]}


def asked(*pairs: tuple[str, str]) -> parameters.Search:
    return parameters.search(list(pairs), "fr")


def test_a_cursor_leads_on_in_its_own_search_whatever_the_size_and_language() -> None:
    first = asked(("theme", "health"), ("theme", "heritage"))
    cursor = queries.cursor(first, HIT, relaxed=True)
    following = asked(("theme", "heritage"), ("theme", "health"), ("cursor", cursor), ("size", "3"), ("lang", "ar"))
    assert queries.after(following) == ([1795372836452, "project-1"], True)


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
    cursor = queries.cursor(asked(("theme", "health")), HIT, relaxed=False)
    with pytest.raises(Invalid) as refused:
        queries.after(asked(*other, ("cursor", cursor)))
    assert [error.field for error in refused.value.errors] == ["cursor"]


@pytest.mark.parametrize(
    "tail",
    [
        [],
        [0],
        [0, 1],
        [2, 1, "a"],
        [0, "1", "a"],
        [0, 1, 2],
        [0, 1.5, "a"],
        [0, None, "a"],
        [0, True, "a"],
        [0, 2**63, "a"],
        [0, 1, "a" * 201],
        [0, 1, "a", "b"],
    ],
)
def test_a_forged_cursor_is_refused(tail: list[object]) -> None:
    cursor = encode_cursor([asked().fingerprint(), *tail])
    with pytest.raises(Invalid):
        queries.after(asked(("cursor", cursor)))


@pytest.mark.parametrize("cursor", ["x", "é", "bnVsbA", "e30", base64.b64encode(b"[" * 100).decode(), "AAAA" * 100])
def test_garbage_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        queries.after(asked(("cursor", cursor)))


def test_words_of_a_query_stay_words() -> None:
    body = orjson.dumps(queries.search(asked(("q", "eau AND (title:x) *")), None, relaxed=False)).decode()
    assert "query_string" not in body


def test_codes_are_never_looked_for_nearly() -> None:
    assert not queries.may_relax("00000000-0000-0000-0000-000000000003")
    assert not queries.may_relax("2027 !!!")
    assert queries.may_relax("assainissemnt 2027")
    relaxed = orjson.dumps(queries.text("assainissemnt 2027", relaxed=True)).decode()
    assert "2027" not in relaxed
