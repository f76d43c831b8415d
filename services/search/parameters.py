"""The query string: what may be asked, read, checked and documented in OpenAPI from the same declarations."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast, get_args
from urllib.parse import urlencode

import orjson

from backbone.contracts.labels import LANGUAGES, preferred
from backbone.errors import FieldError, Invalid
from services.search import geo
from services.search.facet_kinds import Facet
from services.search.facets import FACETS, MOST_VALUES

Sort = Literal["relevance", "newest", "oldest", "budget", "distance"]

LONGEST_QUERY: Final = 200
MOST_ITEMS: Final = 100
MOST_ZOOM: Final = 22
MOST_POINTS: Final = 500
MOST_SIMILAR: Final = 12
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NUMBER: Final = re.compile(r"[-+]?\d{1,15}(\.\d{1,15})?")
_WHOLE: Final = re.compile(r"\d{1,9}")
# the years that a sheet can have, in figures that both engines read
_MONTH: Final = r"(?:19|20|21)[0-9]{2}-(?:0[1-9]|1[0-2])"


@dataclass(frozen=True)
class Parameter:
    """One parameter: `read` makes its value of the text, or raises `ValueError` saying what is allowed."""

    name: str
    description: str
    schema: Mapping[str, Any]
    read: Callable[[str], Any]
    repeated: bool = False
    code: str = "invalid"

    def documented(self) -> dict[str, Any]:
        """As a parameter object of OpenAPI."""
        schema = {"type": "array", "items": self.schema, "maxItems": MOST_VALUES} if self.repeated else self.schema
        return {"name": self.name, "in": "query", "description": self.description, "schema": schema}


@dataclass(frozen=True)
class Filters:
    """What is searched: `q` plain text, `selections` by facet, `bounds` by parameter: euros, months `YYYY-MM`."""

    q: str = ""
    selections: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    bounds: Mapping[str, float | str] = field(default_factory=dict[str, float | str])
    bbox: geo.Box | None = None
    near: geo.Near | None = None


@dataclass(frozen=True)
class Search:
    """One page of a search."""

    filters: Filters
    sort: Sort
    size: int
    cursor: str | None
    language: str

    def fingerprint(self) -> str:
        """What a cursor must share with the search that it goes on."""
        filters = self.filters
        selections = {name: sorted(values) for name, values in sorted(filters.selections.items())}
        bounds = dict(sorted(filters.bounds.items()))
        asked = [filters.q, selections, bounds, filters.bbox, filters.near, self.sort]
        return hashlib.sha256(orjson.dumps(asked)).hexdigest()[:16]


@dataclass(frozen=True)
class Map:
    """The map of a search at a zoom level; more than `points` sheets come as clusters."""

    filters: Filters
    zoom: int
    points: int
    language: str


@dataclass(frozen=True)
class Similar:
    """How many sheets like another one."""

    size: int
    language: str


@dataclass(frozen=True)
class Suggest:
    """The beginning of a query."""

    q: str
    language: str


def _one_of(allowed: Sequence[str]) -> Callable[[str], str]:
    known = frozenset(allowed)

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return read


def _text(text: str) -> str:
    if len(text) > LONGEST_QUERY:
        raise ValueError(f"must have at most {LONGEST_QUERY} characters")
    if _CONTROLS.search(text):
        raise ValueError("must not contain control characters")
    return " ".join(unicodedata.normalize("NFC", text).split())


def _amount(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not 0 <= float(text) <= 1e12:
        raise ValueError("must be an amount in euros, from 0 to 1000000000000")
    return float(text)


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def _month(text: str) -> str:
    if not re.fullmatch(_MONTH, text):
        raise ValueError("must be a month as YYYY-MM, from 1900-01 to 2199-12")
    return text


def _opaque(text: str) -> str:
    if len(text) > 500:
        raise ValueError("must be the cursor of the page before")
    return text


def _enum(values: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _value_of(facet: Facet) -> Callable[[str], str]:
    known = frozenset(facet.values)

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"must be {facet.allowed}")
        return text

    return read


def _of_facet(facet: Facet) -> Iterator[Parameter]:
    about = f"{facet.description} Repeated: any of them."
    yield Parameter(facet.name, about, facet.schema, _value_of(facet), repeated=True, code="unknown_value")
    if facet.bounds:
        schema, read = _BOUND[facet.bounds.of]
        yield Parameter(facet.bounds.low, facet.bounds.low_description, schema, read)
        yield Parameter(facet.bounds.high, facet.bounds.high_description, schema, read)


_AMOUNT: Final = {"type": "number", "minimum": 0, "maximum": 1e12}
_PERIOD: Final = {"type": "string", "pattern": f"^{_MONTH}$", "example": "2027-03"}
_BOUND: Final[Mapping[str, tuple[Mapping[str, Any], Callable[[str], Any]]]] = {
    "amount": (_AMOUNT, _amount),
    "month": (_PERIOD, _month),
}
_OUT_OF_ORDER: Final = {"amount": "must not be less than", "month": "must not be before"}
_LANG: Final = Parameter(
    "lang", "Language of the labels; else by Accept-Language.", _enum(LANGUAGES), _one_of(LANGUAGES)
)
_Q: Final = Parameter("q", "Words to look for, plain text.", {"type": "string", "maxLength": LONGEST_QUERY}, _text)
_FILTERS: Final = (
    _Q,
    *(parameter for facet in FACETS for parameter in _of_facet(facet)),
    Parameter(
        "bbox",
        "Inside west,south,east,north, in degrees, edges included; a west beyond the east crosses the antimeridian.",
        {"type": "string", "example": "-18,4,16,28"},
        geo.box,
    ),
    Parameter(
        "near",
        "Near this point, lat,lon in degrees; every item then has its distance.",
        {"type": "string", "example": "14.69,-17.44"},
        geo.point,
    ),
    Parameter(
        "within",
        "Greatest distance from `near`, in kilometres.",
        {"type": "number", "minimum": geo.LEAST_KM, "maximum": geo.MOST_KM, "default": geo.USUAL_KM},
        geo.kilometres,
    ),
)
SEARCH: Final = (
    *_FILTERS,
    Parameter(
        "sort",
        "Order: by relevance (the default with q), distance from near (the default with it and without q),"
        " newest (the default without both), oldest, or greatest budget.",
        _enum(get_args(Sort)),
        _one_of(get_args(Sort)),
    ),
    Parameter(
        "size",
        "Items on a page.",
        {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": 20},
        _whole(1, MOST_ITEMS),
    ),
    Parameter("cursor", "The cursor of the page before, with the same parameters.", {"type": "string"}, _opaque),
    _LANG,
)
MAP: Final = (
    *_FILTERS,
    Parameter(
        "zoom",
        "Zoom level of the map, which decides how far clusters reach.",
        {"type": "integer", "minimum": 0, "maximum": MOST_ZOOM, "default": 3},
        _whole(0, MOST_ZOOM),
    ),
    Parameter(
        "points",
        "Most sheets that are answered one by one; more come as clusters.",
        {"type": "integer", "minimum": 0, "maximum": MOST_POINTS, "default": MOST_POINTS},
        _whole(0, MOST_POINTS),
    ),
    _LANG,
)
FIGURES: Final = _FILTERS
FEED: Final = (*_FILTERS, _LANG)
SIMILAR: Final = (
    Parameter(
        "size",
        "Most sheets.",
        {"type": "integer", "minimum": 1, "maximum": MOST_SIMILAR, "default": 4},
        _whole(1, MOST_SIMILAR),
    ),
    _LANG,
)
SUGGEST: Final = (_Q, _LANG)
FACET_LIST: Final = (_LANG,)


def documented(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """For `openapi_extra` of a route."""
    return {"parameters": [parameter.documented() for parameter in parameters]}


def _read(parameters: Sequence[Parameter], pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The values by name; one that is empty counts as not given. Raises `Invalid` naming every wrong parameter."""
    known = {parameter.name: parameter for parameter in parameters}
    errors: list[FieldError] = []
    given: dict[str, list[Any]] = {}
    for name, text in pairs:
        parameter = known.get(name)
        if parameter is None:
            detail = f"is not a parameter here; there are {', '.join(known)}"
            errors.append(FieldError(_shown(name), detail, "unknown_parameter"))
        elif text.strip():
            try:
                given.setdefault(name, []).append(parameter.read(text))
            except ValueError as error:
                errors.append(FieldError(name, str(error), parameter.code))
    for name, values in given.items():
        if not known[name].repeated and len(values) > 1:
            errors.append(FieldError(name, "must be given once", "repeated"))
        elif len(values) > MOST_VALUES:
            errors.append(FieldError(name, f"must be given at most {MOST_VALUES} times", "too_long"))
    if errors:
        raise Invalid(errors=list(dict.fromkeys(errors))[:MOST_VALUES])
    return {name: frozenset(values) if known[name].repeated else values[0] for name, values in given.items()}


