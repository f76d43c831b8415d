"""The map that the server draws: its projection is that of its outlines, its bubbles lose nothing and never overlap."""

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from math import hypot
from pathlib import Path
from typing import Any

import pytest

from backbone.contracts import vocabularies
from services.portal.assets import build
from services.portal.worldmap import Box, Bubble, View, WorldMap

Feature = Mapping[str, Any]


@pytest.fixture(scope="session")
def drawn() -> Mapping[str, Any]:
    """What the assets were built with."""
    build.ensure()
    return json.loads((build.OUT / "world.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def world(drawn: Mapping[str, Any]) -> WorldMap:
    return WorldMap(drawn)


def sheet(lon: float, lat: float, country: str = "SN", ident: str = "p1") -> Feature:
    properties = {"id": ident, "title": "A project", "place": "A place", "count": 1, "countries": [country]}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}


def cluster(lon: float, lat: float, count: int, bbox: Box, **countries: int) -> Feature:
    named = [{"value": code, "count": number} for code, number in countries.items()]
    properties = {"cluster": True, "count": count, "countries": named}
    point = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "geometry": point, "properties": properties, "bbox": bbox}


def whole(world: WorldMap) -> View:
    return world.view()


def is_in(box: Box, lon: float, lat: float) -> bool:
    """As the search service understands a box."""
    west, south, east, north = box
    across = west <= lon <= east if west <= east else lon >= west or lon <= east
    return across and south <= lat <= north


def overlaps(bubbles: Sequence[Bubble]) -> list[tuple[Bubble, Bubble]]:
    # positions are rounded to a tenth of a unit
    rounding = 0.15
    return [
        (one, other)
        for one, other in itertools.combinations(bubbles, 2)
        if hypot(one.x - other.x, one.y - other.y) < one.target + other.target - rounding
    ]


def test_points_lie_where_the_outlines_were_drawn(world: WorldMap, drawn: Mapping[str, Any]) -> None:
    assert len(drawn["control"]) >= 5
    for one in drawn["control"]:
        assert world.point(*one["point"]) == pytest.approx(one["drawn"], abs=0.01)


@pytest.mark.parametrize(
    ("code", "lon", "lat"),
    [("SN", -17.44, 14.69), ("FR", 2.35, 48.86), ("BR", -47.9, -15.8), ("JP", 139.7, 35.7), ("NZ", 174.8, -41.3)],
)
def test_a_capital_lies_in_the_view_of_its_country(world: WorldMap, code: str, lon: float, lat: float) -> None:
    view = world.view(countries=[code])
    x, y = world.point(lon, lat)
    assert view.x < x < view.x + view.width
    assert view.y < y < view.y + view.height


def test_a_view_never_leaves_the_world_and_shows_a_region(world: WorldMap) -> None:
    for code in vocabularies.countries():
        view = world.view(countries=[code])
        assert view.x >= 0
        assert view.y >= 0
        assert view.x + view.width <= world.width + 0.01, code
        assert view.y + view.height <= world.height + 0.01, code
        assert view.width >= world.width * 0.15, code


def test_what_is_far_from_a_country_does_not_widen_its_view(world: WorldMap) -> None:
    fiji, france, russia = (world.view(countries=[code]) for code in ("FJ", "FR", "RU"))
    assert fiji.width < world.width / 4, "a part of it lies beyond the antimeridian"
    assert france.width < world.width / 4, "French Guiana is a part of it"
    assert russia.width < world.width / 2, "it goes beyond the antimeridian"
    x, y = world.point(9.1, 42.2)  # Corsica
    assert france.x < x < france.x + france.width
    assert france.y < y < france.y + france.height


def test_a_continent_is_seen_whole_and_close(world: WorldMap) -> None:
    for name in sorted(set(vocabularies.countries().values())):
        view = world.view(continents=[name])
        assert view.width < world.width * 0.6, name
    europe = world.view(continents=["europe"])
    for lon, lat in [(-9.1, 38.7), (24.9, 60.2), (-21.9, 64.1), (30.5, 50.5)]:
        x, y = world.point(lon, lat)
        assert europe.x < x < europe.x + europe.width
        assert europe.y < y < europe.y + europe.height


def test_a_country_too_small_for_an_outline_has_none(world: WorldMap) -> None:
    assert world.outlines(["MC"]) == []
    assert world.view(countries=["MC"]) == world.view()
    around = world.view_of_point(7.42, 43.73)
    x, y = world.point(7.42, 43.73)
    assert (around.x + around.width / 2, around.y + around.height / 2) == pytest.approx((x, y))


