"""Where: boxes and distances on the globe, as they are asked for and as the engine is asked for them.

The engines keep a point in steps of 180/2³² degrees of latitude and 360/2³² of longitude, rounded down: a centimetre at
most. A corner that lies between two steps is rounded in one direction by Elasticsearch and in the other by OpenSearch,
so corners are put on the steps here, by the rule that points are. Then both agree: a box holds all that lies in it or
on its edges, and nothing that lies more than two steps outside.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import asin, ceil, cos, floor, radians, sin, sqrt
from typing import Any, Final

Body = dict[str, Any]
Box = tuple[float, float, float, float]  # west, south, east, north; west > east crosses the antimeridian

LEAST_KM: Final = 1
MOST_KM: Final = 20_000  # no two places are further apart than 20,015
USUAL_KM: Final = 100
_EARTH_KM: Final = 6371.0087714  # the mean radius, which the engines take as well
_STEPS: Final = 2**32
_DECIMALS: Final = 6  # of a cluster's box: a tenth of a metre
# as programs write a number: 1e-06 too
_DEGREES: Final = re.compile(r"[-+]?[0-9]{1,3}(\.[0-9]{1,20})?(e[-+]?[0-9]{1,3})?")
_KM: Final = re.compile(r"[0-9]{1,5}(\.[0-9]{1,3})?")


@dataclass(frozen=True)
class Near:
    """All within so many kilometres of a point in degrees."""

    lat: float
    lon: float
    km: float = USUAL_KM


# -- as it is typed ----------------------------------------------------------------------------------------------------


def box(text: str) -> Box:
    """`west,south,east,north`. Raises `ValueError` saying what is allowed."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 4 and all(_DEGREES.fullmatch(part) for part in parts):
        west, south, east, north = (float(part) for part in parts)
        # a box without an area is refused by one of the engines
        if -180 <= west <= 180 and -180 <= east <= 180 and west != east and -90 <= south < north <= 90:
            return west, south, east, north
    raise ValueError(
        "must be west,south,east,north in degrees, such as -18,4,16,28, with an area: south below north, west other"
        " than east (beyond it to cross the antimeridian; -180 and 180 for all the way round)"
    )


def point(text: str) -> tuple[float, float]:
    """`lat,lon`. Raises `ValueError` saying what is allowed."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 2 and all(_DEGREES.fullmatch(part) for part in parts):
        lat, lon = float(parts[0]), float(parts[1])
        if -90 <= lat <= 90 and -180 <= lon <= 180:
            return lat, lon
    raise ValueError("must be lat,lon in degrees, such as 14.69,-17.44: from -90 to 90, from -180 to 180")


def kilometres(text: str) -> float:
    """A distance. Raises `ValueError` saying what is allowed."""
    if not _KM.fullmatch(text) or not LEAST_KM <= float(text) <= MOST_KM:
        raise ValueError(f"must be a distance in kilometres, from {LEAST_KM} to {MOST_KM}")
    return float(text)


# -- as the engine is asked --------------------------------------------------------------------------------------------


def inside(asked: Box) -> Body:
    """The filter of a box."""
    west, east = _on_steps(asked[0], asked[2], 360)
    south, north = _on_steps(asked[1], asked[3], 180)
    corners = {"top_left": {"lat": north, "lon": west}, "bottom_right": {"lat": south, "lon": east}}
    return {"geo_bounding_box": {"location": corners}}


def _on_steps(low: float, high: float, whole: int) -> tuple[float, float]:
    """Two edges as the engines keep them (`whole` is 360 for longitudes, 180 for latitudes), exact in a float."""
    step, last = whole / _STEPS, _STEPS // 2 - 1
    first, second = (min(floor(edge / step), last) for edge in (low, high))
    if first == second:
        # narrower than a step: it keeps an area
        first, second = (first - 1, second) if second == last else (first, second + 1)
    return first * step, second * step


def within(near: Near) -> Body:
    """The filter of a distance."""
    return {"geo_distance": {"location": {"lat": near.lat, "lon": near.lon}, "distance": f"{near.km}km"}}


def nearest(near: Near) -> Body:
    """The order by distance; what a hit is sorted by is in kilometres."""
    return {"_geo_distance": {"location": {"lat": near.lat, "lon": near.lon}, "order": "asc", "unit": "km"}}


# -- as it is answered -------------------------------------------------------------------------------------------------


def distance_km(near: Near, place: Mapping[str, Any]) -> float:
    """From a point to a place (`lat`, `lon`), along the great circle."""
    south, north = radians(near.lat), radians(place["lat"])
    along, across = sin((north - south) / 2), sin(radians(place["lon"] - near.lon) / 2)
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(along**2 + cos(south) * cos(north) * across**2)))


def around(bounds: Mapping[str, Mapping[str, float]]) -> Box:
    """A box with an area that holds the engine's `geo_bounds` of points: a search in it finds them all."""
    upper, lower = bounds["top_left"], bounds["bottom_right"]
    return (
        max(-180.0, _rounded(floor, upper["lon"])),
        max(-90.0, _rounded(floor, lower["lat"])),
        # what was rounded down to a step lies up to a step beyond it
        min(180.0, _rounded(ceil, lower["lon"] + 360 / _STEPS)),
        min(90.0, _rounded(ceil, upper["lat"] + 180 / _STEPS)),
    )


def _rounded(how: Any, degrees: float) -> float:
    return how(degrees * 10**_DECIMALS) / 10**_DECIMALS
