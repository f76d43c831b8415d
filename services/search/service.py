"""What a search is answered."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from prometheus_client import Counter, Histogram

from backbone.contracts import labels, vocabularies
from backbone.errors import NotFound
from services.search import documents, facets, helping, queries, reaching
from services.search.index import Index
from services.search.parameters import Filters, Map, Search, Similar, Suggest
from services.search.reaching import understood
from services.search.thesaurus import Thesaurus
from services.search.words import Text

log = structlog.get_logger()

SECONDS = Histogram("bourse_search_seconds", "Time of a search, the engine's included, in seconds.", ["call"])
ZERO = Counter("bourse_search_zero_results_total", "Searches that found nothing.")
RELAXED = Counter("bourse_search_relaxed_total", "Searches whose words were found only nearly.")

MOST_SUGGESTIONS: Final = 6


async def search(index: Index, thesaurus: Thesaurus, asked: Search) -> dict[str, Any]:
    """A page of results with the facets: `{total, items, facets, cursor, relaxed, said, did_you_mean, help}`."""
    with SECONDS.labels("projects").time():
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
        "items": [_item(hit) for hit in shown],
        "facets": facets.answer(reached.answer["aggregations"], asked.filters.selections, asked.language),
        "cursor": queries.cursor(asked, text, page.day, shown[-1]) if len(hits) > asked.size else None,
        "relaxed": relaxed,
        "said": first["hits"]["total"]["value"] if relaxed and first is not None else None,
        "did_you_mean": text.words.text if text.typed is not None else None,
        "help": offered,
    }


async def map_(index: Index, thesaurus: Thesaurus, asked: Map) -> dict[str, Any]:
    """GeoJSON: single sheets where they are few, else clusters with their counts; the counts add up to the total."""
    with SECONDS.labels("map").time():
        reached = await reaching.reach(
            index,
            understood(asked.filters.q, thesaurus),
            lambda text: queries.clusters(asked.filters, text, asked.zoom),
            lambda answer: answer["aggregations"]["said"]["doc_count"],
        )
        text, here = reached.text, reached.answer["aggregations"]["here"]
        if here["doc_count"] <= asked.points:
            total, features = await _points(index, asked, text)
        else:
            total, features = here["doc_count"], await _clusters(index, asked, here, text)
    relaxed = text.reach != "said" and total > 0
    return {"type": "FeatureCollection", "total": total, "features": features, "relaxed": relaxed}


async def figures(index: Index, thesaurus: Thesaurus, asked: Filters) -> dict[str, int]:
    """How many sheets, countries, continents and authorities match: `{projects, demands, offers, countries, …}`."""
    with SECONDS.labels("figures").time():
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
    """Published sheets like this one, the nearest first. Raises `NotFound` where it is not published."""
    with SECONDS.labels("similar").time():
        found = (await index.search(queries.one(project)))["hits"]["hits"]
        if not found:
            raise NotFound()
        answer = await index.search(queries.similar(found[0]["_source"], asked.size))
    return {"items": [_item(hit) for hit in answer["hits"]["hits"]]}


async def suggest(index: Index, asked: Suggest) -> dict[str, Any]:
    """What the words typed so far may become: `{titles, places, themes, authorities}`."""
    if not asked.q:
        return {"titles": [], "places": [], "themes": [], "authorities": []}
    with SECONDS.labels("suggest").time():
        answer = await index.search(queries.suggestions(asked.q, MOST_SUGGESTIONS))
    counted = answer["aggregations"]
    named = [
        *_named("continent", vocabularies.CONTINENTS, labels.continent, asked),
        *_named("country", vocabularies.countries(), labels.country, asked),
    ]
    places = [
        {"label": bucket["key"], "count": bucket["doc_count"]} for bucket in counted["places"]["values"]["buckets"]
    ]
    authorities = [bucket["key"].partition("\t") for bucket in counted["authorities"]["values"]["buckets"]]
    return {
        "titles": [{"id": hit["_id"], **hit["_source"]["sheet"]} for hit in answer["hits"]["hits"]],
        "places": [*named[:MOST_SUGGESTIONS], *places],
        "themes": _themes(asked),
        "authorities": [{"ref": ref, "name": name} for ref, _, name in authorities],
    }


def _count(total: int, relaxed: bool) -> None:
    if total == 0:
        ZERO.inc()
    if relaxed:
        RELAXED.inc()


def _item(hit: Mapping[str, Any]) -> dict[str, Any]:
    item = documents.item(hit["_source"]["sheet"])
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


async def _clusters(index: Index, asked: Map, here: Mapping[str, Any], text: Text) -> list[dict[str, Any]]:
    zoom = asked.zoom
    while sum(tile["doc_count"] for tile in here["tiles"]["buckets"]) < here["doc_count"]:
        # more tiles than the engine may answer: larger ones
        zoom -= 2
        answer = await index.search(queries.clusters(asked.filters, text, zoom))
        here = answer["aggregations"]["here"]
    features: list[dict[str, Any]] = []
    for tile in here["tiles"]["buckets"]:
        corners = tile["bounds"]["bounds"]
        upper, lower = corners["top_left"], corners["bottom_right"]
        named = [{"value": bucket["key"], "count": bucket["doc_count"]} for bucket in tile["countries"]["buckets"]]
        properties = {"cluster": True, "count": tile["doc_count"], "countries": named}
        feature = _feature(tile["centre"]["location"], properties)
        feature["bbox"] = [upper["lon"], lower["lat"], lower["lon"], upper["lat"]]
        features.append(feature)
    return features


def _feature(place: Mapping[str, float], properties: dict[str, Any]) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [place["lon"], place["lat"]]}
    return {"type": "Feature", "geometry": point, "properties": properties}


def _fold(text: str) -> str:
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(char for char in parts if not unicodedata.combining(char)).replace(
        "\N{RIGHT SINGLE QUOTATION MARK}", "'"
    )


def _begins(typed: str, name: str) -> bool:
    """Whether the words typed begin `name` or one of its words."""
    folded = _fold(name)
    return folded.startswith(typed) or f" {typed}" in folded.replace("'", " ").replace("-", " ")


def _named(facet: str, values: Any, label: labels.Labels, asked: Suggest) -> list[dict[str, Any]]:
    typed = _fold(asked.q)
    named = [(label(value, asked.language), value) for value in values]
    found = sorted((name, value) for name, value in named if _begins(typed, name))
    return [{"facet": facet, "value": value, "label": name} for name, value in found]


def _themes(asked: Suggest) -> list[dict[str, Any]]:
    typed = _fold(asked.q)
    found = [
        theme
        for theme in vocabularies.themes().values()
        if any(_begins(typed, name) for name in (theme.label(asked.language), *theme.synonyms))
    ]
    return [{"value": theme.code, "label": theme.label(asked.language)} for theme in found[:MOST_SUGGESTIONS]]
