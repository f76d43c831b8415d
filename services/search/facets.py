"""The facets. Each is one declaration: from it derive the field of the index, the parameter with its values, the
filter, the counts and the labels. A new facet is one more entry in `FACETS`, its labels, one test case.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from backbone.contracts import labels, vocabularies
from backbone.contracts.labels import Labels
from backbone.contracts.sheet import Status

Sheet = Mapping[str, Any]
Selections = Mapping[str, Collection[str]]  # facet name to its selected values

MOST_VALUES: Final = 50
_SHARED: Final = "all"  # no facet is called so


@dataclass(frozen=True)
class Facet:
    """A facet: `name` is the parameter, the field and the key in the answer.

    `values` are all that there can be, in the vocabulary's order; `read` finds a sheet's own; `parent` gives the value
    of a broader facet that a value belongs to.
    """

    name: str
    description: str
    values: Sequence[str]
    label: Labels
    read: Callable[[Sheet], list[str]]
    order: Literal["count", "vocabulary"] = "count"
    parent: Callable[[str], str] | None = None

    @property
    def mapping(self) -> dict[str, Any]:
        return {"type": "keyword"}


FACETS: Final = (
    Facet(
        name="continent",
        description="Continent (UN geoscheme).",
        values=vocabularies.CONTINENTS,
        label=labels.continent,
        read=lambda sheet: sheet["continents"],
        order="vocabulary",
    ),
    Facet(
        name="country",
        description="Country (ISO 3166-1 alpha-2): the authority's or, for an offer, those it seeks.",
        values=tuple(vocabularies.countries()),
        label=labels.country,
        read=lambda sheet: sheet["countries"],
        parent=lambda code: vocabularies.countries()[code],
    ),
    Facet(
        name="theme",
        description="Theme of the vocabulary.",
        values=tuple(vocabularies.themes()),
        label=labels.theme,
        read=lambda sheet: sheet["themes"],
    ),
    Facet(
        name="kind",
        description="A demand for a partner or an offer.",
        values=vocabularies.KINDS,
        label=labels.own("kind"),
        read=lambda sheet: [sheet["kind"]],
    ),
    Facet(
        name="language",
        description="Language that the sheet is written in (ISO 639-1).",
        values=vocabularies.LANGUAGES,
        label=labels.language_name,
        read=lambda sheet: [sheet["language"]],
    ),
    Facet(
        name="sdg",
        description="Sustainable development goal, 1 to 17.",
        values=tuple(str(number) for number in range(1, 18)),
        label=labels.sdg,
        read=lambda sheet: [str(number) for number in sheet.get("sdgs", ())],
        order="vocabulary",
    ),
    Facet(
        name="status",
        description="Whether a partner is still sought.",
        values=get_args(Status),
        label=labels.own("status"),
        read=lambda sheet: [sheet.get("status", "open")],
    ),
)


def mapping() -> dict[str, Any]:
    """The fields of the index."""
    return {facet.name: facet.mapping for facet in FACETS}


def fields(sheet: Sheet) -> dict[str, list[str]]:
    """A sheet's values in those fields."""
    return {facet.name: list(facet.read(sheet)) for facet in FACETS}


def clauses(selections: Selections) -> dict[str, dict[str, Any]]:
    """Facet name to the filter of its selection: OR within a facet."""
    return {name: {"terms": {name: sorted(values)}} for name, values in selections.items() if values}


def aggregations(filters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of every facet under all filters but its own: those without one share one filter."""
    groups = {_SHARED: [facet for facet in FACETS if facet.name not in filters]}
    groups |= {facet.name: [facet] for facet in FACETS if facet.name in filters}
    return {
        name: {
            "filter": {"bool": {"filter": [clause for other, clause in filters.items() if other != name]}},
            "aggs": {facet.name: {"terms": {"field": facet.name, "size": len(facet.values)}} for facet in facets},
        }
        for name, facets in groups.items()
    }


def answer(counted: Mapping[str, Any], selections: Selections, language: str) -> dict[str, list[dict[str, Any]]]:
    """The facets as answered: what has a count or is selected, labelled in `language`."""
    return {
        facet.name: _answer(facet, group[facet.name], selections.get(facet.name, ()), language)
        for facet in FACETS
        for group in (counted.get(facet.name, counted[_SHARED]),)
    }


def _answer(facet: Facet, counted: Mapping[str, Any], selected: Collection[str], language: str) -> list[dict[str, Any]]:
    counts: dict[str, int] = dict.fromkeys(selected, 0)
    counts.update({bucket["key"]: bucket["doc_count"] for bucket in counted["buckets"]})
    if facet.order == "vocabulary":
        ordered = [value for value in facet.values if value in counts]
    else:
        ordered = sorted(counts, key=lambda value: (-counts[value], value))
    return [
        {
            "value": value,
            "label": facet.label(value, language),
            "count": counts[value],
            "selected": value in selected,
            **({"parent": facet.parent(value)} if facet.parent else {}),
        }
        for value in ordered
    ]
