"""Totals, facets, orders and pages equal a plain computation over the sheets, on both engines."""

import collections
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbone.contracts import amounts
from backbone.contracts.sheet import PublicSheet
from services.search import answers
from services.search.facets import FACETS
from tests.integration.search.conftest import Loaded
from tests.integration.search.sheets import demonstration

SHEETS: list[PublicSheet] = [event.sheet for event in demonstration()]
VALUES: Mapping[str, Callable[[PublicSheet], Sequence[str]]] = {
    "continent": lambda sheet: sheet.continents,
    "country": lambda sheet: sheet.countries,
    "theme": lambda sheet: sheet.themes,
    "kind": lambda sheet: [sheet.kind],
    "language": lambda sheet: [sheet.language],
    "sdg": lambda sheet: [str(sdg) for sdg in sheet.sdgs],
    "status": lambda sheet: [sheet.status],
}
MONTHS = st.builds("{}-{:02}".format, st.integers(2026, 2033), st.integers(1, 12))
Pairs = list[tuple[str, str]]
Filter = Callable[[PublicSheet], bool]
engine_settings = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def euros(sheet: PublicSheet) -> int | None:
    return amounts.in_euros(sheet.budget.model_dump() if sheet.budget else None)


@st.composite
def searches(draw: st.DrawFn) -> Pairs:
    """Any combination of filters, values that no sheet has among them."""
    pairs: Pairs = []
    for facet in FACETS:
        if draw(st.integers(0, 2)) == 0:
            used = sorted({value for sheet in SHEETS for value in VALUES[facet.name](sheet)})
            chosen = draw(st.lists(st.sampled_from(used) | st.sampled_from(list(facet.values)), max_size=4))
            pairs += [(facet.name, value) for value in chosen]
    if draw(st.integers(0, 3)) == 0:
        low = draw(st.integers(0, 2_000_000))
        pairs.append(("budget_min", str(low)))
        if draw(st.booleans()):
            pairs.append(("budget_max", str(low + draw(st.integers(0, 3_000_000)))))
    if draw(st.integers(0, 3)) == 0:
        months = sorted(draw(st.lists(MONTHS, min_size=2, max_size=2)))
        ends = draw(st.sampled_from([("period_from",), ("period_to",), ("period_from", "period_to")]))
        pairs += [(end, months[end == "period_to"]) for end in ends]
    if draw(st.integers(0, 3)) == 0:
        west = draw(st.integers(-180, 180))
        east = draw(st.integers(-180, 180).filter(lambda lon: lon != west))
        south = draw(st.integers(-90, 89))
        pairs.append(("bbox", f"{west},{south},{east},{draw(st.integers(south + 1, 90))}"))
    return draw(st.permutations(pairs))


def filters(pairs: Pairs) -> dict[str, Filter]:
    """The filters that these parameters mean, said plainly."""
    found: dict[str, Filter] = {}
    for name, given_ in itertools.groupby(sorted(pairs), key=lambda pair: pair[0]):
        chosen = {value for _, value in given_}
        if name in VALUES:
            found[name] = lambda sheet, name=name, chosen=chosen: bool(chosen & set(VALUES[name](sheet)))
        elif name == "budget_min":
            low = int(chosen.pop())
            found[name] = lambda sheet, low=low: (budget := euros(sheet)) is not None and budget >= low
        elif name == "budget_max":
            high = int(chosen.pop())
            found[name] = lambda sheet, high=high: (budget := euros(sheet)) is not None and budget <= high
        elif name == "period_from":
            first = chosen.pop()
            found[name] = lambda sheet, first=first: sheet.period.end is None or sheet.period.end >= first
        elif name == "period_to":
            last = chosen.pop()
            found[name] = lambda sheet, last=last: sheet.period.start <= last
        elif name == "bbox":
            box = [float(part) for part in chosen.pop().split(",")]
            found[name] = lambda sheet, box=box: inside(sheet, *box)
    return found


def inside(sheet: PublicSheet, west: float, south: float, east: float, north: float) -> bool:
    lon = sheet.location.lon
    across = west <= lon <= east if west <= east else (lon >= west or lon <= east)
    return across and south <= sheet.location.lat <= north


def naive(pairs: Pairs) -> tuple[list[PublicSheet], dict[str, dict[str, int]]]:
    """The sheets found, and the counts of each facet under all filters but its own."""
    checks = filters(pairs)
    found = [sheet for sheet in SHEETS if all(check(sheet) for check in checks.values())]
    counts: dict[str, dict[str, int]] = {}
    for facet, values in VALUES.items():
        others = [check for name, check in checks.items() if name != facet]
        counted = collections.Counter(
            value for sheet in SHEETS if all(check(sheet) for check in others) for value in values(sheet)
        )
        counts[facet] = dict(counted) | {value: counted[value] for name, value in pairs if name == facet}
    return found, counts


@engine_settings
@given(pairs=searches())
async def test_totals_and_counts_are_those_of_a_plain_computation(loaded: Loaded, pairs: Pairs) -> None:
    found, counts = naive(pairs)
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
@given(pairs=searches(), zoom=st.integers(0, 22))
async def test_the_map_agrees_with_the_search(loaded: Loaded, pairs: Pairs, zoom: int) -> None:
    found, _ = naive(pairs)
    answer = await loaded.get("/map", *pairs, ("zoom", str(zoom)))
    answers.FeatureCollection.model_validate(answer)
    assert answer["total"] == len(found)
    assert {feature["properties"]["id"] for feature in answer["features"]} == {sheet.id for sheet in found}


@engine_settings
@given(pairs=searches(), zoom=st.integers(0, 22))
async def test_clusters_add_up(loaded: Loaded, pairs: Pairs, zoom: int) -> None:
    found, _ = naive(pairs)
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
@given(pairs=searches(), points=st.integers(0, 500))
async def test_sheets_are_shown_singly_up_to_the_number_asked_for(loaded: Loaded, pairs: Pairs, points: int) -> None:
    found, _ = naive(pairs)
    answer = await loaded.get("/map", *pairs, ("zoom", "2"), ("points", str(points)))
    single = ["id" in one["properties"] for one in answer["features"]]
    assert all(single) if len(found) <= points else not any(single)
    assert answer["total"] == len(found) == sum(one["properties"]["count"] for one in answer["features"])


@engine_settings
@given(pairs=searches())
async def test_the_figures_are_those_of_a_plain_computation(loaded: Loaded, pairs: Pairs) -> None:
    found, _ = naive(pairs)
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
    assert await walk(loaded, asked) == expected


@pytest.mark.parametrize("q", ["eau", "développement", "l’école des femmes", "assainissemnt"])
async def test_the_pages_of_a_search_by_words_give_every_sheet_once(loaded: Loaded, q: str) -> None:
    total = (await loaded.projects(("q", q)))["total"]
    walked = await walk(loaded, [("q", q), ("size", "4")])
    assert len(walked) == len(set(walked)) == total > 4


async def walk(loaded: Loaded, asked: Pairs) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        answer = await loaded.projects(*asked, *([("cursor", cursor)] if cursor else []))
        found += [item["id"] for item in answer["items"]]
        cursor = answer["cursor"]
        if cursor is None:
            return found
        assert len(answer["items"]) == int(dict(asked)["size"])


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
