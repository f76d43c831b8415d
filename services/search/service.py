"""What a search is answered."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prometheus_client import Counter

from backbone.errors import NotFound
from services.search import documents, facets, geo, helping, queries, ranking, reaching
from services.search import similar as likeness
from services.search.index import Index
from services.search.parameters import Filters, Map, Search, Similar
from services.search.reaching import understood
from services.search.text import Text
from services.search.thesaurus import Thesaurus
from services.search.watching import watched

ZERO = Counter("bourse_search_zero_results_total", "Searches that found nothing.")
RELAXED = Counter("bourse_search_relaxed_total", "Searches whose words were found only nearly.")


async def search(index: Index, thesaurus: Thesaurus, asked: Search) -> dict[str, Any]:
    """A page of results with the facets: `{total, items, facets, cursor, relaxed, said, did_you_mean, help}`."""
    with watched(index, "projects", asked.filters.q, asked.filters, sort=asked.sort, size=asked.size):
        page = queries.page(asked, datetime.now(UTC).date().isoformat())
        reached = await reaching.reach(
            index,
            understood(asked.filters.q, thesaurus),
            lambda text: queries.search(asked, text, page.day, page.after),
            lambda answer: answer["aggregations"]["said"]["doc_count"],
            page.reach,
            # copies of a shard score a little differently: the pages of one search stay on one copy
            preference=asked.fingerprint(),
        )
        total: int = reached.answer["hits"]["total"]["value"]
        offered = await helping.offered(index, reached.text, asked.filters, asked.language) if total == 0 else None
    text, hits = reached.text, reached.answer["hits"]["hits"]
    shown = hits[: asked.size]
    relaxed = text.reach != "said" and total > 0
    _count(total, relaxed)
    first = reached.first
    return {
        "total": total,
        "items": [_item(hit, asked, text) for hit in shown],
        "facets": facets.answer(reached.answer["aggregations"], asked.filters.selections, asked.language),
        "cursor": queries.cursor(asked, text, page.day, shown[-1]) if len(hits) > asked.size else None,
        "relaxed": relaxed,
        "said": _said(first, text) if relaxed and first is not None else None,
        "did_you_mean": text.words.text if text.is_corrected else None,
        "help": offered,
    }


async def top(index: Index, thesaurus: Thesaurus, asked: Search) -> tuple[list[str], bool]:
    """The ids that `search` gives first where nothing filters, at less cost, and whether they only come near."""
    day = datetime.now(UTC).date().isoformat()
    reached = await reaching.reach(
        index,
        understood(asked.filters.q, thesaurus),
        lambda text: queries.top(asked, text, day),
        lambda answer: answer["hits"]["total"]["value"],
    )
    found = [hit["_id"] for hit in reached.answer["hits"]["hits"]]
    return found, reached.text.reach != "said" and bool(found)


async def map_(index: Index, thesaurus: Thesaurus, asked: Map) -> dict[str, Any]:
    """GeoJSON: single sheets where they are few, else clusters with their counts; the counts add up to the total."""
    with watched(index, "map", asked.filters.q, asked.filters, size=asked.points):
        reached = await reaching.reach(
            index,
            understood(asked.filters.q, thesaurus),
            lambda text: queries.clusters(asked.filters, text, asked.zoom),
            lambda answer: answer["aggregations"]["said"]["doc_count"],
        )
        text, here = reached.text, reached.answer["aggregations"]["here"]
        total, features = here["doc_count"], list[dict[str, Any]]()
        if total <= asked.points:
            total, features = await _points(index, asked, text)
        # more than asked for, from the start or since they were counted
        if total > asked.points:
            total, features = await _clusters(index, asked, here, text)
    relaxed = text.reach != "said" and total > 0
    return {"type": "FeatureCollection", "total": total, "features": features, "relaxed": relaxed}


async def figures(index: Index, thesaurus: Thesaurus, asked: Filters) -> dict[str, int]:
    """How many sheets, countries, continents and authorities match: `{projects, demands, offers, countries, …}`."""
    with watched(index, "figures", asked.q, asked):
        reached = await reaching.reach(
            index,
            understood(asked.q, thesaurus),
            lambda text: queries.figures(asked, text),
            lambda answer: answer["aggregations"]["said"]["all"]["doc_count"],
        )
    answer = reached.answer
    counted = answer["aggregations"]
    kinds = {bucket["key"]: bucket["doc_count"] for bucket in counted["kinds"]["buckets"]}
    return {
        "projects": answer["hits"]["total"]["value"],
        "demands": kinds.get("demand", 0),
        "offers": kinds.get("offer", 0),
        "countries": counted["country"]["value"],
        "continents": counted["continent"]["value"],
        "authorities": counted["authority"]["value"],
    }


async def similar(index: Index, project: str, asked: Similar) -> dict[str, Any]:
    """Published sheets like this one, the nearest first, with reasons. Raises `NotFound` where it is not published."""
    with watched(index, "similar", "", size=asked.size):
        found = (await index.search(likeness.one(project)))["hits"]["hits"]
        if not found:
            raise NotFound()
        document = found[0]["_source"]
        hits: list[Any] = (await index.search(likeness.alike(document)))["hits"]["hits"]
    return {"items": likeness.answer(document, hits, asked.size, asked.language)}


def _said(first: Mapping[str, Any], text: Text) -> int:
    return 0 if text.misspelt else first["hits"]["total"]["value"]


def _count(total: int, relaxed: bool) -> None:
    if total == 0:
        ZERO.inc()
    if relaxed:
        RELAXED.inc()


def _item(hit: Mapping[str, Any], asked: Search, text: Text) -> dict[str, Any]:
    item = documents.item(hit["_source"]["sheet"])
    if text.before and not ranking.says_all(hit, text):
        item["nearly"] = True
    near = asked.filters.near
    if near is not None:
        # by the engine's own distances where it put them in order
        distance = hit["sort"][-2] if asked.sort == "distance" else geo.distance_km(near, item["location"])
        item["distance_km"] = round(distance, 1)
    found: Mapping[str, list[str]] | None = hit.get("highlight")
    if found is not None:
        item["highlight"] = {name.partition(".")[0]: fragments for name, fragments in found.items()}
    return item


async def _points(index: Index, asked: Map, text: Text) -> tuple[int, list[dict[str, Any]]]:
    answer = await index.search(queries.points(asked.filters, text, asked.points))
    features: list[dict[str, Any]] = []
    for hit in answer["hits"]["hits"]:
        sheet = hit["_source"]["sheet"]
        place = sheet.pop("location")
        properties = {"id": hit["_id"], "count": 1, "place": place["name"], **sheet}
        features.append(_feature(place, properties))
    return answer["hits"]["total"]["value"], features


async def _clusters(index: Index, asked: Map, here: Mapping[str, Any], text: Text) -> tuple[int, list[dict[str, Any]]]:
    zoom = asked.zoom
    while sum(tile["doc_count"] for tile in here["tiles"]["buckets"]) < here["doc_count"]:
        # more tiles than the engine may answer: larger ones
        zoom -= 2
        answer = await index.search(queries.clusters(asked.filters, text, zoom))
        here = answer["aggregations"]["here"]
    features: list[dict[str, Any]] = []
    for tile in here["tiles"]["buckets"]:
        named = [{"value": bucket["key"], "count": bucket["doc_count"]} for bucket in tile["countries"]["buckets"]]
        properties = {"cluster": True, "count": tile["doc_count"], "countries": named}
        feature = _feature(tile["centre"]["location"], properties)
        feature["bbox"] = list(geo.around(tile["bounds"]["bounds"]))
        features.append(feature)
    return here["doc_count"], features


def _feature(place: Mapping[str, float], properties: dict[str, Any]) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [place["lon"], place["lat"]]}
    return {"type": "Feature", "geometry": point, "properties": properties}
