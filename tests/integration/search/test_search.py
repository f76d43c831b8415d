"""Totals, facets, orders and pages equal a plain computation over the sheets, on both engines."""

import collections
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbone.contracts.sheet import PublicSheet
from services.search import answers
from services.search.facets import FACETS
from tests.integration.search.naive import Pairs, euros, inside, naive, searches
from tests.integration.search.running import Loaded
from tests.integration.search.sheets import demonstration

SHEETS: list[PublicSheet] = [event.sheet for event in demonstration()]
engine_settings = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@engine_settings
@given(pairs=searches(SHEETS))
async def test_totals_and_counts_are_those_of_a_plain_computation(loaded: Loaded, pairs: Pairs) -> None:
    found, counts = naive(SHEETS, pairs)
    answer = await loaded.projects(*pairs, ("size", "100"))
    assert answer["total"] == len(found)
    assert {item["id"] for item in answer["items"]} <= {sheet.id for sheet in found}
    assert len(answer["items"]) == min(100, len(found))
    for name, values in answer["facets"].items():
        assert {one["value"]: one["count"] for one in values} == counts[name], name
        chosen = {value for facet, value in pairs if facet == name}
        assert {one["value"] for one in values if one["selected"]} == chosen
    answers.Results.model_validate(answer)


@engine_settings
@given(pairs=searches(SHEETS), zoom=st.integers(0, 22))
async def test_the_map_agrees_with_the_search(loaded: Loaded, pairs: Pairs, zoom: int) -> None:
    found, _ = naive(SHEETS, pairs)
    answer = await loaded.get("/map", *pairs, ("zoom", str(zoom)))
    answers.FeatureCollection.model_validate(answer)
    assert answer["total"] == len(found)
    assert {feature["properties"]["id"] for feature in answer["features"]} == {sheet.id for sheet in found}


@engine_settings
@given(pairs=searches(SHEETS), zoom=st.integers(0, 22))
async def test_clusters_add_up(loaded: Loaded, pairs: Pairs, zoom: int) -> None:
    found, _ = naive(SHEETS, pairs)
    answer = await loaded.get("/map", *pairs, ("zoom", str(zoom)), ("points", "0"))
    answers.FeatureCollection.model_validate(answer)
    assert answer["total"] == len(found) == sum(one["properties"]["count"] for one in answer["features"])
    for feature in answer["features"]:
        (lon, lat), (west, south, east, north) = feature["geometry"]["coordinates"], feature["bbox"]
        assert west - 1e-5 <= lon <= east + 1e-5
        assert south - 1e-5 <= lat <= north + 1e-5
        here = [sheet for sheet in found if inside(sheet, west - 1e-5, south - 1e-5, east + 1e-5, north + 1e-5)]
        if len(here) == feature["properties"]["count"]:  # no other cluster's box reaches into this one
            counted = collections.Counter(code for sheet in here for code in sheet.countries)
            named = {one["value"]: one["count"] for one in feature["properties"]["countries"]}
            assert named.items() <= counted.items()
            assert list(named.values()) == sorted(counted.values(), reverse=True)[:3]


@engine_settings
@given(pairs=searches(SHEETS), points=st.integers(0, 500))
async def test_sheets_are_shown_singly_up_to_the_number_asked_for(loaded: Loaded, pairs: Pairs, points: int) -> None:
    found, _ = naive(SHEETS, pairs)
    answer = await loaded.get("/map", *pairs, ("zoom", "2"), ("points", str(points)))
    single = ["id" in one["properties"] for one in answer["features"]]
    assert all(single) if len(found) <= points else not any(single)
    assert answer["total"] == len(found) == sum(one["properties"]["count"] for one in answer["features"])


