"""A facet is one declaration: what derives from it."""

from typing import Any

import pytest

from backbone.contracts import amounts
from backbone.contracts.labels import LANGUAGES
from services.search import facet_kinds, facets
from services.search.facet_kinds import Facet
from services.search.facets import FACETS

NONE: dict[str, Any] = {facet.name: {"buckets": []} for facet in FACETS}


def counted(name: str, **counts: int) -> dict[str, Any]:
    buckets = [{"key": value, "doc_count": count} for value, count in counts.items()]
    return {"all": {**NONE, name: {"buckets": buckets}}}


@pytest.mark.parametrize("facet", FACETS, ids=lambda facet: facet.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_has_a_label_in_every_language(facet: Facet, language: str) -> None:
    labels = [facet.label(value, language) for value in facet.values]
    assert all(labels)
    assert len(set(labels)) == len(labels)
    # a code is no label, but for the years
    assert facet.name == "period" or not set(labels) & set(facet.values)
    assert facet.title(facet.name, language) not in ("", facet.name)


def test_counts_leave_out_their_own_selection() -> None:
    clauses = facets.clauses({"theme": {"health"}, "country": {"SN", "BJ"}}, {})
    asked = facets.aggregations({**clauses, "bbox": {"box": 1}})
    assert clauses == {"country": {"terms": {"country": ["BJ", "SN"]}}, "theme": {"terms": {"theme": ["health"]}}}
    assert asked["theme"]["filter"]["bool"]["filter"] == [clauses["country"], {"box": 1}]
    assert asked["country"]["filter"]["bool"]["filter"] == [clauses["theme"], {"box": 1}]
    # the others have all filters in common
    assert asked["all"]["filter"]["bool"]["filter"] == [clauses["country"], clauses["theme"], {"box": 1}]
    assert set(asked["all"]["aggs"]) == {facet.name for facet in FACETS} - {"theme", "country"}
    assert set(asked) == {"all", "theme", "country"}


def test_a_range_is_chosen_by_buckets_and_by_bounds_and_its_counts_leave_out_both() -> None:
    by_bucket = {"terms": {"budget_bracket": ["0-10000", "none"]}}
    by_bounds = {"range": {"budget": {"gte": 500}}}
    both = facets.clauses({"budget": {"none", "0-10000"}}, {"budget_min": 500})
    assert both == {"budget": {"bool": {"filter": [by_bucket, by_bounds]}}}
    assert facets.clauses({}, {"budget_min": 500}) == {"budget": by_bounds}
    assert facets.clauses({}, {"period_to": "2027-03"}) == {
        "period": {"range": {"period": {"lte": "2027-03", "relation": "intersects"}}}
    }
    assert facets.aggregations(both)["budget"]["filter"] == {"bool": {"filter": []}}


def test_a_range_answers_the_empty_buckets_between_the_others() -> None:
    answer = facets.answer(counted("budget", **{"10000-50000": 3, "250000-500000": 1, "none": 2}), {}, "en")["budget"]
    assert [(one["value"], one["from"], one["to"], one["count"]) for one in answer] == [
        ("10000-50000", 10_000, 50_000, 3),
        ("50000-100000", 50_000, 100_000, 0),
        ("100000-250000", 100_000, 250_000, 0),
        ("250000-500000", 250_000, 500_000, 1),
        ("none", None, None, 2),
    ]
    assert [one["label"] for one in answer[:2] + answer[-1:]] == [
        "€10,000 to €50,000",
        "€50,000 to €100,000",
        "Not given",
    ]
    alone = facets.answer(counted("budget", none=2), {"budget": {"1000000-"}}, "fr")["budget"]
    assert [(one["value"], one["to"], one["count"]) for one in alone] == [("1000000-", None, 0), ("none", None, 2)]


def test_what_has_no_end_counts_in_its_year_and_in_all_after_it() -> None:
    found = {"2027": 2, "2029": 1, "2025+": 4, "2028+": 1}
    answer = facets.answer(counted("period", **found), {"period": {"2040", "2024"}}, "fr")["period"]
    assert [(one["value"], one["count"], one["selected"]) for one in answer] == [
        ("2024", 0, True),
        ("2025", 4, False),
        ("2026", 4, False),
        ("2027", 6, False),
        ("2028", 5, False),
        ("2029", 6, False),
        ("2040", 5, True),
    ]
    assert (answer[3]["from"], answer[3]["to"], answer[3]["label"]) == ("2027-01", "2028-01", "2027")
    asked = facets.clauses({"period": {"1901", "2027"}}, {})["period"]["terms"]["years"]
    assert {"1901", "2027", "1900+", "1901+", "2027+"} <= set(asked)
    assert not {"2026", "2028", "2028+"} & set(asked)


@pytest.mark.parametrize(
    ("first", "last", "keywords"),
    [
        ("2027-03", "2027-03", ["2027"]),
        ("2026-12", "2028-01", ["2026", "2027", "2028"]),
        ("2027-03", None, ["2027+"]),
    ],
)
def test_a_period_is_in_each_of_its_years(first: str, last: str | None, keywords: list[str]) -> None:
    assert facet_kinds.years(first, last) == keywords


@pytest.mark.parametrize(
    ("euros", "bracket"),
    [(None, "none"), (0, "0-10000"), (9_999, "0-10000"), (10_000, "10000-50000"), (10**12, "1000000-")],
)
def test_a_bracket_has_its_first_amount_and_not_its_last(euros: int | None, bracket: str) -> None:
    assert amounts.bracket(euros) == bracket


def test_the_counts_of_a_selected_facet_are_its_own() -> None:
    counts = {**counted("theme", health=9), "country": {"country": {"buckets": [{"key": "BJ", "doc_count": 4}]}}}
    answer = facets.answer(counts, {"country": {"BJ"}}, "fr")
    assert [(one["value"], one["count"]) for name in ("theme", "country") for one in answer[name]] == [
        ("health", 9),
        ("BJ", 4),
    ]


def test_values_come_by_count_and_then_by_name() -> None:
    answer = facets.answer(counted("country", SN=2, BJ=2, MA=9), {}, "fr")
    assert [(one["value"], one["label"], one["count"]) for one in answer["country"]] == [
        ("MA", "Maroc", 9),
        ("BJ", "Bénin", 2),
        ("SN", "Sénégal", 2),
    ]


def test_continents_come_in_their_own_order() -> None:
    answer = facets.answer(counted("continent", europe=9, asia=1, africa=5), {}, "en")
    assert [(one["value"], one["label"]) for one in answer["continent"]] == [
        ("africa", "Africa"),
        ("asia", "Asia"),
        ("europe", "Europe"),
    ]


def test_what_is_selected_is_shown_though_nothing_has_it() -> None:
    answer = facets.answer(counted("country", BJ=2), {"country": {"FR"}}, "fr")
    assert answer["country"] == [
        {"value": "BJ", "label": "Bénin", "count": 2, "selected": False, "parent": "africa"},
        {"value": "FR", "label": "France", "count": 0, "selected": True, "parent": "europe"},
    ]
    assert answer["theme"] == []


def test_a_value_that_left_the_vocabulary_is_shown_by_its_code() -> None:
    answer = facets.answer(counted("theme", lost=1), {}, "fr")
    assert answer["theme"][0]["label"] == "lost"


def test_the_declarations_are_what_a_page_is_made_of() -> None:
    declared = {one["name"]: one for one in facets.declarations("fr")}
    assert list(declared) == [facet.name for facet in FACETS]
    assert (declared["country"]["kind"], declared["country"]["within"]) == ("hierarchy", "continent")
    # few enough to be told
    assert declared["country"]["values"] is None
    assert declared["has_documents"]["values"] == [
        {"value": "true", "label": "Avec documents"},
        {"value": "false", "label": "Sans document"},
    ]
    assert declared["budget"]["bounds"] == {"of": "amount", "low": "budget_min", "high": "budget_max"}
    assert (declared["period"]["title"], declared["period"]["values"]) == ("Période du projet", None)
