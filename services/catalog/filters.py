"""What lists and exports can be narrowed by: repeated values are OR within a filter, filters are ANDed."""

from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from backbone.contracts.text import Country, ThemeCode
from backbone.contracts.vocabularies import Continent, Kind, SheetLanguage


class Filters(BaseModel):
    """The query parameters that choose among the published sheets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    continent: list[Continent] = Field(default_factory=list[Continent])
    country: list[Country] = Field(default_factory=list[Country], description="ISO 3166-1 alpha-2, such as SN.")
    theme: list[ThemeCode] = Field(default_factory=list[ThemeCode])
    kind: list[Kind] = Field(default_factory=list[Kind])
    language: list[SheetLanguage] = Field(default_factory=list[SheetLanguage])


class Paging(BaseModel):
    """The query parameters of a list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(default=20, ge=1, le=100, description="Most items of a page.")
    cursor: str | None = Field(default=None, max_length=500, description="`cursor` of the page before.")


class SheetsPage(Filters, Paging):
    """The query parameters of the list of sheets."""


class PostsPage(Paging):
    """The query parameters of the list of posts."""

    country: list[Country] = Field(default_factory=list[Country], description="Posts that cover one of these.")


class FeedAsked(Filters):
    """The query parameters of the feed."""

    lang: SheetLanguage = Field(default="fr", description="Language of the feed's own words.")

    def encoded(self) -> str:
        """The filters as a query string."""
        return urlencode(self.model_dump(exclude={"lang"}, exclude_defaults=True), doseq=True)


class AddressesPage(Paging):
    """The query parameters of the list of addresses."""

    size: int = Field(default=1_000, ge=1, le=1_000, description="Most items of a page.")
