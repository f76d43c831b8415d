"""What is offered where a search finds nothing: its words with one left out, its filters one fewer, the countries near."""

from collections.abc import Mapping
from typing import Any, Final

from backbone.contracts import labels
from services.search import queries
from services.search.index import PUBLISHED, Index
from services.search.parameters import Filters
from services.search.places import neighbours
from services.search.reaching import understood
from services.search.words import Text

Body = dict[str, Any]

MOST_OFFERED: Final = 5


async def offered(index: Index, text: Text, asked: Filters, language: str) -> dict[str, Any]:
    """What would find something: `{words: [{q, left_out, total}], filters: [{name, total}], countries: [{value, label,
    total}]}`, the most first in each.
    """
    fewer = {part.text: text.words.without(part) for part in text.words.parts if len(text.words.parts) > 1}
    filters = queries.clauses(asked)
    beside = sorted(neighbours(asked.selections.get("country", ())))
    ways: dict[str, Body] = {}
    for left_out, q in fewer.items():
        ways[f"word {left_out}"] = _all(understood(q, text.thesaurus).filter(), filters)
    for name in filters:
        ways[f"filter {name}"] = _all(text.filter(), filters, without=name)
    for country in beside:
        ways[f"country {country}"] = _all(text.filter(), filters | {"country": {"term": {"country": country}}})
    if not ways:
        return {"words": [], "filters": [], "countries": []}
    body = {"size": 0, "track_total_hits": False, "aggs": {"ways": {"filters": {"filters": ways}}}}
    buckets = (await index.search(body))["aggregations"]["ways"]["buckets"]
    found = {way: bucket["doc_count"] for way, bucket in buckets.items() if bucket["doc_count"]}
    return {
        "words": [{"q": fewer[word], "left_out": word, "total": total} for word, total in _most(found, "word ")],
        "filters": [{"name": name, "total": total} for name, total in _most(found, "filter ")],
        "countries": [
            {"value": code, "label": labels.country(code, language), "total": total}
            for code, total in _most(found, "country ")
        ],
    }


def _all(text: Body, filters: Mapping[str, Body], *, without: str = "") -> Body:
    kept = [clause for name, clause in filters.items() if name != without]
    return {"bool": {"filter": [text, PUBLISHED, *kept]}}


def _most(found: Mapping[str, int], kind: str) -> list[tuple[str, int]]:
    counted = [(way.removeprefix(kind), total) for way, total in found.items() if way.startswith(kind)]
    return sorted(counted, key=lambda one: (-one[1], one[0]))[:MOST_OFFERED]
