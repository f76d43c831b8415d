"""What is asked of the engine: pure functions from parameters to request bodies.

The text alone is the query. Facets, amounts and the box are a post-filter, so that one request gives the hits and,
beside them, each facet's counts under all filters but its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from backbone.errors import Invalid
from backbone.paging import bad_cursor, decode_cursor, encode_cursor
from services.search import facets
from services.search.analysis import LANGUAGES
from services.search.documents import SOURCE_OF_ITEM
from services.search.parameters import Filters, Search, Sort

Body = dict[str, Any]

NEAREST_INT64: Final = 2**63 - 1
MOST_CLUSTERS: Final = 10_000
MOST_NAMED: Final = 3
# the greatest that the engines take: seen exact up to 3,000 different values, off by one or two at 12,000
PRECISION: Final = 40_000
# up to three words: all of them; beyond, four of five
STRICT: Final = "3<80%"
RELAXED: Final = "2<67%"

ORDERS: Final[Mapping[Sort, Body]] = {
    "relevance": {"_score": "desc"},
    "newest": {"published_at": "desc"},
    "oldest": {"published_at": "asc"},
    "budget": {"budget": {"order": "desc", "missing": -1}},
}
HIGHLIGHT: Final[Body] = {
    "encoder": "html",  # what people typed comes out escaped; the marks are the only tags
    "pre_tags": ["<mark>"],
    "post_tags": ["</mark>"],
    "require_field_match": False,
    "fields": {
        "title.*": {"number_of_fragments": 0},
        "summary.*": {"number_of_fragments": 0},
        "body.*": {"number_of_fragments": 2, "fragment_size": 160},
    },
}


def text(q: str, *, relaxed: bool) -> Body:
    """Sheets that say all the words, in one language or as they are; `relaxed` lets words differ by a letter or two."""
    if not q:
        return {"match_all": {}}
    if relaxed:
        q = " ".join(word for word in q.split() if _may_differ(word))
        fuzzy = {"query": q, "fuzziness": "AUTO:4,8", "prefix_length": 1, "max_expansions": 30}
        must: Body = {"match": {"text.plain": {**fuzzy, "minimum_should_match": RELAXED}}}
    else:
        anywhere = [
            {"match": {f"text.{name}": {"query": q, "minimum_should_match": STRICT}}} for name in (*LANGUAGES, "plain")
        ]
        must = {"dis_max": {"queries": [*anywhere, {"term": {"codes": {"value": q.lower(), "boost": 10}}}]}}
    where = ["title.*^4", "proper^3", "names.*^2", "summary.*"]
    better = {"multi_match": {"query": q, "fields": where, "type": "best_fields", "tie_breaker": 0.3}}
    return {"bool": {"must": [must], "should": [better]}}


def _may_differ(word: str) -> bool:
    # a number or a code that differs by a figure is another one
    return any(char.isalpha() for char in word) and not any(char.isdigit() for char in word)


def may_relax(q: str) -> bool:
    """Whether looking for nearly these words makes sense."""
    return any(_may_differ(word) for word in q.split())


def query(q: str, *, relaxed: bool) -> Body:
    """The text among what is published."""
    return {"bool": {"must": [text(q, relaxed=relaxed)], "filter": [{"term": {"gone": False}}]}}


def clauses(filters: Filters) -> dict[str, Body]:
    """Every filter by its name."""
    found = facets.clauses(filters.selections)
    if filters.budget_min is not None or filters.budget_max is not None:
        bounds = {"gte": filters.budget_min, "lte": filters.budget_max}
        found["budget"] = {"range": {"budget": {side: bound for side, bound in bounds.items() if bound is not None}}}
    if filters.period_from is not None or filters.period_to is not None:
        months = {"gte": filters.period_from, "lte": filters.period_to}
        bounds = {side: month for side, month in months.items() if month is not None}
        found["period"] = {"range": {"period": {**bounds, "relation": "intersects"}}}
    if filters.bbox is not None:
        west, south, east, north = filters.bbox
        corners = {"top_left": {"lat": north, "lon": west}, "bottom_right": {"lat": south, "lon": east}}
        found["bbox"] = {"geo_bounding_box": {"location": corners}}
    return found


def search(asked: Search, after: Sequence[Any] | None, *, relaxed: bool) -> Body:
    """The body for one page: one hit more than asked says whether there is another."""
    found = clauses(asked.filters)
    body: Body = {
        "query": query(asked.filters.q, relaxed=relaxed),
        "aggs": facets.aggregations(found),
        "sort": [ORDERS[asked.sort], {"id": "asc"}],
        "size": asked.size + 1,
        "track_total_hits": True,
        "_source": SOURCE_OF_ITEM,
    }
    if found:
        body["post_filter"] = {"bool": {"filter": list(found.values())}}
    if asked.filters.q:
        # how many say the words at all, whatever the filters
        body["aggs"]["said"] = {"filter": {"match_all": {}}}
        body["highlight"] = HIGHLIGHT
    if after is not None:
        body["search_after"] = after
    return body


def clusters(filters: Filters, zoom: int, *, relaxed: bool) -> Body:
    """The body for clusters about 64 pixels wide at this zoom."""
    return {
        "query": query(filters.q, relaxed=relaxed),
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


def points(filters: Filters, most: int, *, relaxed: bool) -> Body:
    """The body for single sheets on the map."""
    return {
        "query": {
            "bool": {"filter": [query(filters.q, relaxed=relaxed), *clauses(filters).values()]},
        },
        "sort": [{"id": "asc"}],
        "size": most,
        "track_total_hits": True,
        "_source": [f"sheet.{name}" for name in ("title", "kind", "status", "themes", "countries", "location")],
    }


def figures(filters: Filters, *, relaxed: bool) -> Body:
    """The body for counts of what matches: sheets by kind, and how many places and authorities they have."""
    distinct = {"country": "country", "continent": "continent", "authority": "authority_ref"}
    return {
        "query": {"bool": {"filter": [query(filters.q, relaxed=relaxed), *clauses(filters).values()]}},
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            "kinds": {"terms": {"field": "kind"}},
            **{
                name: {"cardinality": {"field": field, "precision_threshold": PRECISION}}
                for name, field in distinct.items()
            },
            "said": {"global": {}, "aggs": {"all": {"filter": query(filters.q, relaxed=relaxed)}}},
        },
    }


def among(filters: Filters, projects: Sequence[str]) -> Body:
    """The body that finds which of these sheets a search finds: the same query and filters, words as they are."""
    found = [query(filters.q, relaxed=False), *clauses(filters).values(), {"terms": {"id": list(projects)}}]
    return {
        "query": {"bool": {"filter": found}},
        "sort": ["_doc"],
        "size": len(projects),
        "track_total_hits": False,
        "_source": False,
    }


def newest(filters: Filters, most: int) -> Body:
    """The body for the sheets that were published last, for a feed; words as they are."""
    return {
        "query": {"bool": {"filter": [query(filters.q, relaxed=False), *clauses(filters).values()]}},
        "sort": [ORDERS["newest"], {"id": "asc"}],
        "size": most,
        "track_total_hits": False,
        "_source": [*SOURCE_OF_ITEM, "sheet.first_published_at"],
    }


def sheets(projects: Sequence[str], *fields: str) -> Body:
    """The body for these published sheets: of each document, these fields."""
    return {
        "query": {"bool": {"filter": [{"terms": {"id": list(projects)}}, {"term": {"gone": False}}]}},
        "sort": ["_doc"],
        "size": len(projects),
        "track_total_hits": False,
        "_source": list(fields),
    }


def similar(document: Mapping[str, Any], size: int) -> Body:
    """The body for published sheets like this one (its document's source): by what they say, by theme, by place.

    Words are compared by the rules of its language, by which sheets in others say their themes and countries too.
    """
    (language,) = document["title"]
    words = {
        # each by its name: more_like_this knows no wildcards
        "fields": [f"title.{language}", f"summary.{language}", f"text.{language}"],
        "like": [document["title"][language], document["summary"][language]],
        "min_term_freq": 1,
        "min_doc_freq": 2,
        "max_query_terms": 40,
        "minimum_should_match": "20%",
    }
    near = [
        {"constant_score": {"filter": {"term": {field: value}}, "boost": boost}}
        for field, boost in (("theme", 4), ("country", 3), ("continent", 1), ("sdg", 0.5), ("kind", 1))
        for value in document[field]
    ]
    return {
        "query": {
            "bool": {
                "should": [{"more_like_this": words}, *near],
                "filter": [{"term": {"gone": False}}, {"terms": {"theme": document["theme"]}}],
                "must_not": [{"term": {"id": document["id"]}}],
            }
        },
        "sort": [{"_score": "desc"}, {"id": "asc"}],
        "size": size,
        "track_total_hits": False,
        "_source": SOURCE_OF_ITEM,
    }


def one(project: str) -> Body:
    """The body for what `similar` needs of a published sheet."""
    return {
        "query": {"bool": {"filter": [{"term": {"id": project}}, {"term": {"gone": False}}]}},
        "size": 1,
        "_source": ["id", "title", "summary", "theme", "country", "continent", "sdg", "kind"],
    }


def suggestions(q: str, most: int) -> Body:
    """The body for titles, places and authorities that begin so."""

    def begins(field: str) -> Body:
        return {"match_bool_prefix": {field: {"query": q, "operator": "and"}}}

    def values(field: str, exact: str) -> Body:
        return {"filter": begins(field), "aggs": {"values": {"terms": {"field": exact, "size": most}}}}

    fields = ("suggested", "place", "authority")
    return {
        "query": {
            "bool": {
                "should": [begins(field) for field in fields],
                "minimum_should_match": 1,
                "filter": [{"term": {"gone": False}}],
            }
        },
        "post_filter": begins("suggested"),
        "sort": [{"_score": "desc"}, {"id": "asc"}],
        "size": most,
        "track_total_hits": False,
        "_source": ["sheet.title", "sheet.language"],
        "aggs": {"places": values("place", "place.exact"), "authorities": values("authority", "authority_key")},
    }


def cursor(asked: Search, hit: Mapping[str, Any], *, relaxed: bool) -> str:
    """The cursor after this hit."""
    return encode_cursor([asked.fingerprint(), int(relaxed), *hit["sort"]])


def after(asked: Search) -> tuple[list[Any] | None, bool]:
    """Where the page begins, and whether its search was relaxed. Raises `Invalid` on a cursor of another search."""
    values = decode_cursor(asked.cursor)
    if values is None:
        return None, False
    if len(values) != 4 or values[0] != asked.fingerprint() or values[1] not in (0, 1):
        raise _foreign()
    number, project = values[2:]
    whole = asked.sort != "relevance"
    if isinstance(number, bool) or not isinstance(number, int if whole else (int, float)):
        raise _foreign()
    if not isinstance(project, str) or len(project) > 200 or abs(number) > NEAREST_INT64:
        raise _foreign()
    return [number, project], bool(values[1])


def _foreign() -> Invalid:
    return bad_cursor()
