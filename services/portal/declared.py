"""The facets as the search service declares them (`GET /facets`): the page of a search derives from these."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Bounds:
    """The two parameters that bound a range, given in euros (`amount`) or as YYYY-MM (`month`)."""

    of: Literal["amount", "month"]
    low: str
    high: str


@dataclass(frozen=True)
class Facet:
    """One facet; `labels` are those of its values where these are few, `within` the broader facet of a hierarchy."""

    name: str
    title: str
    kind: Literal["terms", "hierarchy", "flag", "range"]
    within: str | None
    bounds: Bounds | None
    labels: Mapping[str, str]

    @property
    def parameters(self) -> Iterator[str]:
        yield self.name
        if self.bounds:
            yield from (self.bounds.low, self.bounds.high)


@dataclass(frozen=True)
class Declared:
    """All facets, in the order of the page."""

    facets: Sequence[Facet]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "Declared":
        """The answer of `GET /facets`."""
        return cls(
            tuple(
                Facet(
                    name=one["name"],
                    title=one["title"],
                    kind=one["kind"],
                    within=one["within"],
                    bounds=Bounds(**one["bounds"]) if one["bounds"] else None,
                    labels={value["value"]: value["label"] for value in one["values"] or ()},
                )
                for one in answer["facets"]
            )
        )

    @property
    def parameters(self) -> list[str]:
        """Everything that a facet may be asked with, in the order of the page."""
        return [name for facet in self.facets for name in facet.parameters]

    def of(self, parameter: str) -> Facet | None:
        """The facet that a parameter belongs to."""
        return next((facet for facet in self.facets if parameter in facet.parameters), None)

    def inside(self, facet: Facet) -> Facet | None:
        """The facet whose values belong to this one's."""
        return next((narrower for narrower in self.facets if narrower.within == facet.name), None)