def _shown(name: str) -> str:
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", name[:100])


def _filters(values: Mapping[str, Any]) -> Filters:
    every = [facet.bounds for facet in FACETS if facet.bounds]
    for bounds in every:
        low, high = values.get(bounds.low), values.get(bounds.high)
        if low is not None and high is not None and low > high:
            detail = f"{_OUT_OF_ORDER[bounds.of]} {bounds.low}"
            raise Invalid(errors=[FieldError(bounds.high, detail, "out_of_order")])
    near = values.get("near")
    if near is None and "within" in values:
        raise Invalid(errors=[FieldError("within", "must be given together with near", "incomplete")])
    return Filters(
        q=values.get("q", ""),
        selections={facet.name: values[facet.name] for facet in FACETS if facet.name in values},
        bounds={name: values[name] for bounds in every for name in (bounds.low, bounds.high) if name in values},
        bbox=values.get("bbox"),
        near=None if near is None else geo.Near(near[0], near[1], values.get("within", geo.USUAL_KM)),
    )


def saved(pairs: Sequence[tuple[str, str]]) -> tuple[Filters, dict[str, list[str]]]:
    """The filters of a search that is saved, and their parameters as they are kept. Raises `Invalid`."""
    filters = figures(pairs)
    given: dict[str, set[str]] = {}
    for name, value in pairs:
        if value.strip():
            given.setdefault(name, set()).add(filters.q if name == "q" else value.strip())
    return filters, {known.name: sorted(given[known.name]) for known in _FILTERS if known.name in given}


