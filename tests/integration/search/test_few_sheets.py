"""What a few sheets show on both engines: periods to the month, a place that several share, an authority renamed."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from backbone.contracts.events import ProjectPublished
from tests.integration.search.running import Loaded, index_of
from tests.integration.search.sheets import publication

PIKINE = {"name": "Thiaroye", "lat": 14.7517, "lon": -17.3717}


@pytest.fixture(scope="module")
async def few(each_search_url: str) -> AsyncGenerator[Loaded, None]:
    events: list[ProjectPublished] = [
        publication("ended", period={"start": "2026-11", "end": "2027-02"}, location=PIKINE),
        publication("a month", period={"start": "2027-03", "end": "2027-03"}, location=PIKINE),
        publication("for ever", period={"start": "2027-04", "end": None}, location=PIKINE),
        publication(
            "renamed",
            period={"start": "2027-12", "end": "2028-02"},
            location={"name": "Antsirabe", "lat": -19.8659, "lon": 47.0333},
            authority={"name": "Ville nouvelle de Pikine"},
        ),
    ]
    async with index_of(each_search_url, events) as loaded:
        yield loaded


@pytest.mark.parametrize(
    ("period", "found"),
    [
        ({"period_from": "2027-02", "period_to": "2027-02"}, {"ended"}),
        ({"period_from": "2027-03", "period_to": "2027-03"}, {"a month"}),
        ({"period_from": "2027-02", "period_to": "2027-03"}, {"ended", "a month"}),
        ({"period_from": "2027-04", "period_to": "2027-11"}, {"for ever"}),
        ({"period_from": "2028-02"}, {"for ever", "renamed"}),
        ({"period_from": "2028-03"}, {"for ever"}),
        ({"period_from": "2199-12"}, {"for ever"}),
        ({"period_to": "2026-10"}, set[str]()),
        ({"period_to": "2026-11"}, {"ended"}),
        ({"period_to": "1900-01"}, set[str]()),
        ({"period_from": "2027-03", "period_to": "2027-12"}, {"a month", "for ever", "renamed"}),
    ],
)
async def test_a_period_finds_what_runs_in_one_of_its_months(
    few: Loaded, period: dict[str, str], found: set[str]
) -> None:
    answer = await few.projects(*period.items())
    assert {item["id"] for item in answer["items"]} == found
    on_map = await few.get("/map", *period.items())
    assert {one["properties"]["id"] for one in on_map["features"]} == found
    assert (await few.get("/figures", *period.items()))["projects"] == len(found)


async def test_a_facet_counts_under_the_period(few: Loaded) -> None:
    answer = await few.projects(("period_from", "2027-12"), ("kind", "offer"))
    assert answer["total"] == 0
    assert {one["value"]: one["count"] for one in answer["facets"]["kind"]} == {"demand": 2, "offer": 0}


async def test_sheets_at_one_point_are_all_on_the_map(few: Loaded) -> None:
    singly = await few.get("/map", ("zoom", "22"), ("points", "4"))
    assert {one["properties"]["id"] for one in singly["features"]} == {"ended", "a month", "for ever", "renamed"}
    assert len({tuple(one["geometry"]["coordinates"]) for one in singly["features"]}) == 2
    clustered = await few.get("/map", ("zoom", "22"), ("points", "3"))
    assert sorted(_named(one) for one in clustered["features"]) == [(1, [("SN", 1)]), (3, [("SN", 3)])]


def _named(feature: dict[str, Any]) -> tuple[int, list[tuple[str, int]]]:
    told = feature["properties"]
    return told["count"], [(one["value"], one["count"]) for one in told["countries"]]


async def test_an_authority_that_was_renamed_is_one(few: Loaded) -> None:
    assert await few.get("/figures") == {
        "projects": 4,
        "demands": 4,
        "offers": 0,
        "countries": 1,
        "continents": 1,
        "authorities": 1,
    }
