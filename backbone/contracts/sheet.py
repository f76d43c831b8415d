"""The sheet: what an authority deposits (`Record`) and what the public reads (`PublicSheet`).

`Record` says what a complete deposit is. A draft is the same record with anything missing: `draft_errors` checks
what is there, `Record.model_validate` what is to be submitted, and both name every wrong field at once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError, Url

from backbone.contracts import vocabularies
from backbone.contracts.text import Code, Country, Currency, LanguageCode, Line, Month, Prose, ThemeCode
from backbone.contracts.vocabularies import AuthorityType, Continent, Kind, SheetLanguage

TITLE, SUMMARY, DESCRIPTION, DOCUMENTS = 120, 300, 8_000, 10
Status = Literal["open", "partnered", "expired"]


def _web_address(value: str) -> str:
    # kept as typed: an AnyHttpUrl would come back with a slash that nobody wrote
    if not Url(value).host or not value.startswith(("http://", "https://")):
        raise PydanticCustomError("web_address", "must be a web address that starts with http:// or https://")
    AnyHttpUrl(value)
    return value


def _each_once(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise PydanticCustomError("repeated", "must not name the same value twice")
    return values


Each = AfterValidator(_each_once)
WebAddress = Annotated[Line, Field(max_length=300), AfterValidator(_web_address)]
ShortLine = Annotated[Line, Field(max_length=200)]
Point = Annotated[Line, Field(max_length=300)]
Amount = Annotated[float, Field(ge=0, le=1e12)]


class Model(BaseModel):
    """A part of a contract: frozen, types as in JSON (no guessing), unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Place(Model):
    """A point, WGS 84 degrees."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class NamedPlace(Place):
    """A point with the name that people there give it."""

    name: ShortLine


class Contact(Model):
    """Someone to write to; shown to the public only where `public` is true."""

    name: ShortLine
    function: ShortLine | None = None
    email: EmailStr = Field(max_length=254)
    phone: Annotated[Line, Field(max_length=40)] | None = None
    public: bool = False


class Authority(Model):
    """A local authority. `ref` is its permanent identifier, given by the Bourse where the depositor gives none."""

    ref: Code | None = None
    name: ShortLine
    type: AuthorityType
    country: Country
    region: ShortLine | None = None
    location: Place | None = None
    population: int | None = Field(default=None, ge=0, le=2_000_000_000)
    languages: Annotated[list[LanguageCode], Field(max_length=20), Each] = Field(default_factory=list[LanguageCode])
    website: WebAddress | None = None
    presentation: Annotated[Prose, Field(max_length=2_000)] | None = None
    existing_partnerships: list[ShortLine] = Field(default_factory=list[ShortLine], max_length=50)
    contact: Contact


class Budget(Model):
    """Amounts in units of `currency` (ISO 4217); `secured` is the part of `total` already found."""

    total: Amount
    secured: Amount = 0
    currency: Currency

    @model_validator(mode="after")
    def _secured_within_total(self) -> Self:
        if self.secured > self.total:
            raise PydanticCustomError("secured_above_total", "secured must not be more than total")
        return self


class Period(Model):
    """Months, `YYYY-MM`; an open end is null."""

    start: Month
    end: Month | None = None

    @model_validator(mode="after")
    def _start_before_end(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise PydanticCustomError("dates_out_of_order", "end must not be before start")
        return self


class Document(Model):
    """A document of a sheet. Announced by its title alone, or deposited: then it has an `id` and what the file is.

    `size` in bytes, `sha256` in hexadecimal; these and `media_type` are set by the Bourse from the file itself.
    """

    title: ShortLine
    language: LanguageCode | None = None
    id: str | None = None
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None


class Project(Model):
    """What is deposited. A `demand` belongs to its authority's country, an `offer` to its `countries_sought`."""

    ref: Code | None = None
    kind: Kind
    language: SheetLanguage
    title: Annotated[Line, Field(max_length=TITLE)]
    summary: Annotated[Prose, Field(max_length=SUMMARY)]
    objectives: list[Point] = Field(min_length=1, max_length=10)
    description: Annotated[Prose, Field(max_length=DESCRIPTION)]
    partner_sought: Annotated[Prose, Field(max_length=1_500)]
    expected_results: list[Point] = Field(min_length=1, max_length=10)
    themes: Annotated[list[ThemeCode], Field(min_length=1, max_length=5), Each]
    sdgs: Annotated[list[Annotated[int, Field(ge=1, le=17)]], Field(max_length=17), Each] = Field(
        default_factory=list[int]
    )
    budget: Budget | None = None
    period: Period
    location: NamedPlace
    countries_sought: Annotated[list[Country], Field(max_length=50), Each] = Field(default_factory=list[Country])
    documents: list[Document] = Field(default_factory=list[Document], max_length=DOCUMENTS)

    @model_validator(mode="after")
    def _only_offers_seek_countries(self) -> Self:
        if self.kind == "demand" and self.countries_sought:
            raise PydanticCustomError("offer_only", "countries_sought is for offers only")
        return self


