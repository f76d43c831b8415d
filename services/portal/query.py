"""The state of a search as it stands in an address, and what is shown of it: facets, chips, errors.

The parameters are those of the search service; whatever else an address holds (marks of campaigns, say) is left out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from backbone.errors import FieldError
from services.portal.declared import Bounds, Declared, Facet
from services.portal.language import N_, Words

PLACE: Final = ("near", "within")
SINGLE: Final = ("bbox", *PLACE)
PAGING: Final = ("sort", "size", "cursor")
SORTS: Final = ("relevance", "distance", "newest", "oldest", "budget")
DISTANCES: Final = ("25", "50", "100", "250", "500", "1000")  # kilometres
USUAL_DISTANCE: Final = "100"
SIZES: Final = ("10", "20", "50")
SHOWN: Final = 10  # values of a facet before the rest is folded away
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")

Pair = tuple[str, str]


@dataclass(frozen=True)
class Query:
    """What is searched: (name, value) pairs in the order of their names, none of them empty."""

    pairs: tuple[Pair, ...]

    @classmethod
    def read(cls, given: Iterable[Pair], declared: Declared) -> "Query":
        """What a search can be asked, of all that an address holds."""
        known = ("q", *declared.parameters, *SINGLE, *PAGING)
        kept = dict.fromkeys((name, value.strip()) for name, value in given if name in known and value.strip())
        return cls.of(sorted(kept, key=lambda pair: known.index(pair[0])))

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> "Query":
        """Of these pairs, but for what means nothing without a place where none is left."""
        kept = tuple(pairs)
        if not any(name == "near" for name, _ in kept):
            kept = tuple(pair for pair in kept if pair[0] != "within" and pair != ("sort", "distance"))
        return cls(kept)

    def values(self, name: str) -> list[str]:
        return [value for known, value in self.pairs if known == name]

    def value(self, name: str) -> str:
        return next(iter(self.values(name)), "")

    def with_(self, name: str, value: str) -> "Query":
        """With another value of a parameter that has one, from the first page."""
        return Query((*self.without(name).pairs, (name, value)))

    def without(self, name: str, value: str | None = None) -> "Query":
        """Without a value, or without all of them, from the first page."""
        return Query.of(
            pair for pair in self.pairs if pair[0] != "cursor" and not (pair[0] == name and value in (None, pair[1]))
        )

    @property
    def near(self) -> tuple[float, float, float] | None:
        """Latitude, longitude and kilometres of a place that is searched around; None where these cannot be read."""
        numbers = [*self.value("near").split(","), self.value("within") or USUAL_DISTANCE]
        try:
            lat, lon, kilometres = (float(number) for number in numbers)
        except ValueError:
            return None
        sound = abs(lat) <= 90 and abs(lon) <= 180 and 0 < kilometres <= 20_000  # none of which nan is
        return (lat, lon, kilometres) if sound else None

    @property
    def sorts(self) -> tuple[str, ...]:
        """The orders that make sense, the usual one first."""
        sensible = {"relevance": bool(self.value("q")), "distance": bool(self.value("near"))}
        return tuple(name for name in SORTS if sensible.get(name, True))

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


Answered = Mapping[str, Sequence[Mapping[str, Any]]]  # the facets of an answer, by name


def chips(query: Query, answered: Answered, declared: Declared, w: Words, place: str | None = None) -> list[Chip]:
    """The active filters, in the order of the page; `place` is what the point of `near` is called."""
    found: list[Chip] = []

    def add(name: str, label: str, without: Query) -> None:
        found.append(Chip(name, label, without.address(w.lang)))

    if query.value("q"):
        add("q", w.t("“%(words)s”", words=query.value("q")), query.without("q"))
    for facet in declared.facets:
        labels = {**facet.labels, **{entry["value"]: entry["label"] for entry in answered.get(facet.name, ())}}
        for value in query.values(facet.name):
            label = labels.get(value, value)
            if facet.kind == "range":
                label = w.t("%(facet)s: %(value)s", facet=facet.title, value=label)
            add(facet.name, label, query.without(facet.name, value))
        if facet.bounds:
            low, high = query.value(facet.bounds.low), query.value(facet.bounds.high)
            if low or high:
                without = query.without(facet.bounds.low).without(facet.bounds.high)
                add(facet.name, _bounded(facet.bounds, facet, low, high, w), without)
    if query.value("bbox"):
        add("bbox", w.t("Area of the map"), query.without("bbox"))
    if query.value("near"):
        add("near", _near(query, place, w), query.without("near"))
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


def _bounded(bounds: Bounds, facet: Facet, low: str, high: str, w: Words) -> str:
    written = {"amount": _euros, "month": _month}[bounds.of]
    low, high = written(low, w) if low else "", written(high, w) if high else ""
    if low and high:
        return w.t("%(facet)s from %(low)s to %(high)s", facet=facet.title, low=low, high=high)
    if low:
        return w.t("%(facet)s from %(low)s", facet=facet.title, low=low)
    return w.t("%(facet)s up to %(high)s", facet=facet.title, high=high)


def _near(query: Query, place: str | None, w: Words) -> str:
    distance = query.value("within") or USUAL_DISTANCE
    if _NUMBER.fullmatch(distance):  # else as it was typed: the page says what is wrong with it
        distance = w.distance(float(distance))
    # figures and signs keep their order among Arabic words: left to right, isolated
    return w.t(
        "Within %(distance)s of %(place)s", distance=distance, place=place or f"\u2066{query.value('near')}\u2069"
    )


@dataclass(frozen=True)
class Choice:
    """A value of a facet to tick; `bar` is its part of the greatest count, in hundredths; `inner` are narrower ones."""

    value: str
    label: str
    count: int
    selected: bool
    bar: int
    inner: Sequence["Choice"] = ()

    @property
    def open(self) -> bool:
        """Whether the narrower values are shown at once."""
        return self.selected or any(choice.selected for choice in self.inner)


@dataclass(frozen=True)
class FacetView:
    """A facet of the page: its values with their counts, the most frequent and the selected ones apart from the rest.

    In a hierarchy the values of `inner` stand under those that they belong to. `selected` counts both.
    """

    facet: Facet
    inner: Facet | None
    first: Sequence[Choice]
    rest: Sequence[Choice]
    selected: int

    @property
    def title(self) -> str:
        return f"{self.facet.title} › {self.inner.title}" if self.inner else self.facet.title

    @property
    def names(self) -> list[str]:
        """The facets that are chosen here."""
        return [self.facet.name, *([self.inner.name] if self.inner else [])]


def facet_views(answered: Answered, declared: Declared) -> list[FacetView]:
    """The facets in the order of the page."""
    return [_view(facet, answered, declared) for facet in declared.facets if facet.within is None]


def _view(facet: Facet, answered: Answered, declared: Declared) -> FacetView:
    inner = declared.inside(facet)
    choices = _choices(answered.get(facet.name, ()))
    if inner:
        choices = _nested(facet, choices, answered.get(inner.name, ()))
    # a list that is hardly longer than the limit is shown whole
    limit = len(choices) if len(choices) <= SHOWN + 2 else SHOWN
    frequent = sorted(range(len(choices)), key=lambda place: -choices[place].count)[:limit]
    shown = {*frequent, *(place for place, choice in enumerate(choices) if choice.open)}
    first = [choice for place, choice in enumerate(choices) if place in shown]
    rest = [choice for place, choice in enumerate(choices) if place not in shown]
    every = [*choices, *(narrower for choice in choices for narrower in choice.inner)]
    return FacetView(facet, inner, first, rest, len([choice for choice in every if choice.selected]))


def _choices(values: Sequence[Mapping[str, Any]]) -> list[Choice]:
    most = max((value["count"] for value in values), default=0) or 1
    return [
        Choice(value["value"], value["label"], value["count"], value["selected"], round(100 * value["count"] / most))
        for value in values
    ]


def _nested(facet: Facet, choices: Sequence[Choice], inner: Sequence[Mapping[str, Any]]) -> list[Choice]:
    """The broader values with the narrower ones under them; one that has no sheet now still holds its own."""
    there = {choice.value: choice for choice in choices}
    parents = {value["parent"] for value in inner}
    order = [*facet.labels, *(value for value in there if value not in facet.labels)]
    return [
        replace(
            there.get(value) or Choice(value, facet.labels[value], 0, selected=False, bar=0),
            inner=_choices([one for one in inner if one["parent"] == value]),
        )
        for value in order
        if value in there or value in parents
    ]


def explained(errors: Sequence[FieldError], query: Query, declared: Declared, w: Words) -> dict[str, str]:
    """What is wrong with a search, by field, in the reader's words: what is allowed instead."""
    return {error.field: _explained(error, query, declared, w) for error in errors}


