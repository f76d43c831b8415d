"""The state of a search as it stands in an address, and what is shown of it: facets, chips, errors.

The parameters are those of the search service; whatever else an address holds (marks of campaigns, say) is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from backbone.errors import FieldError
from services.portal.language import N_, Words

# in the order of the page
FACETS: Final = {
    "continent": N_("Continent"),
    "country": N_("Country"),
    "theme": N_("Theme"),
    "kind": N_("Kind of project"),
    "status": N_("Status"),
    "language": N_("Language of the sheet"),
    "sdg": N_("Sustainable development goal"),
}
AMOUNTS: Final = ("budget_min", "budget_max")
MONTHS: Final = ("period_from", "period_to")
SINGLE: Final = (*AMOUNTS, *MONTHS, "bbox")
PAGING: Final = ("sort", "size", "cursor")
SORTS: Final = ("relevance", "newest", "oldest", "budget")
SIZES: Final = ("10", "20", "50")
SHOWN: Final = 10  # values of a facet before the rest is folded away

Pair = tuple[str, str]


@dataclass(frozen=True)
class Query:
    """What is searched: (name, value) pairs in the order of their names, none of them empty."""

    pairs: tuple[Pair, ...]

    @classmethod
    def read(cls, given: Iterable[Pair]) -> "Query":
        known = ("q", *FACETS, *SINGLE, *PAGING)
        kept = dict.fromkeys((name, value.strip()) for name, value in given if name in known and value.strip())
        return cls(tuple(sorted(kept, key=lambda pair: known.index(pair[0]))))

    def values(self, name: str) -> list[str]:
        return [value for known, value in self.pairs if known == name]

    def value(self, name: str) -> str:
        return next(iter(self.values(name)), "")

    def with_(self, name: str, value: str) -> "Query":
        """With one more value (a facet) or another value (the rest), from the first page."""
        kept = [pair for pair in self.pairs if pair[0] != "cursor" and (name in FACETS or pair[0] != name)]
        return Query.read([*kept, (name, value)])

    def without(self, name: str, value: str | None = None) -> "Query":
        """Without a value, or without all of them, from the first page."""
        return Query(
            tuple(
                pair
                for pair in self.pairs
                if pair[0] != "cursor" and not (pair[0] == name and value in (None, pair[1]))
            )
        )

    @property
    def filters(self) -> tuple[Pair, ...]:
        """What narrows the list; the map and the figures are asked with these."""
        return tuple(pair for pair in self.pairs if pair[0] not in PAGING)

    def encoded(self) -> str:
        return urlencode(self.pairs)

    def address(self, lang: str, place: str = "projects") -> str:
        """The page that shows this search."""
        return f"/{lang}/{place}" + (f"?{self.encoded()}" if self.pairs else "")


@dataclass(frozen=True)
class Chip:
    """One active filter: what it says, and the address without it."""

    name: str
    label: str
    address: str


def chips(query: Query, facets: Mapping[str, Sequence[Mapping[str, Any]]], w: Words) -> list[Chip]:
    """The active filters, in the order of the page."""
    found: list[Chip] = []

    def add(name: str, label: str, without: Query) -> None:
        found.append(Chip(name, label, without.address(w.lang)))

    if query.value("q"):
        add("q", w.t("“%(words)s”", words=query.value("q")), query.without("q"))
    for name in FACETS:
        labels = {entry["value"]: entry["label"] for entry in facets.get(name, ())}
        for value in query.values(name):
            add(name, labels.get(value, value), query.without(name, value))
    low, high = query.value("budget_min"), query.value("budget_max")
    if low or high:
        add("budget", _budget(low, high, w), query.without("budget_min").without("budget_max"))
    first, last = query.value("period_from"), query.value("period_to")
    if first or last:
        add("period", _period(first, last, w), query.without("period_from").without("period_to"))
    if query.value("bbox"):
        add("bbox", w.t("Area of the map"), query.without("bbox"))
    return found


def _euros(text: str, w: Words) -> str:
    try:
        return w.money(float(text), "EUR")
    except ValueError:
        return text


def _month(text: str, w: Words) -> str:
    try:
        return w.month(text)
    except ValueError:
        return text


def _budget(low: str, high: str, w: Words) -> str:
    if low and high:
        return w.t("Budget from %(low)s to %(high)s", low=_euros(low, w), high=_euros(high, w))
    if low:
        return w.t("Budget from %(low)s", low=_euros(low, w))
    return w.t("Budget up to %(high)s", high=_euros(high, w))


def _period(first: str, last: str, w: Words) -> str:
    if first and last:
        return w.t("From %(first)s to %(last)s", first=_month(first, w), last=_month(last, w))
    if first:
        return w.t("From %(first)s", first=_month(first, w))
    return w.t("Until %(last)s", last=_month(last, w))


@dataclass(frozen=True)
class FacetView:
    """A facet of the page: its values with their counts, the first ones and the selected ones apart from the rest."""

    name: str
    title: str
    first: Sequence[Mapping[str, Any]]
    rest: Sequence[Mapping[str, Any]]
    selected: int


def facet_views(facets: Mapping[str, Sequence[Mapping[str, Any]]], w: Words) -> list[FacetView]:
    """The facets in the order of the page."""
    views: list[FacetView] = []
    for name, title in FACETS.items():
        values = facets.get(name, ())
        chosen = [value for value in values if value["selected"]]
        # a list that is hardly longer than the limit is shown whole
        limit = len(values) if len(values) <= SHOWN + 2 else SHOWN
        first = [value for place, value in enumerate(values) if place < limit or value["selected"]]
        rest = [value for place, value in enumerate(values) if place >= limit and not value["selected"]]
        views.append(FacetView(name, w.t(title), first, rest, len(chosen)))
    return views


def explained(errors: Sequence[FieldError], query: Query, w: Words) -> dict[str, str]:
    """What is wrong with a search, by field, in the reader's words: what is allowed instead."""
    return {error.field: _explained(error, query, w) for error in errors}


def _explained(error: FieldError, query: Query, w: Words) -> str:
    name = error.field
    if name == "q":
        return w.t("Please search for at most 200 characters, on one line.")
    if error.code == "repeated":
        return w.t("“%(name)s” can be given only once.", name=name)
    if error.code == "out_of_order":
        return (
            w.t("The greatest budget must not be below the least one.")
            if name in AMOUNTS
            else w.t("The end of the period must not come before its start.")
        )
    if name in AMOUNTS:
        return w.t("Please give an amount in euros, in figures only, such as 50000.")
    if name in MONTHS:
        return w.t("Please give a month as year and month, such as 2027-03.")
    if name in FACETS:
        return w.t("“%(value)s” is not among the choices of this list.", value=", ".join(query.values(name)))
    if name == "bbox":
        return w.t("The area of the map in this address cannot be read: please choose it on the map again.")
    if name == "cursor":
        return w.t("This page of results is no longer there: please start again from the first one.")
    return w.t("“%(name)s” has a value that is not allowed here.", name=name)