class Record(Model):
    """A deposit: an authority and its project, the record format of `data/README.md`."""

    authority: Authority
    project: Project

    def countries(self) -> list[str]:
        """Where the sheet belongs: the countries that an offer seeks, else the authority's."""
        return list(self.project.countries_sought) or [self.authority.country]


# what a draft may still lack, an empty answer included
_LACKING = frozenset({"missing", "string_too_short", "too_short"})


def errors_of(data: object, *, draft: bool) -> list[ErrorDetails]:
    """Everything wrong in a record; with `draft`, what is merely missing or empty is not counted."""
    try:
        Record.model_validate(data)
    except ValidationError as refused:
        found = refused.errors(include_url=False, include_input=False)
        return [error for error in found if not (draft and error["type"] in _LACKING)]
    return []


class PublicContact(Model):
    """A contact that its owner marked public."""

    name: str
    function: str | None = None
    email: str
    phone: str | None = None


class PublicAuthority(Model):
    """An authority as the public sees it: `contact` only where it was marked public."""

    ref: str
    name: str
    type: AuthorityType
    country: str
    region: str | None = None
    location: Place | None = None
    population: int | None = None
    languages: list[str] = Field(default_factory=list[str])
    website: str | None = None
    presentation: str | None = None
    existing_partnerships: list[str] = Field(default_factory=list[str])
    contact: PublicContact | None = None


class PublicPost(Model):
    """The post that published the sheet, with its public contacts; `name` by language."""

    code: str
    city: str
    name: Mapping[str, str]
    contacts: list[PublicContact] = Field(default_factory=list[PublicContact])


class PublicSheet(Model):
    """A published sheet, whole: what the catalogue shows, the search finds and outside consumers receive.

    `countries` and `continents` are where it belongs; `revision` the submitted state that was published; times are
    RFC 3339 UTC; `demonstration` marks fictional data.
    """

    model_config = ConfigDict(strict=False)

    id: str
    revision: int
    kind: Kind
    status: Status = "open"
    language: SheetLanguage
    title: str
    summary: str
    objectives: list[str]
    description: str
    partner_sought: str
    expected_results: list[str]
    themes: list[str]
    sdgs: list[int] = Field(default_factory=list[int])
    budget: Budget | None = None
    period: Period
    location: NamedPlace
    countries: list[str]
    continents: list[Continent]
    documents: list[Document] = Field(default_factory=list[Document])
    authority: PublicAuthority
    post: PublicPost | None = None
    ref: str | None = None
    first_published_at: datetime
    published_at: datetime
    demonstration: bool = False


def public_contact(contact: Contact) -> PublicContact | None:
    """The contact as the public may see it, if at all."""
    return PublicContact(**contact.model_dump(exclude={"public"})) if contact.public else None


def public_sheet(
    record: Record,
    *,
    project_id: str,
    revision: int,
    post: PublicPost | None,
    first_published_at: datetime,
    published_at: datetime,
    demonstration: bool,
) -> PublicSheet:
    """The public side of a submitted record: nothing but what was meant for the public."""
    authority, project = record.authority, record.project
    if authority.ref is None:
        raise ValueError("a submitted record names its authority by ref")
    return PublicSheet(
        # what `PublicSheet` does not declare stays private
        **project.model_dump(include=set(PublicSheet.model_fields) & set(Project.model_fields)),
        id=project_id,
        revision=revision,
        countries=record.countries(),
        continents=vocabularies.continents_of(record.countries()),
        authority=PublicAuthority(
            **authority.model_dump(exclude={"contact"}), contact=public_contact(authority.contact)
        ),
        post=post,
        first_published_at=first_published_at,
        published_at=published_at,
        demonstration=demonstration,
    )
