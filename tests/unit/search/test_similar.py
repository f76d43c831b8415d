"""Why a sheet is like another one, and which are shown."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.contracts import vocabularies
from services.search import similar
from services.search.places import neighbours
from tests.integration.search.sheets import publication

COUNTRIES = list(vocabularies.countries())


def sheet(project: str = "p1", authority: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return publication(project, authority=authority, **fields).sheet.model_dump(mode="json")


def why(one: dict[str, Any], other: dict[str, Any], *words: str, language: str = "fr") -> list[tuple[str, str, str]]:
    found = similar.reasons(one, other, words, language)
    return [(reason["kind"], reason["value"], reason["label"]) for reason in found]


def test_borders_hold_in_both_directions() -> None:
    for code in COUNTRIES:
        for other in neighbours([code]):
            assert other != code
            assert code in neighbours([other]), (code, other)
    assert neighbours(["SN"]) == {"GM", "GN", "GW", "ML", "MR"}
    assert neighbours(["MG"]) == frozenset()
    assert neighbours(["SN", "ML"]) == {"GM", "GN", "GW", "MR", "NE", "DZ", "CI", "BF"}


def test_the_reasons_are_named_in_the_language_asked_for_the_strongest_first() -> None:
    one = sheet(themes=["water-sanitation", "health"])
    other = sheet("p2", {"country": "ML"}, themes=["heritage", "water-sanitation"])
    assert why(one, other, "forages") == [
        ("theme", "water-sanitation", "Eau et assainissement"),
        ("neighbouring_country", "ML", "Mali"),
        ("words", "forages", "forages"),
        ("authority_type", "commune", "Commune"),
    ]
    assert [label for *_, label in why(one, other, language="ar")] == ["الماء والتطهير", "مالي", "بلدية"]


def test_of_the_places_the_nearest_is_said() -> None:
    one = sheet(authority={"country": "SN"})
    places = {"SN": ["country"], "GM": ["neighbouring_country"], "MG": ["continent"], "VN": []}
    for code, kinds in places.items():
        other = sheet("p2", {"country": code, "type": "region"})
        assert [kind for kind, *_ in why(one, other) if kind != "theme"] == kinds, code


def test_an_offer_for_many_countries_has_a_few_reasons_of_a_kind() -> None:
    one = sheet(kind="offer", countries_sought=["SN", "ML", "BF", "NE", "VN"], themes=["health"])
    other = sheet("p2", kind="offer", countries_sought=["VN", "NE", "BF", "ML", "LA", "KH"], themes=["health"])
    kinds = [kind for kind, *_ in why(one, other)]
    assert kinds == ["theme", *["country"] * 3, *["neighbouring_country"] * 2, "authority_type"]


@given(
    st.lists(st.sampled_from(COUNTRIES), min_size=1, max_size=6, unique=True),
    st.lists(st.sampled_from(COUNTRIES), min_size=1, max_size=6, unique=True),
)
def test_a_reason_is_true_of_the_two_sheets(mine: list[str], its: list[str]) -> None:
    one, other = (sheet(kind="offer", countries_sought=codes) for codes in (mine, its))
    for kind, value, _ in why(one, other):
        match kind:
            case "theme":
                assert value in one["themes"]
                assert value in other["themes"]
            case "country":
                assert value in mine
                assert value in its
            case "neighbouring_country":
                assert value in its
                assert value not in mine
                assert neighbours([value]) & set(mine)
            case "continent":
                assert value in one["continents"]
                assert value in other["continents"]
            case _:
                assert (kind, value) == ("authority_type", "commune")


def hit(number: int, ref: str = "a", **marked: str) -> dict[str, Any]:
    highlight = {f"{name}.fr": [text] for name, text in marked.items()}
    found = {"_id": str(number), "_source": {"sheet": {"authority": {"ref": ref}}}, "highlight": highlight}
    return found | ({"matched_queries": ["words"]} if marked else {})


@given(st.lists(st.sampled_from("abc"), max_size=20))
def test_one_authority_does_not_crowd_out_the_others(refs: list[str]) -> None:
    hits = [hit(number, ref) for number, ref in enumerate(refs)]
    found = similar.varied(hits)
    assert sorted(found, key=lambda one: int(one["_id"])) == hits
    first = found[: sum(min(refs.count(ref), 2) for ref in "abc")]
    shown = [one["_source"]["sheet"]["authority"]["ref"] for one in first]
    assert all(shown.count(ref) == min(refs.count(ref), 2) for ref in "abc")
    assert [int(one["_id"]) for one in first] == sorted(int(one["_id"]) for one in first)


def test_words_in_common_are_said_by_both_and_by_few_others() -> None:
    document = {"sheet": {"title": "Forages des villages", "summary": "L’eau d’un forage, pour tous."}}
    hits = [
        hit(1, title="<mark>Forage</mark> et <mark>eau</mark>", summary="<mark>forages</mark> <mark>tous</mark>"),
        hit(2, title="Des <mark>villages</mark>"),
        hit(3, title="<mark>Village</mark>, <mark>forages</mark>", summary="<mark>villages</mark> <mark>eau</mark>"),
        hit(4),
    ]
    # "tous" is in no title, "village" is not what the sheet says, and one word alone is chance
    found = similar.words_in_common(document, hits)
    assert found == [["forage", "eau", "forages"], [], ["villages", "forages"], []]


@pytest.mark.parametrize("count", [4, 10])
def test_what_most_of_them_say_is_no_reason(count: int) -> None:
    document = {"sheet": {"title": "Un projet d’eau et de puits", "summary": "Rien."}}
    few = " <mark>eau</mark> <mark>puits</mark>"
    hits = [hit(number, title="<mark>Projet</mark>" + few * (number < 2)) for number in range(count)]
    found = similar.words_in_common(document, hits)
    assert found == [["puits", "eau"]] * 2 + [[]] * (count - 2)
