"""Boxes, clusters and distances over sheets all over the globe, on both engines, beside a plain computation.

Many at one point, on the poles, beyond what web maps show (85.05 degrees), on the antimeridian and next to it.
"""

import itertools
import random
from collections.abc import AsyncGenerator
from math import acos, cos, radians, sin
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backbone.contracts.sheet import PublicSheet
from services.search import answers
from tests.integration.search.running import Loaded, index_of
from tests.integration.search.sheets import publication

Pairs = list[tuple[str, str]]
Box = tuple[float, float, float, float]

STEP = 1e-7  # degrees; the engines keep points a little less exactly
EARTH_KM = 6371.0087714
HAVANA, SUVA, DAKAR = (23.1136, -82.3666), (-18.1416, 178.4419), (14.6937, -17.4441)
EXTREME = [
    *((90.0, 0.0), (90.0, 180.0), (-90.0, 0.0), (-90.0, -180.0), (89.9, 12.0), (-86.0, -120.0)),
    *((85.06, 20.0), (85.05, 20.0), (-85.0511288, 20.0), (0.0, 180.0), (0.0, -180.0), (5.0, 180.0), (-5.0, -180.0)),
    *((0.0, 0.0), (51.5, 0.0), (-16.5, 179.99), (-16.5, -179.99), (-16.501, 179.9999999), (14.7517, -17.3717)),
]


