"""What is answered, as documented in OpenAPI. Answers are not built through these models: tests check that they fit."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ItemAuthority(Answer):
    """The authority of a sheet."""

    ref: str
    name: str
    type: str
    country: str
    region: str | None = None


class Highlight(Answer):
    """Where the words were found: HTML, escaped but for `<mark>`."""

    title: list[str] | None = None
    summary: list[str] | None = None
    aims: list[str] | None = None
    body: list[str] | None = None


class Item(Answer):
    """A sheet found: its card; `documents` is their number; `highlight` where `q` was given and found in its text.

    `distance_km`, with one decimal, where `near` was given; `nearly` where it does not say all the words.
    """

    id: str
    revision: int
    kind: str
    status: str
    language: str
    title: str
    summary: str
    themes: list[str]
    sdgs: list[int]
    countries: list[str]
    continents: list[str]
    location: dict[str, Any]
    budget: dict[str, Any] | None = None
    period: dict[str, Any]
    authority: ItemAuthority
    published_at: str
    demonstration: bool
    documents: int
    highlight: Highlight | None = None
    distance_km: float | None = None
    nearly: Literal[True] | None = None


class Value(Answer):
    """A value of a facet; `parent` where it belongs to one of a broader facet's.

    A bucket of a range has `from`, which is in it, and `to`, which is not: euros, or a month as YYYY-MM; null is open.
    """

    value: str
    label: str
    parent: str | None = None
    from_: int | str | None = Field(default=None, alias="from")
    to: int | str | None = None


class FacetValue(Value):
    """A value with its count under all filters but the facet's own.

    Told are the values with a count and those selected; of a range, the empty buckets between them too.
    """

    count: int
    selected: bool


class FacetBounds(Answer):
    """The parameters that bound a range, both included, in euros (`amount`) or as YYYY-MM (`month`)."""

    of: Literal["amount", "month"]
    low: str
    high: str


class DeclaredFacet(Answer):
    """A facet: `name` is its parameter, which may be repeated, and its key in an answer's `facets`.

    `terms` are values of a list, those of a `hierarchy` belong to values of the facet `within`, a `flag` is true or
    false, a `range` has buckets in a row. `values` are null where they are many.
    """

    name: str
    title: str
    kind: Literal["terms", "hierarchy", "flag", "range"]
    order: Literal["count", "vocabulary"]
    within: str | None
    bounds: FacetBounds | None
    values: list[Value] | None


class FacetList(Answer):
    """The facets in the order of the page."""

    facets: list[DeclaredFacet]


class FewerWords(Answer):
    """The query without one of its words, and how many sheets it finds under the same filters."""

    q: str
    left_out: str
    total: int


class FewerFilters(Answer):
    """A filter by its name, and how many sheets are found without it."""

    name: str
    total: int


class NearbyCountry(Answer):
    """A country beside the chosen ones, and how many sheets are found there."""

    value: str
    label: str
    total: int


class Help(Answer):
    """What would find something where a search finds nothing, the most first in each."""

    words: list[FewerWords]
    filters: list[FewerFilters]
    countries: list[NearbyCountry]


class Results(Answer):
    """A page: `cursor` leads to the next, null on the last.

    `relaxed` where sheets that come near (`nearly`) are among those that say all the words, of which there are `said`
    (told on the first page); `did_you_mean` is the query with its misspelt words corrected; `help` where nothing was
    found.
    """

    total: int
    items: list[Item]
    facets: dict[str, list[FacetValue]]
    cursor: str | None
    relaxed: bool
    said: int | None
    did_you_mean: str | None
    help: Help | None


class Geometry(Answer):
    type: Literal["Point"]
    coordinates: tuple[float, float]


class Feature(Answer):
    """A sheet (`properties.id`) or a cluster (`properties.cluster`); `properties.count` sheets.

    A cluster is what lies in one tile of the map: its point is their middle; its `bbox` (west, south, east, north) has
    an area, and the same search with that `bbox` finds them all.

    `properties.countries` are the codes of a sheet, or the three most frequent of a cluster as `{value, count}`.
    """

    type: Literal["Feature"]
    geometry: Geometry
    properties: dict[str, Any]
    bbox: tuple[float, float, float, float] | None = None


class FeatureCollection(Answer):
    """GeoJSON; the counts of its features add up to `total`."""

    type: Literal["FeatureCollection"]
    total: int
    features: list[Feature]
    relaxed: bool


class Figures(Answer):
    """What a search finds, counted: sheets, and the different countries, continents and authorities that they have.

    `countries` and `continents` are all those of the sheets found, whether selected or not: an offer that seeks two
    countries counts both. `authorities` is exact up to some thousands, then within one or two.
    """

    projects: int
    demands: int
    offers: int
    countries: int
    continents: int
    authorities: int


class Reason(Answer):
    """What two sheets have in common: `value` is a code (of a country: the similar sheet's), `label` what it is called.

    For `words` both are a word that the two sheets say, in lower case.
    """

    kind: Literal["theme", "country", "neighbouring_country", "words", "continent", "authority_type"]
    value: str
    label: str


class SimilarItem(Item):
    """A sheet like another one, with the reasons: the strongest first, at least a theme, at most three of a kind."""

    reasons: list[Reason]


class Similar(Answer):
    """Sheets like another one, the nearest first; at most two of one authority where there are others."""

    items: list[SimilarItem]


class SuggestedTitle(Answer):
    id: str
    title: str
    language: str


class SuggestedPlace(Answer):
    """A value of a facet (`facet`, `value`), or a place named in `count` sheets."""

    label: str
    facet: str | None = None
    value: str | None = None
    count: int | None = None


class SuggestedTheme(Answer):
    value: str
    label: str


class SuggestedAuthority(Answer):
    ref: str
    name: str


class Suggestions(Answer):
    titles: list[SuggestedTitle]
    places: list[SuggestedPlace]
    themes: list[SuggestedTheme]
    authorities: list[SuggestedAuthority]