def feed(pairs: Sequence[tuple[str, str]], accept_language: str) -> tuple[Filters, str, str]:
    """What `GET /feed.atom` was asked: filters, their query string, the feed's language. Raises `Invalid`."""
    values = _read(FEED, pairs)
    _, query = saved([pair for pair in pairs if pair[0] != "lang"])
    return _filters(values), urlencode(query, doseq=True), values.get("lang") or preferred(accept_language)


def search(pairs: Sequence[tuple[str, str]], accept_language: str) -> Search:
    """What `GET /projects` was asked. Raises `Invalid`."""
    values = _read(SEARCH, pairs)
    filters = _filters(values)
    usual = "newest" if filters.near is None else "distance"
    sort = values.get("sort", "relevance" if filters.q else usual)
    if sort == "relevance" and not filters.q:
        sort = usual  # nothing is more relevant than another
    if sort == "distance" and filters.near is None:
        raise Invalid(errors=[FieldError("sort", "can be distance only where near is given", "incomplete")])
    return Search(
        filters=filters,
        sort=cast("Sort", sort),
        size=values.get("size", 20),
        cursor=values.get("cursor"),
        language=values.get("lang") or preferred(accept_language),
    )


def map_(pairs: Sequence[tuple[str, str]], accept_language: str) -> Map:
    """What `GET /map` was asked. Raises `Invalid`."""
    values = _read(MAP, pairs)
    return Map(
        filters=_filters(values),
        zoom=values.get("zoom", 3),
        points=values.get("points", MOST_POINTS),
        language=values.get("lang") or preferred(accept_language),
    )


def figures(pairs: Sequence[tuple[str, str]]) -> Filters:
    """What `GET /figures` was asked. Raises `Invalid`."""
    return _filters(_read(FIGURES, pairs))


def similar(pairs: Sequence[tuple[str, str]], accept_language: str) -> Similar:
    """What `GET /projects/{id}/similar` was asked. Raises `Invalid`."""
    values = _read(SIMILAR, pairs)
    return Similar(values.get("size", 4), values.get("lang") or preferred(accept_language))


def suggest(pairs: Sequence[tuple[str, str]], accept_language: str) -> Suggest:
    """What `GET /suggest` was asked. Raises `Invalid`."""
    values = _read(SUGGEST, pairs)
    return Suggest(values.get("q", ""), values.get("lang") or preferred(accept_language))


def facet_list(pairs: Sequence[tuple[str, str]], accept_language: str) -> str:
    """The language in which `GET /facets` was asked. Raises `Invalid`."""
    return _read(FACET_LIST, pairs).get("lang") or preferred(accept_language)