def drawn() -> list[tuple[float, float]]:
    """Where the sheets are: the extremes, forty at one point, towns around others, and anywhere."""
    chance = random.Random(5)
    around = [
        (lat + chance.gauss(0, 1.5), (lon + chance.gauss(0, 1.5) + 180) % 360 - 180)
        for lat, lon in (HAVANA, SUVA, DAKAR)
        for _ in range(40)
    ]
    anywhere = [(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(120)]
    return [*EXTREME, *[DAKAR] * 40, *around, *anywhere]


SHEETS: list[PublicSheet] = [
    publication(
        f"place-{number:03}",
        location={"name": f"Lieu {number}", "lat": lat, "lon": lon},
        kind=("demand", "offer")[number % 2],
        themes=[("health", "heritage", "education")[number % 3]],
    ).sheet
    for number, (lat, lon) in enumerate(drawn())
]
BY_ID = {sheet.id: sheet for sheet in SHEETS}
LATS = sorted({sheet.location.lat for sheet in SHEETS})
LONS = sorted({sheet.location.lon for sheet in SHEETS})
engine_settings = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
async def globe(each_search_url: str) -> AsyncGenerator[Loaded, None]:
    async with index_of(each_search_url, [publication_of(sheet) for sheet in SHEETS]) as index:
        yield index


def publication_of(sheet: PublicSheet) -> Any:
    return publication(sheet.id).model_copy(update={"sheet": sheet})


def inside(sheet: PublicSheet, box: Box, slack: float = 0) -> bool:
    west, south, east, north = box
    lat, lon = sheet.location.lat, sheet.location.lon
    # a slack that leaves the world comes back on its other side
    reach = [lon, lon + slack, lon - slack]
    across = any(west <= one <= east if west <= east else one >= west or one <= east for one in reach)
    return across and south - slack <= lat <= north + slack


def written(box: Box) -> str:
    return ",".join(map(str, box))


def ids(sheets: list[PublicSheet]) -> set[str]:
    return {sheet.id for sheet in sheets}


async def all_ids(loaded: Loaded, *pairs: tuple[str, str]) -> list[str]:
    """Every sheet of a search, page by page."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        answer = await loaded.projects(*pairs, *([("cursor", cursor)] if cursor else []))
        answers.Results.model_validate(answer)
        found += [item["id"] for item in answer["items"]]
        cursor = answer["cursor"]
        if cursor is None:
            assert len(found) == answer["total"]
            return found


# edges on the very places of sheets, and anywhere
EDGES = {"lat": st.sampled_from([-90.0, *LATS, 90.0]), "lon": st.sampled_from([-180.0, *LONS, 180.0])}


def nine(degrees: float) -> float:
    return round(degrees, 9)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    lat, lon = EDGES["lat"] | st.floats(-90, 90).map(nine), EDGES["lon"] | st.floats(-180, 180).map(nine)
    west = draw(lon)
    east = draw(lon.filter(lambda degrees: degrees != west))
    south = draw(lat.filter(lambda degrees: degrees < 90))
    return west, south, east, draw(lat.filter(lambda degrees: degrees > south))


@engine_settings
@given(box=boxes())
@example(box=(-180, -90, 180, 90))
@example(box=(180, -90, -180, 90))
@example(box=(180, -90, -179, 90))
@example(box=(179, -90, -180, 90))
@example(box=(-180, 85.05, 180, 90))
@example(box=(-180, -90, 180, -85.0511288))
@example(box=(0.0, -90, -0.0000001, 90))
@example(box=(-17.3717, 14.7517, -17.3716, 14.7518))
@example(box=(-17.3718, 14.7516, -17.3717, 14.7517))
@example(box=(0, 0, 0.000000000001, 0.000000000001))
async def test_a_box_holds_what_lies_in_it_and_on_its_edges(globe: Loaded, box: Box) -> None:
    found = set(await all_ids(globe, ("bbox", written(box)), ("size", "100")))
    assert ids([sheet for sheet in SHEETS if inside(sheet, box)]) <= found
    assert found <= ids([sheet for sheet in SHEETS if inside(sheet, box, 2 * STEP)])


@engine_settings
@given(
    box=boxes() | st.none(),
    zoom=st.integers(0, 22),
    points=st.sampled_from([0, 1, 50, 500]),
    theme=st.sampled_from(["health", ""]),
)
@example(box=None, zoom=0, points=0, theme="")
@example(box=None, zoom=22, points=0, theme="")
async def test_the_map_loses_nobody_wherever_they_are(
    globe: Loaded, box: Box | None, zoom: int, points: int, theme: str
) -> None:
    pairs: Pairs = [("theme", theme)]
    if box is not None:
        pairs.append(("bbox", written(box)))
    answer = await globe.get("/map", *pairs, ("zoom", str(zoom)), ("points", str(points)))
    answers.FeatureCollection.model_validate(answer)
    assert answer["total"] == (await globe.projects(*pairs, ("size", "1")))["total"]
    assert answer["total"] == sum(feature["properties"]["count"] for feature in answer["features"])
    for feature in answer["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        assert -180 <= lon <= 180
        assert -90 <= lat <= 90


@pytest.mark.parametrize("zoom", [0, 1, 3, 6, 10, 22])
async def test_the_box_of_a_cluster_finds_its_sheets(globe: Loaded, zoom: int) -> None:
    answer = await globe.get("/map", ("zoom", str(zoom)), ("points", "0"))
    assert sum(feature["properties"]["count"] for feature in answer["features"]) == len(SHEETS)
    for feature in answer["features"]:
        west, south, east, north = feature["bbox"]
        assert west < east, "a cluster lies in one tile, and none crosses the antimeridian"
        lon, lat = feature["geometry"]["coordinates"]
        assert west <= lon <= east
        assert south <= lat <= north
        found = await all_ids(globe, ("bbox", written(feature["bbox"])), ("size", "100"))
        mine = [sheet for sheet in SHEETS if inside(sheet, (west, south, east, north))]
        assert ids(mine) <= set(found)
        assert len(found) >= feature["properties"]["count"]
        # the middle of those, where no other cluster's reach into the box
        if len(mine) == feature["properties"]["count"]:
            assert lon == pytest.approx(sum(sheet.location.lon for sheet in mine) / len(mine), abs=1e-5)
            assert lat == pytest.approx(sum(sheet.location.lat for sheet in mine) / len(mine), abs=1e-5)


async def test_sheets_at_one_point_stay_one_cluster_with_their_number(globe: Loaded) -> None:
    lat, lon = DAKAR
    box = f"{lon - 0.0001},{lat - 0.0001},{lon + 0.0001},{lat + 0.0001}"
    answer = await globe.get("/map", ("zoom", "22"), ("points", "10"), ("bbox", box))
    (feature,) = answer["features"]
    assert (feature["properties"]["count"], answer["total"]) == (40, 40)
    again = await globe.projects(("bbox", written(feature["bbox"])))
    assert again["total"] == 40


# -- near a place ------------------------------------------------------------------------------------------------------


def kilometres(one: tuple[float, float], sheet: PublicSheet) -> float:
    """By the angle between two directions from the middle of the earth."""

    def direction(lat: float, lon: float) -> tuple[float, float, float]:
        lat, lon = radians(lat), radians(lon)
        return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)

    place = direction(sheet.location.lat, sheet.location.lon)
    product = sum(a * b for a, b in zip(direction(*one), place, strict=True))
    return EARTH_KM * acos(max(-1.0, min(1.0, product)))


POINTS = st.sampled_from([*EXTREME, HAVANA, SUVA, DAKAR]) | st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@engine_settings
@given(point=POINTS, km=st.sampled_from([1, 20, 111.2, 500, 9_000, 20_000]) | st.integers(1, 20_000))
@example(point=(90.0, 77.0), km=700)
@example(point=(-90.0, 0.0), km=1)
@example(point=(-16.5, 180.0), km=200)
@example(point=(0.0, 0.0), km=20_000)
async def test_what_is_near_is_found_the_nearest_first(globe: Loaded, point: tuple[float, float], km: float) -> None:
    near = f"{point[0]:.9f},{point[1]:.9f}"
    away = {sheet.id: kilometres(point, sheet) for sheet in SHEETS}
    asked: Pairs = [("near", near), ("within", str(km))]
    answer = await globe.projects(*asked, ("size", "100"))
    answers.Results.model_validate(answer)
    edge = 0.01  # kilometres
    assert {one for one, distance in away.items() if distance <= km - edge} <= set(await all_ids(globe, *asked))
    assert answer["total"] <= len([distance for distance in away.values() if distance <= km + edge])
    shown = [item["distance_km"] for item in answer["items"]]
    assert shown == sorted(shown)
    for item in answer["items"]:
        assert item["distance_km"] == pytest.approx(away[item["id"]], abs=0.06)


@pytest.mark.parametrize("size", [1, 7, 39, 100])
@pytest.mark.parametrize("point", [DAKAR, (90.0, 0.0), (-17.0, 180.0)])
async def test_the_pages_by_distance_give_every_sheet_once(
    globe: Loaded, point: tuple[float, float], size: int
) -> None:
    asked: Pairs = [("near", f"{point[0]},{point[1]}"), ("within", "3000"), ("size", str(size))]
    found = await all_ids(globe, *asked)
    assert len(found) == len(set(found)) > 10
    for one, other in itertools.pairwise(found):
        nearer, further = (kilometres(point, BY_ID[project]) for project in (one, other))
        assert nearer <= further + 0.001
        if BY_ID[one].location.model_dump(exclude={"name"}) == BY_ID[other].location.model_dump(exclude={"name"}):
            assert one < other, "the id decides where the distance is the same"


@pytest.mark.parametrize("sort", ["newest", "oldest", "budget"])
async def test_another_order_keeps_the_distances(globe: Loaded, sort: str) -> None:
    near: Pairs = [("near", f"{SUVA[0]},{SUVA[1]}"), ("within", "800"), ("size", "100")]
    usual, other = [
        {item["id"]: item["distance_km"] for item in (await globe.projects(*near, *order))["items"]}
        for order in ((), (("sort", sort),))
    ]
    assert usual == other
    assert len(usual) > 10


async def test_near_narrows_words_the_map_the_figures_and_the_facets_alike(globe: Loaded) -> None:
    near: Pairs = [("near", "0,180"), ("within", "2500")]
    expected = [sheet for sheet in SHEETS if kilometres((0, 180), sheet) <= 2500]
    assert {sheet.location.lon > 0 for sheet in expected} == {True, False}, "on both sides of the antimeridian"
    results, place, figures = [await globe.get(path, *near) for path in ("/projects", "/map", "/figures")]
    assert results["total"] == place["total"] == figures["projects"] == len(expected)
    counted = {value["value"]: value["count"] for value in results["facets"]["kind"]}
    assert counted == {kind: len([one for one in expected if one.kind == kind]) for kind in ("demand", "offer")}
    by_words = await globe.projects(*near, ("q", "Thiaroye"), ("size", "100"))
    assert {item["id"] for item in by_words["items"]} == ids(expected)
    assert all("distance_km" in item for item in by_words["items"])


async def test_without_a_place_there_are_no_distances(globe: Loaded) -> None:
    assert all("distance_km" not in item for item in (await globe.projects())["items"])


@pytest.mark.parametrize("path", ["/projects", "/map", "/figures"])
@pytest.mark.parametrize(
    ("pairs", "field"),
    [
        ([("near", "Dakar")], "near"),
        ([("near", "91,0")], "near"),
        ([("near", "0,0"), ("within", "0")], "within"),
        ([("near", "0,0"), ("within", "20001")], "within"),
        ([("within", "10")], "within"),
        ([("near", "0,0"), ("near", "1,1")], "near"),
        ([("bbox", "5,0,5,1")], "bbox"),
    ],
)
async def test_a_wrong_place_is_named(globe: Loaded, path: str, pairs: Pairs, field: str) -> None:
    answer = await globe.http.get(path, params=[*pairs])
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_distance_needs_a_place(globe: Loaded) -> None:
    answer = await globe.http.get("/projects", params={"sort": "distance"})
    assert [error["field"] for error in answer.json()["errors"]] == ["sort"]


async def test_a_cursor_by_distance_belongs_to_its_place(globe: Loaded) -> None:
    def near(point: str) -> Pairs:
        return [("near", point), ("within", "9000"), ("size", "5")]

    cursor = (await globe.projects(*near("14.69,-17.44")))["cursor"]
    answer = await globe.http.get("/projects", params=[*near("14.69,-17.45"), ("cursor", cursor)])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")
