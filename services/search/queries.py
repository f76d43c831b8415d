"""What is asked of the engine: pure functions from parameters to request bodies.

The text alone is the query. Facets and the box are a post-filter, so that one request gives the hits and,
beside them, each facet's counts under all filters but its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, get_args

from backbone.paging import bad_cursor, decode_cursor, encode_cursor
from services.search import facets, geo, marking, ranking
from services.search.documents import SOURCE_OF_ITEM
from services.search.index import PUBLISHED
from services.search.parameters import Filters, Search, Sort
from services.search.text import Reach, Text

Body = dict[str, Any]

NEAREST_INT64: Final = 2**63 - 1
MOST_CLUSTERS: Final = 10_000
MOST_NAMED: Final = 3
# the greatest that the engines take: seen exact up to 3,000 different values, off by one or two at 12,000
PRECISION: Final = 40_000

REACHES: Final[tuple[Reach, ...]] = get_args(Reach)

ORDERS: Final[Mapping[Sort, Body]] = {
    "relevance": {"_score": "desc"},
    "newest": {"published_at": "desc"},
    "oldest": {"published_at": "asc"},
    "budget": {"budget": {"order": "desc", "missing": -1}},
}


def clauses(filters: Filters) -> dict[str, Body]:
    """Every filter by its name."""
    found = facets.clauses(filters.selections, filters.bounds)
    if filters.bbox is not None:
        found["bbox"] = geo.inside(filters.bbox)
    if filters.near is not None:
        found["near"] = geo.within(filters.near)
    return found


def matching(filters: Filters, text: Text) -> Body:
    """The query of all that a search finds, for where there is no order."""
    return {"bool": {"filter": [text.filter(), PUBLISHED, *clauses(filters).values()]}}


def order(asked: Search) -> Body:
    """What comes first; the id decides among equals."""
    if asked.sort == "distance" and asked.filters.near is not None:
        return geo.nearest(asked.filters.near)
    return ORDERS[asked.sort]


def search(asked: Search, text: Text, day: str, after: Sequence[Any] | None) -> Body:
    """The body for one page: one hit more than asked says whether there is another."""
    found = clauses(asked.filters)
    body: Body = {
        "query": {"bool": {"must": [_ordered(asked, text, day)], "filter": [PUBLISHED]}},
        "aggs": facets.aggregations(found),
        "sort": _sort(asked, text),
        "size": asked.size + 1,
        "track_total_hits": True,
        "_source": SOURCE_OF_ITEM,
    }
    if found:
        body["post_filter"] = {"bool": {"filter": list(found.values())}}
    if text.words:
        # how many say the words at all, whatever the filters
        body["aggs"]["said"] = {"filter": {"match_all": {}}}
        body["highlight"] = marking.marked(text)
    if after is not None:
        body["search_after"] = after
    return body


def top(asked: Search, text: Text, day: str) -> Body:
    """The body for the first ids of a search without filters, and nothing beside them."""
    return {
        "query": {"bool": {"must": [_ordered(asked, text, day)], "filter": [PUBLISHED]}},
        "sort": _sort(asked, text),
        "size": asked.size,
        "track_total_hits": True,
        "_source": False,
    }


def _ordered(asked: Search, text: Text, day: str) -> Body:
    if asked.sort == "relevance":
        return ranking.ranked(text, day)
    return ranking.said_first(text)


def _sort(asked: Search, text: Text) -> list[Body]:
    said_first: list[Body] = [{"_score": "desc"}] if asked.sort != "relevance" and text.before else []
    return [*said_first, order(asked), {"id": "asc"}]


def clusters(filters: Filters, text: Text, zoom: int) -> Body:
    """The body for clusters about 64 pixels wide at this zoom."""
    return {
        "query": {"bool": {"filter": [text.filter(), PUBLISHED]}},
        "size": 0,
        "aggs": {
            "said": {"filter": {"match_all": {}}},
            "here": {
                "filter": {"bool": {"filter": list(clauses(filters).values())}},
                "aggs": {
                    "tiles": {
                        "geotile_grid": {"field": "location", "precision": min(zoom + 2, 29), "size": MOST_CLUSTERS},
                        "aggs": {
                            "centre": {"geo_centroid": {"field": "location"}},
                            "bounds": {"geo_bounds": {"field": "location", "wrap_longitude": False}},
                            "countries": {"terms": {"field": "country", "size": MOST_NAMED}},
                        },
                    }
                },
            },
        },
    }


def points(filters: Filters, text: Text, most: int) -> Body:
    """The body for single sheets on the map."""
    return {
        "query": matching(filters, text),
        "sort": [{"id": "asc"}],
        "size": most,
        "track_total_hits": True,
        "_source": [f"sheet.{name}" for name in ("title", "kind", "status", "themes", "countries", "location")],
    }


def figures(filters: Filters, text: Text) -> Body:
    """The body for counts of what matches: sheets by kind, and how many places and authorities they have."""
    distinct = {"country": "country", "continent": "continent", "authority": "authority_ref"}
    return {
        "query": matching(filters, text),
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            "kinds": {"terms": {"field": "kind"}},
            **{
                name: {"cardinality": {"field": field, "precision_threshold": PRECISION}}
                for name, field in distinct.items()
            },
            "said": {"global": {}, "aggs": {"all": {"filter": {"bool": {"filter": [text.filter(), PUBLISHED]}}}}},
        },
    }


def among(filters: Filters, text: Text, projects: Sequence[str]) -> Body:
    """The body that finds which of these sheets a search finds."""
    return {
        "query": {"bool": {"filter": [matching(filters, text), {"terms": {"id": list(projects)}}]}},
        "sort": ["_doc"],
        "size": len(projects),
        "track_total_hits": False,
        "_source": False,
    }


def newest(filters: Filters, text: Text, most: int) -> Body:
    """The body for the sheets that were published last, for a feed."""
    return {
        "query": matching(filters, text),
        "sort": [ORDERS["newest"], {"id": "asc"}],
        "size": most,
        "track_total_hits": False,
        "_source": [*SOURCE_OF_ITEM, "sheet.first_published_at"],
    }


def sheets(projects: Sequence[str], *fields: str) -> Body:
    """The body for these published sheets: of each document, these fields."""
    return {
        "query": {"bool": {"filter": [{"terms": {"id": list(projects)}}, PUBLISHED]}},
        "sort": ["_doc"],
        "size": len(projects),
        "track_total_hits": False,
        "_source": list(fields),
    }


@dataclass(frozen=True)
class Page:
    """Where a page begins: the sort values of the hit before it, and how its search reached and dated its results."""

    after: Sequence[Any] | None
    reach: Reach
    day: str


def cursor(asked: Search, text: Text, day: str, hit: Mapping[str, Any]) -> str:
    """The cursor after this hit."""
    return encode_cursor([asked.fingerprint(), REACHES.index(text.reach), day, *hit["sort"]])


def page(asked: Search, today: str) -> Page:
    """Where the page begins. Raises `Invalid` on a cursor of another search."""
    values = decode_cursor(asked.cursor)
    if values is None:
        return Page(None, "said", today)
    if len(values) < 5 or values[0] != asked.fingerprint() or not _is_a_day(values[2]):
        raise bad_cursor()
    reach, (*numbers, project) = values[1], values[3:]
    if isinstance(reach, bool) or not isinstance(reach, int) or not 0 <= reach < len(REACHES):
        raise bad_cursor()
    # what says all the words comes first, in whatever order
    tiers = 1 if asked.sort != "relevance" and reach else 0
    fractions = len(numbers) if asked.sort in ("relevance", "distance") else tiers
    if len(numbers) != tiers + 1 or not isinstance(project, str) or len(project) > 200:
        raise bad_cursor()
    if not all(_is_a_number(number, fraction=place < fractions) for place, number in enumerate(numbers)):
        raise bad_cursor()
    return Page([*numbers, project], REACHES[reach], values[2])


def _is_a_day(text: Any) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except (ValueError, TypeError):
        return False


def _is_a_number(number: Any, *, fraction: bool) -> bool:
    allowed = (int, float) if fraction else int
    return isinstance(number, allowed) and not isinstance(number, bool) and abs(number) <= NEAREST_INT64
