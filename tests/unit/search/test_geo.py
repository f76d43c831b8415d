"""Boxes and distances: what may be typed, the engines' steps, the box of a cluster, the great circle."""

import struct
from math import floor
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.search import geo
from services.search.geo import Near

LATS = st.floats(-90, 90)
LONS = st.floats(-180, 180)
STEP_LAT, STEP_LON = 180 / 2**32, 360 / 2**32


def kept(degrees: float, step: float) -> float:
    """As Lucene keeps an angle: rounded down to its step, 90 and 180 to the last one."""
    return min(floor(degrees / step), 2**31 - 1) * step


def corners(box: geo.Box) -> tuple[float, float, float, float]:
    asked: Any = geo.inside(box)["geo_bounding_box"]["location"]
    upper, lower = asked["top_left"], asked["bottom_right"]
    return upper["lon"], lower["lat"], lower["lon"], upper["lat"]


@pytest.mark.parametrize(
    "text", ["170,-10,-170,10", " -18 , 4,16.5 ,28", "-180,-90,180,90", "180,0,-180,1", "0,0,1e-06,1"]
)
def test_a_box_may_cross_the_antimeridian_and_hold_the_whole_world(text: str) -> None:
    assert geo.box(text) == tuple(float(part) for part in text.split(","))


@pytest.mark.parametrize(
    "text",
    [
        *("1,2,1,4", "0,5,1,5", "0,5,1,4", "0,0,181,1", "-180.1,0,1,1", "0,-91,1,1", "0,0,1,90.0001"),
        *(
            "1,2,3",
            "1,2,3,4,5",
            "",
            ",,,",
            "nan,0,1,1",
            "inf,0,1,1",
            "1e999,0,11,1",
            "1E1,0,11,1",
            "٣,0,4,1",
            "0,0,1;1",
            "0x1,0,2,1",
        ),
    ],
)
def test_a_wrong_box_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="west,south,east,north in degrees"):
        geo.box(text)


def test_a_point_is_a_latitude_and_a_longitude() -> None:
    assert geo.point(" 14.69, -17.44 ") == (14.69, -17.44)
    assert (geo.point("90,-180"), geo.point("-90,180")) == ((90, -180), (-90, 180))


@pytest.mark.parametrize(
    "text", ["Dakar", "14.69", "14.69;-17.44", "90.1,0", "0,180.1", "1,2,3", "nan,0", "1e2,2", ","]
)
def test_a_wrong_point_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="lat,lon in degrees"):
        geo.point(text)


@pytest.mark.parametrize("text", ["0", "0.999", "20001", "-5", "1e3", "100km", "nan", "٥", "99999999"])
def test_a_wrong_distance_is_refused_with_what_is_allowed(text: str) -> None:
    assert [geo.kilometres(right) for right in ("1", "2.5", "20000")] == [1, 2.5, 20_000]
    with pytest.raises(ValueError, match="from 1 to 20000"):
        geo.kilometres(text)


@given(west=LONS, south=LATS, east=LONS, north=LATS)
@example(west=180, south=-90, east=-180, north=90)
@example(west=0.0, south=0.0, east=1e-9, north=1e-9)
@example(west=179.9999999999, south=89.9999999999, east=180, north=90)
def test_corners_are_steps_and_keep_what_lies_on_the_edges(
    west: float, south: float, east: float, north: float
) -> None:
    low, bottom, high, top = corners((west, south, east, north))
    for asked, sent, step in [
        (west, low, STEP_LON),
        (east, high, STEP_LON),
        (south, bottom, STEP_LAT),
        (north, top, STEP_LAT),
    ]:
        assert sent == kept(sent, step)
        assert abs(sent - asked) <= 2 * step
    assert low <= kept(west, STEP_LON)
    assert bottom <= kept(south, STEP_LAT)
    # whether one more step was needed for an area
    assert high >= kept(east, STEP_LON)
    assert top >= kept(north, STEP_LAT)
    assert low != high
    # as the engine reads what was sent as text
    assert struct.unpack("d", struct.pack("d", float(repr(low))))[0] == low


@given(points=st.lists(st.tuples(LATS, LONS), min_size=1, max_size=5))
@example(points=[(90, 180)])
@example(points=[(-90, -180), (-90, -180)])
@example(points=[(0, 0)])
@example(points=[(14.7517, -17.3717)])
def test_the_box_of_a_cluster_has_an_area_and_holds_its_points(points: list[tuple[float, float]]) -> None:
    lats, lons = [kept(lat, STEP_LAT) for lat, _ in points], [kept(lon, STEP_LON) for _, lon in points]
    west, south, east, north = geo.around(
        {"top_left": {"lat": max(lats), "lon": min(lons)}, "bottom_right": {"lat": min(lats), "lon": max(lons)}}
    )
    assert all(west <= lon <= east and south <= lat <= north for lat, lon in points)
    assert -180 <= west < east <= 180
    assert -90 <= south < north <= 90
    # and can be asked for, as an address has it
    assert geo.box(f"{west},{south},{east},{north}") == (west, south, east, north)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((14.6937, -17.4441), (12.6392, -8.0029), 1045.2),  # Dakar to Bamako
        ((0, 180), (0, -180), 0),
        ((0, 179.5), (0, -179.5), 111.2),
        ((90, 0), (90, 137), 0),
        ((89, 0), (89, 180), 222.4),
        ((0, 0), (0, 180), 20015.1),
        ((90, 0), (-90, 0), 20015.1),
    ],
)
def test_distances_are_those_of_the_great_circle(
    one: tuple[float, float], other: tuple[float, float], km: float
) -> None:
    for start, end in ((one, other), (other, one)):
        found = geo.distance_km(Near(*start), {"lat": end[0], "lon": end[1]})
        assert found == pytest.approx(km, abs=0.1)