def test_outlines_are_of_the_countries_asked_for(world: WorldMap, drawn: Mapping[str, Any]) -> None:
    by_code = {country["code"]: country["d"] for country in drawn["countries"]}
    assert world.outlines(["SN", "MC", "ML"]) == [by_code["SN"], by_code["ML"]]


def test_a_project_alone_is_itself(world: WorldMap) -> None:
    [bubble] = world.bubbles([sheet(-17.44, 14.69, "SN", "p7")], whole(world))
    assert (bubble.count, bubble.ids, bubble.countries) == (1, ("p7",), ("SN",))
    assert (bubble.x, bubble.y) == pytest.approx(world.point(-17.44, 14.69), abs=0.06)
    assert is_in(bubble.bbox, -17.44, 14.69)


def test_neighbours_become_one_and_far_ones_do_not(world: WorldMap) -> None:
    near = [sheet(-17.44, 14.69, "SN", "a"), sheet(-16.5, 13.5, "GM", "b"), sheet(-8, 12.6, "ML", "c")]
    far = sheet(47.5, -18.9, "MG", "d")
    both = world.bubbles([*near, far], whole(world))
    assert [(bubble.count, sorted(bubble.ids)) for bubble in both] == [(3, ["a", "b", "c"]), (1, ["d"])]
    assert set(both[0].countries) == {"SN", "GM", "ML"}


def test_a_closer_view_tells_apart_what_a_wide_one_joins(world: WorldMap) -> None:
    near = [sheet(-17.44, 14.69, "SN", "a"), sheet(-8, 12.6, "ML", "c")]
    assert len(world.bubbles(near, whole(world))) == 1
    assert len(world.bubbles(near, world.view(countries=["SN"]))) == 2


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("countries", [[], ["SN"], ["FJ"], ["FR"]])
def test_nothing_is_lost_and_nothing_overlaps(world: WorldMap, seed: int, countries: list[str]) -> None:
    dice = random.Random(seed)
    points: list[tuple[float, float]] = []
    features: list[Feature] = []
    for number in range(dice.randint(1, 60)):
        lon, lat = dice.uniform(-180, 180), dice.uniform(-55, 75)
        if dice.random() < 0.3:
            box = (lon - 1, lat - 1, lon + 1, lat + 1)
            wrapped = ((box[0] + 180) % 360 - 180, box[1], (box[2] + 180) % 360 - 180, box[3])
            features.append(cluster(lon, lat, dice.randint(2, 3000), wrapped, FR=2))
            points += [(wrapped[0], wrapped[1]), (wrapped[2], wrapped[3])]
        else:
            features.append(sheet(lon, lat, "FR", f"p{number}"))
            points.append((lon, lat))
    view = world.view(countries=countries)
    bubbles = world.bubbles(features, view)
    assert sum(bubble.count for bubble in bubbles) == sum(feature["properties"]["count"] for feature in features)
    alone = [feature["properties"]["id"] for feature in features if "id" in feature["properties"]]
    assert sorted(ident for bubble in bubbles for ident in bubble.ids) == sorted(alone)
    assert overlaps(bubbles) == []
    for bubble in bubbles:
        assert bubble.target >= bubble.r
        assert view.x - 0.1 <= bubble.x - bubble.r
        assert bubble.x + bubble.r <= view.x + view.width + 0.1
        assert view.y - 0.1 <= bubble.y - bubble.r
        assert bubble.y + bubble.r <= view.y + view.height + 0.1
    for lon, lat in points:
        assert any(is_in(bubble.bbox, lon, lat) for bubble in bubbles)


def test_a_bubble_can_be_touched_and_read(world: WorldMap) -> None:
    features = [sheet(0, 45, "FR", "a"), cluster(20, 0, 1234, (19, -1, 21, 1), CD=1234)]
    for view in (whole(world), world.view(countries=["SN"])):
        large, small = world.bubbles(features, view)
        assert (large.count, small.count) == (1234, 1)
        assert large.r > small.r
        # on a page of 320 px the map is 288 px wide
        assert small.target * 2 * 288 / view.width >= 24
        assert small.r * 2 * 640 / view.width >= 24
        assert all(bubble.type * 640 / view.width >= 10 for bubble in (large, small))


def test_a_larger_count_is_a_larger_bubble(world: WorldMap) -> None:
    places = [(-100.0, 45.0, 1), (-60.0, -10.0, 10), (20.0, 0.0, 100), (100.0, 60.0, 1000)]
    features = [cluster(lon, lat, count, (lon, lat, lon, lat), FR=count) for lon, lat, count in places]
    sizes = {bubble.count: bubble.r for bubble in world.bubbles(features, whole(world))}
    assert sorted(sizes) == [1, 10, 100, 1000]
    assert sizes[1] < sizes[10] < sizes[100] < sizes[1000]


