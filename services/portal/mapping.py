"""The map of a page: what the search service puts on it, laid out as bubbles that are links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any, Final, cast
from urllib.parse import urlencode

from starlette.requests import Request

from services.portal.language import Words, words
from services.portal.pages import slug
from services.portal.query import Pair, Query
from services.portal.sources import sources_of
from services.portal.worldmap import Bubble, View, WorldMap

# enough for a map of bubbles; beyond, the search service answers clusters
POINTS: Final = 60
ZOOM: Final = 2  # of the whole world


@dataclass(frozen=True)
class Mark:
    """A bubble as the page draws it, in units of the map's view.

    `target` is the radius of what can be touched, `type` the size of its figure.
    """

    x: float
    y: float
    r: float
    target: float
    type: float
    count: str
    place: str
    label: str
    address: str
    single: bool


@dataclass(frozen=True)
class Drawn:
    """The map of a page: `outlines` are of the countries to light up, `data` is where its GeoJSON is."""

    view: str
    width: float
    height: float
    bubbles: Sequence[Mark]
    outlines: Sequence[str]
    total: int
    data: str
    labels: Mapping[str, Any]


async def drawn(request: Request, filters: Sequence[Pair], lang: str) -> Drawn:
    """The map of these filters, zoomed to the place, the countries or the continents that they name."""
    world = world_of(request)
    zoom = ZOOM + int(log2(world.width / _view(world, Query(tuple(filters))).width))
    asked = [*filters, ("zoom", str(zoom)), ("points", str(POINTS))]
    return layout(world, await sources_of(request).map(asked, lang), filters, words(lang))


def _view(world: WorldMap, query: Query) -> View:
    """The part of the world that a search is about."""
    near = query.near
    if near is not None:
        lat, lon, kilometres = near
        return world.view_of_point(lon, lat, kilometres)
    return world.view(countries=query.values("country"), continents=query.values("continent"))


def layout(world: WorldMap, found: Mapping[str, Any], filters: Sequence[Pair], w: Words) -> Drawn:
    """The answer of the search service as a map."""
    query = Query(tuple(filters))
    countries = query.values("country")
    view = _view(world, query)
    if countries and query.near is None and not world.outlines(countries) and found["features"]:
        # an island too small for an outline: the sea around it
        view = world.view_of_point(*found["features"][0]["geometry"]["coordinates"])
    marks = [_mark(bubble, found, query, w) for bubble in world.bubbles(found["features"], view)]
    return Drawn(
        view=view.box,
        width=world.width,
        height=world.height,
        bubbles=marks,
        outlines=world.outlines(countries),
        total=found["total"],
        data=f"/{w.lang}/map.geojson" + (f"?{urlencode(query.filters)}" if query.filters else ""),
        labels=_labels(w),
    )


def _mark(bubble: Bubble, found: Mapping[str, Any], query: Query, w: Words) -> Mark:
    names = [w.country(code) for code in bubble.countries[:3]]
    place = w.listed(names) + ("…" if len(bubble.countries) > 3 else "")
    label = w.n("%(count)s project: %(place)s", "%(count)s projects: %(place)s", bubble.count, place=place)
    address = query.with_("bbox", ",".join(f"{value:.4f}" for value in bubble.bbox)).address(w.lang)
    if len(bubble.ids) == 1 and bubble.count == 1:
        sheet = next(f["properties"] for f in found["features"] if f["properties"].get("id") == bubble.ids[0])
        address = f"/{w.lang}/projects/{sheet['id']}/{slug(sheet['title'])}"
        # what is seen is part of what is said: the figure
        label = f"{w.number(1)} – {sheet['title']}, {place}"
        place = f"{sheet['place']}, {place}"
    return Mark(
        x=bubble.x,
        y=bubble.y,
        r=bubble.r,
        target=bubble.target,
        type=bubble.type,
        count=w.number(bubble.count),
        place=place,
        label=label,
        address=address,
        single=bubble.count == 1,
    )


def _labels(w: Words) -> dict[str, Any]:
    """What the script of the zoomable map says."""
    return {
        "one": w.t("1 project: {place}"),
        "many": w.t("{count} projects: {place}"),
        "map": w.t("Zoomable map of the projects; arrows move it, plus and minus zoom."),
        "loading": w.t("The map is being loaded …"),
        "failed": w.t("The zoomable map could not be loaded; the map above stays."),
        "zoomIn": w.t("Zoom in"),
        "zoomOut": w.t("Zoom out"),
        "source": w.t("Outlines: Natural Earth"),
        "total": w.t("{count} projects on the map"),
    }


def world_of(request: Request) -> WorldMap:
    return cast("WorldMap", request.app.state.world)