@engine_settings
@given(pairs=searches(SHEETS))
async def test_the_figures_are_those_of_a_plain_computation(loaded: Loaded, pairs: Pairs) -> None:
    found, _ = naive(SHEETS, pairs)
    answer = await loaded.get("/figures", *pairs)
    answers.Figures.model_validate(answer)
    assert answer == {
        "projects": len(found),
        "demands": len([sheet for sheet in found if sheet.kind == "demand"]),
        "offers": len([sheet for sheet in found if sheet.kind == "offer"]),
        "countries": len({code for sheet in found for code in sheet.countries}),
        "continents": len({code for sheet in found for code in sheet.continents}),
        "authorities": len({sheet.authority.ref for sheet in found}),
    }


@pytest.mark.parametrize("path", ["/projects", "/map", "/figures"])
async def test_a_period_out_of_order_is_refused(loaded: Loaded, path: str) -> None:
    answer = await loaded.http.get(path, params={"period_from": "2028-02", "period_to": "2028-01"})
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("period_to", "out_of_order")]


ORDERS: Mapping[str, Callable[[PublicSheet], Any]] = {
    "newest": lambda sheet: (-sheet.published_at.timestamp(), sheet.id),
    "oldest": lambda sheet: (sheet.published_at.timestamp(), sheet.id),
    "budget": lambda sheet: (1 if (budget := euros(sheet)) is None else -budget, sheet.id),
}


@pytest.mark.parametrize("size", [1, 7, 43, 65, 100])
@pytest.mark.parametrize("sort", ORDERS)
async def test_the_pages_give_every_sheet_once_in_order(loaded: Loaded, sort: str, size: int) -> None:
    expected = [sheet.id for sheet in sorted(SHEETS, key=ORDERS[sort]) if "africa" in sheet.continents]
    asked = [("continent", "africa"), ("sort", sort), ("size", str(size))]
    assert await loaded.walk(*asked) == expected


@pytest.mark.parametrize("q", ["eau", "formation", "l’école des femmes", "assainissemnt"])
async def test_the_pages_of_a_search_by_words_give_every_sheet_once(loaded: Loaded, q: str) -> None:
    total = (await loaded.projects(("q", q)))["total"]
    walked = await loaded.walk(("q", q), ("size", "4"))
    assert len(walked) == len(set(walked)) == total > 4


async def test_an_item_is_the_card_of_its_sheet(loaded: Loaded) -> None:
    by_id = {sheet.id: sheet for sheet in SHEETS}
    for item in (await loaded.projects(("size", "100")))["items"]:
        sheet = by_id[item["id"]].model_dump(mode="json")
        assert item.pop("documents") == len(sheet["documents"])
        authority = item.pop("authority")
        assert authority == {name: sheet["authority"][name] for name in ("ref", "name", "type", "country", "region")}
        assert item == {name: sheet[name] for name in item}


async def test_facets_are_named_in_the_language_asked_for(loaded: Loaded) -> None:
    french = await loaded.http.get("/projects")
    english = await loaded.http.get("/projects", headers={"Accept-Language": "en-GB,fr;q=0.5"})
    arabic = await loaded.http.get("/projects?lang=ar", headers={"Accept-Language": "en"})
    said = [answer.json()["facets"]["continent"][0]["label"] for answer in (french, english, arabic)]
    assert said == ["Afrique", "Africa", "أفريقيا"]
    assert [one.headers["content-language"] for one in (french, english, arabic)] == ["fr", "en", "ar"]
    assert english.headers["vary"] == "Accept-Language"


async def test_the_openapi_document_has_the_parameters(loaded: Loaded) -> None:
    document = (await loaded.http.get("/openapi.json")).json()
    named = {one["name"]: one for one in document["paths"]["/projects"]["get"]["parameters"]}
    assert {facet.name for facet in FACETS} <= set(named)
    assert named["continent"]["schema"]["items"]["enum"] == ["africa", "americas", "asia", "europe", "oceania"]
    assert {"FacetValue", "Figures", "Similar"} <= set(document["components"]["schemas"])
    for path in ("/projects", "/map", "/figures"):
        names = {one["name"] for one in document["paths"][path]["get"]["parameters"]}
        assert {facet.name for facet in FACETS} | {"budget_min", "period_from", "period_to", "bbox"} <= names
