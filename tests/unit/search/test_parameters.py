"""What may be asked: every wrong parameter is named, with what is allowed; what is right is read."""

import re
from typing import Any

import pytest

from backbone.errors import FieldError, Invalid
from services.search import geo, parameters
from services.search.facets import FACETS, MOST_VALUES
from services.search.parameters import Filters


def ask(*pairs: tuple[str, str], accept: str = "fr") -> parameters.Search:
    return parameters.search(list(pairs), accept)


def refusals(*pairs: tuple[str, str]) -> tuple[FieldError, ...]:
    with pytest.raises(Invalid) as refused:
        ask(*pairs)
    return refused.value.errors


def test_everything_given_is_read() -> None:
    asked = ask(
        ("q", "  eau   potable "),
        ("theme", "health"),
        ("theme", "education"),
        ("country", "SN"),
        ("sdg", "6"),
        ("budget", "0-10000"),
        ("budget", "none"),
        ("period", "2027"),
        ("has_documents", "true"),
        ("budget_min", "1000"),
        ("budget_max", "2500.5"),
        ("period_from", "2027-03"),
        ("period_to", "2027-03"),
        ("bbox", "-18, 4, 16,28"),
        ("sort", "oldest"),
        ("size", "50"),
        ("lang", "ar"),
    )
    assert asked.filters == Filters(
        q="eau potable",
        selections={
            "country": frozenset({"SN"}),
            "theme": frozenset({"health", "education"}),
            "sdg": frozenset({"6"}),
            "budget": frozenset({"0-10000", "none"}),
            "period": frozenset({"2027"}),
            "has_documents": frozenset({"true"}),
        },
        bounds={"budget_min": 1000, "budget_max": 2500.5, "period_from": "2027-03", "period_to": "2027-03"},
        bbox=(-18, 4, 16, 28),
    )
    assert (asked.sort, asked.size, asked.language) == ("oldest", 50, "ar")


def test_nothing_given_and_empty_fields_of_a_form_are_the_same() -> None:
    assert ask() == ask(("q", " "), ("country", ""), ("size", ""), ("cursor", ""))
    assert (ask().sort, ask().size, ask().language) == ("newest", 20, "fr")


def test_relevance_is_the_order_of_words_only() -> None:
    assert ask(("q", "eau")).sort == "relevance"
    assert ask(("sort", "relevance")).sort == "newest"


def test_a_place_is_searched_around_the_nearest_first() -> None:
    near = ("near", "14.69, -17.44")
    assert ask(near).filters.near == geo.Near(14.69, -17.44, 100)
    assert ask(near, ("within", "2.5")).filters.near == geo.Near(14.69, -17.44, 2.5)
    assert (ask(near).sort, ask(near, ("sort", "relevance")).sort) == ("distance", "distance")
    assert (ask(near, ("q", "eau")).sort, ask(near, ("sort", "newest")).sort) == ("relevance", "newest")
    asked = [ask(near), ask(near, ("within", "99")), ask(("near", "14.69,-17.45")), ask()]
    assert len({one.fingerprint() for one in asked}) == len(asked)


@pytest.mark.parametrize(("given", "field"), [(("within", "5"), "within"), (("sort", "distance"), "sort")])
def test_what_needs_a_place_says_so(given: tuple[str, str], field: str) -> None:
    (error,) = refusals(given)
    assert (error.field, error.code) == (field, "incomplete")
    assert "near" in error.detail


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("continent", "atlantis", "africa, americas, asia, europe, oceania"),
        ("country", "sn", "AD, AE"),
        ("country", "ZZ", "SN"),
        ("theme", "water", "water-sanitation"),
        ("kind", "Demand", "demand, offer"),
        ("language", "wo", "fr, en, es, pt, ar"),
        ("sdg", "18", "17"),
        ("status", "closed", "open"),
        ("authority_type", "town", "commune, intercommunality"),
        ("has_documents", "yes", "true, false"),
        ("budget", "0-50000", "0-10000, 10000-50000"),
        ("budget", "50000", "1000000-, none"),
        ("period", "2200", "a year from 1900 to 2199"),
        ("period", "2027-03", "a year"),
        ("period", "2027+", "a year"),
        ("period", "20\u0662\u0667", "a year"),
        ("sort", "title", "relevance, newest, oldest, budget, distance"),
        ("lang", "de", "fr, en, es, pt, ar"),
        ("size", "0", "from 1 to 100"),
        ("size", "101", "from 1 to 100"),
        ("size", "1e1", "from 1 to 100"),
        ("size", "²", "from 1 to 100"),
        ("budget_min", "-1", "euros"),
        ("budget_min", "NaN", "euros"),
        ("budget_max", "1e400", "euros"),
        ("budget_max", "9" * 15, "euros"),
        ("period_from", "2027", "YYYY-MM"),
        ("period_from", "2027-13", "YYYY-MM"),
        ("period_from", "2027-3", "YYYY-MM"),
        ("period_to", "2027-03-01", "YYYY-MM"),
        ("period_to", "0000-01", "from 1900-01"),
        ("period_to", "20\u0662\u0667-03", "YYYY-MM"),
        ("bbox", "1,2,3", "west,south,east,north"),
        ("bbox", "1,9,3,4", "west,south,east,north"),
        ("bbox", "1,4,3,4", "west,south,east,north"),
        ("bbox", "1,4,1,9", "west,south,east,north"),
        ("bbox", "-181,0,3,4", "west,south,east,north"),
        ("bbox", "nan,0,3,4", "west,south,east,north"),
        ("q", "x" * 201, "200"),
        ("q", "eau\x00", "control"),
        ("q", "eau\nBcc: x", "control"),
        ("q", "a\x85b", "control"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, text: str, allowed: str) -> None:
    (error,) = refusals((name, text))
    assert error.field == name
    assert allowed in error.detail


