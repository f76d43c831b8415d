"""The kinds of facets: how the values of each are kept in a document, asked for, counted and answered.

All of them are keywords of the index, so that every count is that of a plain `terms` aggregation: exact, without a
script, the same on both engines.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from backbone.contracts import labels, vocabularies
from backbone.contracts.labels import Labels

Sheet = Mapping[str, Any]
Kind = Literal["terms", "hierarchy", "flag", "range"]
Order = Literal["count", "vocabulary"]
Edges = tuple[int | str | None, int | str | None]

FLAG: Final = ("true", "false")
BESIDE: Final[Edges] = (None, None)  # the edges of what has no place on the scale


@dataclass(frozen=True)
class Bounds:
    """The two parameters that bound a range by figures of one's own, both included; `field` of the index is bounded.

    `of` says what they are given in: an `amount` in euros, a `month` as YYYY-MM.
    """

    of: Literal["amount", "month"]
    field: str
    low: str
    high: str
    low_description: str
    high_description: str
    relation: str | None = None  # of the two ranges, where the field is one itself

    def clause(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """The filter of what was given, by name of parameter; None where neither was."""
        sides = {"gte": given.get(self.low), "lte": given.get(self.high)}
        set_ = {side: value for side, value in sides.items() if value is not None}
        relation = {"relation": self.relation} if self.relation else {}
        return {"range": {self.field: {**set_, **relation}}} if set_ else None


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A facet of a closed list of values.

    `name` is the parameter and the key in the answer, and the `field` of the index where that has no other name;
    `values` are all that there can be, in the vocabulary's order; `read` finds a sheet's own. `title` and `label` are
    asked for a name or a value and a language. In a hierarchy `parent` says which value of the broader facet `within` a
    value belongs to.
    """

    name: str
    description: str
    values: Sequence[str]
    label: Labels
    read: Callable[[Sheet], Sequence[str]]
    title: Labels = labels.facet
    field: str = ""
    kind: Kind = "terms"
    order: Order = "count"
    within: str | None = None
    parent: Callable[[str], str] | None = None
    bounds: Bounds | None = None

    @property
    def path(self) -> str:
        """The field of the index."""
        return self.field or self.name

    @property
    def mapping(self) -> dict[str, Any]:
        return {"type": "keyword"}

    @property
    def schema(self) -> dict[str, Any]:
        """A value, in OpenAPI."""
        return {"type": "string", "enum": list(self.values)}

    @property
    def allowed(self) -> str:
        """What a value may be, for whoever gave another one."""
        return f"one of {', '.join(self.values)}"

    @property
    def most(self) -> int:
        """How many different keywords there can be."""
        return len(self.values)

    def keywords(self, selected: Collection[str]) -> list[str]:
        """The keywords of which a sheet with one of these values has at least one."""
        return sorted(selected)

    def tally(self, buckets: Sequence[Mapping[str, Any]], selected: Collection[str]) -> dict[str, int]:
        """The count of each value that is answered: those that sheets have, and those selected."""
        return {**dict.fromkeys(selected, 0), **{bucket["key"]: bucket["doc_count"] for bucket in buckets}}

    def arranged(self, counts: Mapping[str, int]) -> list[str]:
        """Values in the facet's order."""
        if self.order == "vocabulary":
            return [value for value in self.values if value in counts]
        return sorted(counts, key=lambda value: (-counts[value], value))

    def about(self, value: str, language: str) -> dict[str, Any]:
        """What is answered of a value besides its count."""
        belongs = {"parent": self.parent(value)} if self.parent else {}
        return {"value": value, "label": self.label(value, language), **belongs}


@dataclass(frozen=True, kw_only=True)
class Range(Facet):
    """Buckets side by side, as of a histogram.

    `edges` says where one begins and where the next one does. Answered are all buckets from the first to the last that
    sheets are in, the empty ones between them too.
    """

    edges: Callable[[str], Edges]
    kind: Kind = "range"
    order: Order = "vocabulary"

    def tally(self, buckets: Sequence[Mapping[str, Any]], selected: Collection[str]) -> dict[str, int]:
        counts = super().tally(buckets, selected)
        scale = [value for value in self.values if self.edges(value) != BESIDE]
        places = [place for place, value in enumerate(scale) if counts.get(value)]
        between = scale[places[0] : places[-1] + 1] if places else ()
        return {**dict.fromkeys(between, 0), **counts}

    def about(self, value: str, language: str) -> dict[str, Any]:
        first, end = self.edges(value)
        return {**super().about(value, language), "from": first, "to": end}


def year_edges(year: str) -> Edges:
    """The first month of a year, and that of the next one."""
    return f"{year}-01", f"{int(year) + 1}-01"


def years(first: str, last: str | None) -> list[str]:
    """The keywords of a period of months, YYYY-MM; without a `last` one it goes on for ever."""
    if last is None:
        return [f"{first[:4]}+"]
    return [str(year) for year in range(int(first[:4]), int(last[:4]) + 1)]


@dataclass(frozen=True, kw_only=True)
class Years(Range):
    """The years in which something runs; it counts in each of them.

    What ends has a keyword for each of its years. What does not has one alone, such as `2027+`, and counts in that year
    and in all after it. Answered are the years from the first to the last that the sheets name.
    """

    values: Sequence[str] = tuple(str(year) for year in vocabularies.YEARS)
    label: Labels = labels.year
    edges: Callable[[str], Edges] = year_edges

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^(?:19|20|21)[0-9]{2}$", "example": "2027"}

    @property
    def allowed(self) -> str:
        return f"a year from {self.values[0]} to {self.values[-1]}"

    @property
    def most(self) -> int:
        return 2 * len(self.values)

    def keywords(self, selected: Collection[str]) -> list[str]:
        latest = max(selected)
        return sorted([*selected, *(f"{year}+" for year in self.values if year <= latest)])

    def tally(self, buckets: Sequence[Mapping[str, Any]], selected: Collection[str]) -> dict[str, int]:
        counts = {bucket["key"]: bucket["doc_count"] for bucket in buckets}
        begun = {key[:4]: count for key, count in counts.items() if key.endswith("+")}
        named = {key[:4] for key in counts}
        answered = {year for year in self.values if named and min(named) <= year <= max(named)} | {*selected}
        return {
            year: counts.get(year, 0) + sum(count for since, count in begun.items() if since <= year)
            for year in answered
        }