def test_the_most_frequent_country_is_named_first(world: WorldMap) -> None:
    features = [cluster(-8, 12.6, 5, (-9, 12, -7, 13), ML=5), sheet(-8.1, 12.5, "BF", "x")]
    [bubble] = world.bubbles(features, whole(world))
    assert bubble.countries == ("ML", "BF")


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        # both across the antimeridian, one of them, none
        ([(178, -19, -179, -17), (177, -20, 179, -18)], (177, -20, -179, -17)),
        ([(178, -19, -179, -17), (-178, -22, -175, -15)], (178, -22, -175, -15)),
        ([(170, -5, 172, 5), (174, -5, 176, 5)], (170, -5, 176, 5)),
        ([(170, -5, 175, 5), (170, -5, 172, 5)], (170, -5, 175, 5)),
        # what goes all around is the whole world
        ([(-180, -10, 180, 10), (170, -20, -170, 0)], (-180, -20, 180, 10)),
        ([(-100, -10, 100, 10), (90, -20, -90, 0)], (-180, -20, 180, 10)),
    ],
)
def test_a_box_holds_its_members_across_the_antimeridian(world: WorldMap, boxes: list[Box], expected: Box) -> None:
    # drawn at one place, so that they are joined
    for order in (boxes, boxes[::-1]):
        [bubble] = world.bubbles([cluster(0, 0, 2, box, FJ=2) for box in order], whole(world))
        padding = 0.051
        west, south, east, north = bubble.bbox
        assert (west, east) == pytest.approx((expected[0], expected[2]), abs=padding)
        assert (south, north) == pytest.approx((expected[1], expected[3]), abs=padding)
        assert south < expected[1]
        assert north > expected[3]
        assert -180 <= west <= 180
        assert -180 <= east <= 180


def test_a_box_has_an_area_at_the_ends_of_the_world(world: WorldMap) -> None:
    for lon, lat in [(180.0, 0.0), (-180.0, 0.0), (0.0, 90.0), (0.0, -90.0)]:
        [bubble] = world.bubbles([sheet(lon, lat)], whole(world))
        west, south, east, north = bubble.bbox
        assert -180 <= west < east <= 180
        assert -90 <= south < north <= 90
        assert is_in(bubble.bbox, lon, lat)


def test_what_lies_outside_is_drawn_at_the_nearer_edge(world: WorldMap) -> None:
    pacific = world.view(continents=["oceania"])
    [paris] = world.bubbles([sheet(2.35, 48.86, "FR")], pacific)
    assert paris.x - paris.r == pytest.approx(pacific.x, abs=0.1)
    assert paris.y - paris.r == pytest.approx(pacific.y, abs=0.1)
    [papeete] = world.bubbles([sheet(-149.57, -17.53, "PF")], pacific)
    assert papeete.x + papeete.r == pytest.approx(pacific.x + pacific.width, abs=0.1), "east of Fiji, as it is"


def test_no_project_is_no_bubble(world: WorldMap) -> None:
    assert world.bubbles([], whole(world)) == []


def test_the_map_is_read_from_the_assets(drawn: Mapping[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_text(json.dumps(drawn), encoding="utf-8")
    read = WorldMap.load(file)
    assert (read.width, read.height) == (drawn["width"], drawn["height"])
    assert read.view().box == f"0.0 0.0 {read.width:.1f} {read.height:.1f}"


@pytest.mark.parametrize(("lat", "lon"), [(14.69, -17.44), (90, 0), (-90, 180), (0, -180), (-18.1, 178.4)])
@pytest.mark.parametrize("kilometres", [1, 100, 3_000, 20_000])
def test_what_is_around_a_place_is_seen(world: WorldMap, lat: float, lon: float, kilometres: float) -> None:
    view = world.view_of_point(lon, lat, kilometres)
    # what lies beyond the drawing (the poles are cut off) is at its edge
    x, y = world.point(lon, lat)
    assert view.x - 0.01 <= min(max(x, 0), world.width) <= view.x + view.width + 0.01
    assert view.y - 0.01 <= min(max(y, 0), world.height) <= view.y + view.height + 0.01
    assert 0 <= view.x <= world.width - view.width + 0.01
    assert 0 <= view.y <= world.height - view.height + 0.01
    assert view.width >= min(world.width, world.width * 2 * kilometres / 40_075)
