"""A facet is one declaration: what derives from it."""

from typing import Any

import pytest

from backbone.contracts.labels import LANGUAGES
from services.search import facets
from services.search.facets import FACETS, Facet

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
    # a code is no label
    assert not set(labels) & set(facet.values)


def test_counts_leave_out_their_own_selection() -> None:
    clauses = facets.clauses({"theme": {"health"}, "country": {"SN", "BJ"}})
    asked = facets.aggregations({**clauses, "bbox": {"box": 1}})
    assert clauses["country"] == {"terms": {"country": ["BJ", "SN"]}}
    assert asked["theme"]["filter"]["bool"]["filter"] == [clauses["country"], {"box": 1}]
    assert asked["country"]["filter"]["bool"]["filter"] == [clauses["theme"], {"box": 1}]
    # the others have all filters in common
    assert asked["all"]["filter"]["bool"]["filter"] == [clauses["theme"], clauses["country"], {"box": 1}]
    assert set(asked["all"]["aggs"]) == {facet.name for facet in FACETS} - {"theme", "country"}
    assert set(asked) == {"all", "theme", "country"}


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


def test_a_new_facet_is_one_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Facet(
        name="authority_type",
        description="Type of authority.",
        values=("commune", "region"),
        label=lambda value, _: value.title(),
        read=lambda sheet: [sheet["authority"]["type"]],
    )
    monkeypatch.setattr(facets, "FACETS", (authority,))
    assert facets.mapping() == {"authority_type": {"type": "keyword"}}
    assert facets.fields({"authority": {"type": "region"}}) == {"authority_type": ["region"]}
    assert list(facets.aggregations({})["all"]["aggs"]) == ["authority_type"]
    counts = {"all": {"authority_type": {"buckets": [{"key": "region", "doc_count": 3}]}}}
    assert facets.answer(counts, {}, "fr") == {
        "authority_type": [{"value": "region", "label": "Region", "count": 3, "selected": False}]
    }