def test_all_that_is_wrong_is_said_at_once() -> None:
    errors = refusals(("themes", "health"), ("size", "0"), ("country", "XX"), ("q", "a"), ("q", "b"))
    assert {error.field for error in errors} == {"themes", "size", "country", "q"}
    (unknown,) = [error for error in errors if error.field == "themes"]
    assert "theme, " in unknown.detail


def test_a_name_that_nobody_knows_is_shown_short_and_without_controls() -> None:
    (error,) = refusals(("a\x1b" * 300, "1"))
    assert len(error.field) == 100
    assert "\x1b" not in error.field


def test_no_more_values_than_a_person_would_choose() -> None:
    codes = next(facet for facet in FACETS if facet.name == "country").values
    ask(*(("country", code) for code in codes[:MOST_VALUES]))
    (error,) = refusals(*(("country", code) for code in codes[: MOST_VALUES + 1]))
    assert (error.field, error.code) == ("country", "too_long")
    assert len(refusals(*(("x" * number, "") for number in range(1, 300)))) == MOST_VALUES


def test_amounts_must_be_in_order() -> None:
    (error,) = refusals(("budget_min", "2"), ("budget_max", "1"))
    assert error.field == "budget_max"


def test_a_period_must_be_in_order() -> None:
    (error,) = refusals(("period_from", "2027-02"), ("period_to", "2027-01"))
    assert (error.field, error.code) == ("period_to", "out_of_order")


def test_the_map_shows_as_many_single_sheets_as_asked_for() -> None:
    assert parameters.map_([], "fr").points == 500
    assert parameters.map_([("points", "0")], "fr").points == 0
    for wrong in ("-1", "501", "1.5"):
        with pytest.raises(Invalid) as refused:
            parameters.map_([("points", wrong)], "fr")
        assert [error.field for error in refused.value.errors] == ["points"]


@pytest.mark.parametrize("wrong", ["0", "13", "x"])
def test_similar_sheets_are_few(wrong: str) -> None:
    assert (parameters.similar([], "fr").size, parameters.similar([("size", "12")], "fr").size) == (4, 12)
    with pytest.raises(Invalid) as refused:
        parameters.similar([("size", wrong)], "fr")
    assert "from 1 to 12" in refused.value.errors[0].detail


def test_figures_and_similar_sheets_are_asked_with_their_own_parameters_only() -> None:
    with pytest.raises(Invalid) as refused:
        parameters.figures([("size", "1")])
    assert [error.code for error in refused.value.errors] == ["unknown_parameter"]
    with pytest.raises(Invalid) as refused:
        parameters.similar([("country", "SN")], "fr")
    assert [error.code for error in refused.value.errors] == ["unknown_parameter"]


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "fr"),
        ("en", "en"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("de,es;q=0.3,en;q=0.7", "en"),
        ("*", "fr"),
        ("en;q=0, ar;q=0.1", "ar"),
        ("en;q=x,;;;,es", "es"),
        ("de" * 5000, "fr"),
    ],
)
def test_the_language_of_the_labels(accept: str, language: str) -> None:
    assert ask(accept=accept).language == language
    assert ask(("lang", "ar"), accept=accept).language == "ar"


def test_every_facet_is_a_documented_parameter_of_the_search_the_map_and_the_figures() -> None:
    for parameters_ in (parameters.SEARCH, parameters.MAP, parameters.FIGURES):
        documented: dict[str, dict[str, Any]] = {
            one["name"]: one for one in parameters.documented(parameters_)["parameters"]
        }
        for facet in FACETS:
            schema = documented[facet.name]["schema"]
            assert schema["type"] == "array"
            allowed = schema["items"]
            for value in facet.values:
                assert re.fullmatch(allowed["pattern"], value) if "pattern" in allowed else value in allowed["enum"]
            if facet.bounds:
                assert {facet.bounds.low, facet.bounds.high} <= set(documented)
