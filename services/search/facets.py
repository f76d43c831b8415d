"""The facets. Each is one declaration: from it derive the field of the index, the parameters with their values, the
filter, the counts, the labels and what the pages show. A new facet is one more entry in `FACETS`, its labels, one test
case.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final, get_args

from backbone.contracts import amounts, labels, vocabularies
from backbone.contracts.sheet import Status
from services.search.facet_kinds import FLAG, Bounds, Facet, Range, Sheet, Years, years

Selections = Mapping[str, Collection[str]]  # facet name to its selected values

MOST_VALUES: Final = 50
_SHARED: Final = "all"  # no facet is called so

# in the order of the page
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
        description=(
            "Country (ISO 3166-1 alpha-2): the authority's or, for an offer, those it seeks."
            " With a continent both must hold: a country of it narrows it, another one finds what has both."
        ),
        values=tuple(vocabularies.countries()),
        label=labels.country,
        read=lambda sheet: sheet["countries"],
        kind="hierarchy",
        within="continent",
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
        name="status",
        description="Whether a partner is still sought.",
        values=get_args(Status),
        label=labels.own("status"),
        read=lambda sheet: [sheet.get("status", "open")],
    ),
    Range(
        name="budget",
        description="Bracket of the total budget, in euros: from the first amount to below the second.",
        values=vocabularies.BUDGET_BRACKETS,
        label=labels.budget_bracket,
        field="budget_bracket",
        read=lambda sheet: [amounts.bracket(amounts.in_euros(sheet.get("budget")))],
        edges=amounts.edges,
        bounds=Bounds(
            of="amount",
            field="budget",
            low="budget_min",
            high="budget_max",
            low_description="Least total budget, in euros.",
            high_description="Greatest total budget, in euros.",
        ),
    ),
    Years(
        name="period",
        description="Year in which the project runs; one without an end runs in every year after its start.",
        field="years",
        read=lambda sheet: years(sheet["period"]["start"], sheet["period"].get("end")),
        bounds=Bounds(
            of="month",
            field="period",
            low="period_from",
            high="period_to",
            low_description="Month in or after which the project still runs.",
            high_description="Month in or before which the project has begun.",
            relation="intersects",
        ),
    ),
    Facet(
        name="authority_type",
        description="Kind of authority whose sheet it is.",
        values=vocabularies.AUTHORITY_TYPES,
        label=labels.own("authority_type"),
        read=lambda sheet: [sheet["authority"]["type"]],
    ),
    Facet(
        name="has_documents",
        description="Whether the sheet has documents, announced ones among them.",
        values=FLAG,
        label=labels.own("has_documents"),
        read=lambda sheet: ["true" if sheet.get("documents") else "false"],
        kind="flag",
        order="vocabulary",
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
)


def mapping() -> dict[str, Any]:
    """The fields of the index."""
    return {facet.path: facet.mapping for facet in FACETS}


def fields(sheet: Sheet) -> dict[str, list[str]]:
    """A sheet's values in those fields."""
    return {facet.path: list(facet.read(sheet)) for facet in FACETS}


def clauses(selections: Selections, bounds: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Facet name to the filter of its selection: OR between its values, AND with its bounds."""
    found: dict[str, dict[str, Any]] = {}
    for facet in FACETS:
        selected = selections.get(facet.name)
        listed = {"terms": {facet.path: facet.keywords(selected)}} if selected else None
        bounded = facet.bounds.clause(bounds) if facet.bounds else None
        both = [clause for clause in (listed, bounded) if clause]
        if both:
            found[facet.name] = both[0] if len(both) == 1 else {"bool": {"filter": both}}
    return found


def aggregations(filters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of every facet under all filters but its own: those without one share one filter."""
    groups = {_SHARED: [facet for facet in FACETS if facet.name not in filters]}
    groups |= {facet.name: [facet] for facet in FACETS if facet.name in filters}
    return {
        name: {
            "filter": {"bool": {"filter": [clause for other, clause in filters.items() if other != name]}},
            "aggs": {facet.name: {"terms": {"field": facet.path, "size": facet.most}} for facet in facets},
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
    counts = facet.tally(counted["buckets"], selected)
    return [
        {**facet.about(value, language), "count": counts[value], "selected": value in selected}
        for value in facet.arranged(counts)
    ]


def declarations(language: str) -> list[dict[str, Any]]:
    """What a page of facets is made of, in its order; `values` are told where they are few, else null."""
    return [
        {
            "name": facet.name,
            "title": facet.title(facet.name, language),
            "kind": facet.kind,
            "order": facet.order,
            "within": facet.within,
            "bounds": _bounds(facet.bounds) if facet.bounds else None,
            "values": [facet.about(value, language) for value in facet.values] if _few(facet) else None,
        }
        for facet in FACETS
    ]


def _few(facet: Facet) -> bool:
    return len(facet.values) <= MOST_VALUES


def _bounds(bounds: Bounds) -> dict[str, str]:
    return {"of": bounds.of, "low": bounds.low, "high": bounds.high}
