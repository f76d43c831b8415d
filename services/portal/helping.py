"""Where a search finds nothing: the searches beside it that find something, as links."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.portal.declared import Declared
from services.portal.language import Words
from services.portal.query import Query


@dataclass(frozen=True)
class Way:
    """A search beside one that found nothing: what it changes, its address, how many projects it finds."""

    label: str
    address: str
    total: int


def ways(query: Query, offered: Mapping[str, Any] | None, declared: Declared, w: Words) -> list[Way]:
    """What the search service offers (`help` of its answer): fewer words, then fewer filters, then countries nearby."""
    return [*_ways(query, offered, declared, w)] if offered else []


def _ways(query: Query, offered: Mapping[str, Any], declared: Declared, w: Words) -> Iterator[Way]:
    for way in offered["words"]:
        # what was typed keeps its direction among words of another script
        label = w.t("without “%(words)s”", words=f"\u2068{way['left_out']}\u2069")
        yield Way(label, query.with_("q", way["q"]).address(w.lang), way["total"])
    for way in offered["filters"]:
        label = w.t("without the filter “%(name)s”", name=_title(way["name"], declared, w))
        yield Way(label, _unfiltered(query, way["name"], declared).address(w.lang), way["total"])
    for way in offered["countries"]:
        label = w.t("in a neighbouring country: %(name)s", name=way["label"])
        yield Way(label, query.with_("country", way["value"]).address(w.lang), way["total"])


def _title(name: str, declared: Declared, w: Words) -> str:
    """What the page calls a filter."""
    beside = {"bbox": w.t("Area of the map"), "near": w.t("Near a place")}
    facet = declared.of(name)
    return facet.title if facet else beside.get(name, name)


def _unfiltered(query: Query, name: str, declared: Declared) -> Query:
    """Without a filter, whatever parameters it is asked with."""
    facet = declared.of(name)
    for parameter in facet.parameters if facet else (name,):
        query = query.without(parameter)
    return query
