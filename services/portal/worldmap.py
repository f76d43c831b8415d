"""The map that the server draws: where a point lies on it, and its projects as bubbles that do not overlap.

Outlines and projection (Equal Earth, on the sphere) are those that the assets were built with: `world.json`.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import hypot, sqrt
from pathlib import Path
from typing import Any, Final

from pyproj import Proj

from backbone.contracts import vocabularies

Box = tuple[float, float, float, float]  # west, south, east, north in degrees

# diameters, of the view's width: on the narrowest page (a map of 288 px) a figure can be read in the smallest bubble,
# and what can be touched of it is 24 px across
_SMALLEST: Final = 0.055
_LARGEST: Final = 0.1
_TARGET: Final = 0.084
_GAP: Final = 0.002
# degrees around a bubble's points, so that the search by its box finds them all: an address has four decimals
_PADDING: Final = 0.0002
# a country is seen in its region: at least this part of the world's width
_LEAST_VIEW: Final = 0.16
# and a place with what is around it, as close as the outlines allow
_LEAST_NEAR: Final = 0.08
# parts of a country that are nearer to it than this part of the world's width are seen with it
_NEAR: Final = 0.06
# a country wider than this part of the world's width does not make its continent's view
_WIDEST_OF_CONTINENT: Final = 0.25
_EQUATOR_KM: Final = 40_075
# no view is narrower than this beside its height
_NARROWEST: Final = 1.1


@dataclass(frozen=True)
class View:
    """A part of the map, in its units."""

    x: float
    y: float
    width: float
    height: float

    @property
    def box(self) -> str:
        """As an SVG viewBox."""
        return f"{self.x:.1f} {self.y:.1f} {self.width:.1f} {self.height:.1f}"


@dataclass(frozen=True)
class Bubble:
    """Some projects near each other: centre and radius in the map's units, `type` the size of the figure in it.

    `target` is the radius of what can be touched; `bbox` (west, south, east, north) holds them all, its west beyond its
    east where it crosses the antimeridian; `countries` are the most frequent first.
    """

    x: float
    y: float
    r: float
    target: float
    type: float
    count: int
    bbox: Box
    ids: tuple[str, ...]
    countries: tuple[str, ...]


@dataclass
class _Group:
    """Projects that are drawn as one, while bubbles are being joined."""

    x: float
    y: float
    count: int
    bbox: Box
    ids: list[str]
    countries: Counter[str]

    def join(self, other: "_Group") -> None:
        total = self.count + other.count
        self.x = (self.x * self.count + other.x * other.count) / total
        self.y = (self.y * self.count + other.y * other.count) / total
        self.count = total
        self.bbox = _around_both(self.bbox, other.bbox)
        self.ids += other.ids
        self.countries += other.countries


class WorldMap:
    """The world as it was drawn when the assets were built."""

    def __init__(self, drawn: Mapping[str, Any]) -> None:
        self.width: float = drawn["width"]
        self.height: float = drawn["height"]
        self._countries: Sequence[Mapping[str, Any]] = drawn["countries"]
        self._scale: float = drawn["projection"]["scale"]
        self._shift: Sequence[float] = drawn["projection"]["translate"]
        self._project = Proj(proj="eqearth", R=1)

    @classmethod
    def load(cls, file: Path) -> "WorldMap":
        """From the `world.json` of the assets."""
        return cls(json.loads(file.read_text(encoding="utf-8")))

    def point(self, lon: float, lat: float) -> tuple[float, float]:
        """Where a point in degrees lies on the map."""
        x, y = self._project(lon, lat)
        return self._shift[0] + self._scale * x, self._shift[1] - self._scale * y

    @cached_property
    def _by_code(self) -> Mapping[str, Mapping[str, Any]]:
        return {country["code"]: country for country in self._countries if country["code"]}

    @cached_property
    def _main_parts(self) -> Mapping[str, Box]:
        return {code: self._main_part(country["d"]) for code, country in self._by_code.items()}

    def outlines(self, countries: Iterable[str]) -> list[str]:
        """The outlines of these countries, as SVG paths; those too small to be drawn are left out."""
        return [self._by_code[code]["d"] for code in countries if code in self._by_code]

    def view(self, *, countries: Sequence[str] = (), continents: Sequence[str] = ()) -> View:
        """The part of the map with these countries, else with these continents, else all of it."""
        chosen = countries or [code for code, of in vocabularies.countries().items() if of in continents]
        bounds = [self._main_parts[code] for code in chosen if code in self._main_parts]
        if not countries:
            # Europe without Siberia: what lies there is drawn at the edge
            bounds = [box for box in bounds if box[2] - box[0] < self.width * _WIDEST_OF_CONTINENT]
        if not bounds:
            return View(0, 0, self.width, self.height)
        west, north = min(box[0] for box in bounds), min(box[1] for box in bounds)
        east, south = max(box[2] for box in bounds), max(box[3] for box in bounds)
        return self._around((west + east) / 2, (north + south) / 2, (east - west) * 1.2, (south - north) * 1.2)

    def _main_part(self, outline: str) -> Box:
        """The bounds of a country's largest part and of what is near it.

        French Guiana is not in the view of France, nor are the pieces of Fiji and Russia beyond the antimeridian.
        """
        parts = sorted((_bounds(part) for part in outline.split("M")[1:]), key=_area)
        box = parts.pop()
        near = self.width * _NEAR
        while joined := [part for part in parts if _distance(part, box) < near]:
            parts = [part for part in parts if part not in joined]
            joined.append(box)
            west, north = min(part[0] for part in joined), min(part[1] for part in joined)
            box = (west, north, max(part[2] for part in joined), max(part[3] for part in joined))
        return box

    def view_of_point(self, lon: float, lat: float, kilometres: float = 0) -> View:
        """The region around a point, at least as far as this."""
        across = self.width * 2.4 * kilometres / _EQUATOR_KM
        return self._around(*self.point(lon, lat), across, across, _LEAST_NEAR if kilometres else _LEAST_VIEW)

    def _around(self, x: float, y: float, width: float, height: float, least: float = _LEAST_VIEW) -> View:
        width = max(width, height * _NARROWEST, self.width * least)
        height = max(height, width * self.height / self.width)
        width, height = min(width, self.width), min(height, self.height)
        left = min(max(0, x - width / 2), self.width - width)
        top = min(max(0, y - height / 2), self.height - height)
        return View(left, top, width, height)

    def bubbles(self, features: Iterable[Mapping[str, Any]], view: View) -> list[Bubble]:
        """The features of the search service's `/map` as bubbles that do not overlap; their counts add up to its.

        What lies outside the view is drawn at its edge, so that every project can be seen and reached.
        """
        groups = [self._group(feature) for feature in features]
        most = max((group.count for group in groups), default=1)
        while True:
            joined = self._joined(groups, view, most)
            if len(joined) == len(groups):
                break
            groups = joined
            most = max(group.count for group in groups)
        found = [self._bubble(group, view, most) for group in groups]
        return sorted(found, key=lambda bubble: (-bubble.count, bubble.x))

    def _group(self, feature: Mapping[str, Any]) -> _Group:
        lon, lat = feature["geometry"]["coordinates"]
        properties = feature["properties"]
        named: Any = properties["countries"]
        countries = (
            Counter({value["value"]: value["count"] for value in named})
            if properties.get("cluster")
            else Counter[str](named)
        )
        ids = [properties["id"]] if "id" in properties else []
        x, y = self.point(lon, lat)
        return _Group(x, y, properties["count"], tuple(feature.get("bbox") or (lon, lat, lon, lat)), ids, countries)

    def _joined(self, groups: Sequence[_Group], view: View, most: int) -> list[_Group]:
        """One round: each group, the largest first, takes in those that it would cover."""
        kept: list[_Group] = []
        circles: list[tuple[float, float, float]] = []
        gap = view.width * _GAP
        for group in sorted(groups, key=lambda group: -group.count):
            x, y, radius = self._circle(group, view, most)
            touched = _touched(radius, view) + gap
            for place, (other_x, other_y, other_radius) in enumerate(circles):
                if hypot(x - other_x, y - other_y) < touched + _touched(other_radius, view):
                    kept[place].join(group)
                    circles[place] = self._circle(kept[place], view, most)
                    break
            else:
                kept.append(group)
                circles.append((x, y, radius))
        return kept

    def _circle(self, group: _Group, view: View, most: int) -> tuple[float, float, float]:
        """Centre and radius inside the view; the radius grows with the root of the count."""
        share = sqrt((group.count - 1) / max(most - 1, 1))
        radius = view.width * (_SMALLEST + (_LARGEST - _SMALLEST) * share) / 2
        # the world goes on beyond its edges: Polynesia lies east of Fiji
        x = min((group.x, group.x - self.width, group.x + self.width), key=lambda x: abs(x - view.x - view.width / 2))
        x = min(max(x, view.x + radius), view.x + view.width - radius)
        y = min(max(group.y, view.y + radius), view.y + view.height - radius)
        return x, y, radius

    def _bubble(self, group: _Group, view: View, most: int) -> Bubble:
        x, y, radius = self._circle(group, view, most)
        figures = len(str(group.count))
        return Bubble(
            x=round(x, 1),
            y=round(y, 1),
            r=round(radius, 2),
            target=round(_touched(radius, view), 2),
            type=round(min(radius, radius * 2.6 / (figures + 0.6)), 2),
            count=group.count,
            bbox=_padded(group.bbox),
            ids=tuple(group.ids),
            countries=tuple(code for code, _ in group.countries.most_common()),
        )


def _touched(radius: float, view: View) -> float:
    """The radius of what can be touched of a circle."""
    return max(radius, view.width * _TARGET / 2)


def _bounds(part: str) -> Box:
    """The bounds of one part of an outline, `x,yLx,y…Z`."""
    points = [tuple(map(float, pair.split(","))) for pair in part.rstrip("Z").split("L")]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _distance(one: Box, other: Box) -> float:
    """How far two boxes are from each other."""
    across = max(one[0] - other[2], other[0] - one[2], 0)
    along = max(one[1] - other[3], other[1] - one[3], 0)
    return hypot(across, along)


def _around_both(one: Box, other: Box) -> Box:
    """The least box with both in it, be it across the antimeridian."""
    south, north = min(one[1], other[1]), max(one[3], other[3])
    span, west = min(
        (max(_eastward(west, box[0]) + _eastward(box[0], box[2]) for box in (one, other)), west)
        for west in (one[0], other[0])
    )
    if span >= 360:
        return -180, south, 180, north
    east = west + span
    return west, south, east if east <= 180 else east - 360, north


def _eastward(start: float, end: float) -> float:
    """Degrees from one meridian east to another."""
    return end - start if end >= start else end - start + 360


def _padded(box: Box) -> Box:
    west, south, east, north = box
    return max(-180, west - _PADDING), max(-90, south - _PADDING), min(180, east + _PADDING), min(90, north + _PADDING)