_ALLOWED: Final = {
    "amount": N_("Please give an amount in euros, in figures only, such as 50000."),
    "month": N_("Please give a month as year and month, such as 2027-03."),
}
_OUT_OF_ORDER: Final = {
    "amount": N_("The greatest budget must not be below the least one."),
    "month": N_("The end of the period must not come before its start."),
}


def _explained(error: FieldError, query: Query, declared: Declared, w: Words) -> str:
    name, facet = error.field, declared.of(error.field)
    if name == "q":
        return w.t("Please search for at most 200 characters, on one line.")
    if error.code == "repeated":
        return w.t("“%(name)s” can be given only once.", name=name)
    if facet and facet.bounds and name != facet.name:
        return w.t((_OUT_OF_ORDER if error.code == "out_of_order" else _ALLOWED)[facet.bounds.of])
    if facet:
        return w.t("“%(value)s” is not among the choices of this list.", value=", ".join(query.values(name)))
    if name == "bbox":
        return w.t("The area of the map in this address cannot be read: please choose it on the map again.")
    if name == "near":
        return w.t("Please give a place as latitude and longitude in degrees, such as 14.69,-17.44.")
    if name == "within":
        return w.t("Please give a distance in kilometres, from 1 to 20,000, such as 100.")
    if name == "cursor":
        return w.t("This page of results is no longer there: please start again from the first one.")
    return w.t("“%(name)s” has a value that is not allowed here.", name=name)
