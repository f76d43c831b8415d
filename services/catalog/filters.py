"""What lists and exports can be narrowed by: repeated values are OR within a filter, filters are ANDed."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from backbone.contracts.sheet import Amount, Status
from backbone.contracts.text import Country, Month, ThemeCode
from backbone.contracts.vocabularies import AuthorityType, BudgetBracket, Continent, Kind, SheetLanguage

Goal = Annotated[int, Field(ge=1, le=17)]
Year = Annotated[str, StringConstraints(pattern="^(?:19|20|21)[0-9]{2}$")]
Flag = Literal["true", "false"]
Euros = Annotated[Amount, Field(allow_inf_nan=False)]


class Filters(BaseModel):
    """The query parameters that choose among the published sheets: those of a search but for words and places."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    continent: list[Continent] = Field(default_factory=list[Continent])
    country: list[Country] = Field(default_factory=list[Country], description="ISO 3166-1 alpha-2, such as SN.")
    theme: list[ThemeCode] = Field(default_factory=list[ThemeCode])
    kind: list[Kind] = Field(default_factory=list[Kind])
    status: list[Status] = Field(default_factory=list[Status])
    budget: list[BudgetBracket] = Field(
        default_factory=list[BudgetBracket],
        description="Bracket of the total budget, in euros: from the first amount to below the second.",
    )
    budget_min: Euros | None = Field(default=None, description="Least total budget, in euros.")
    budget_max: Euros | None = Field(default=None, description="Greatest total budget, in euros.")
    period: list[Year] = Field(default_factory=list[Year], description="Year in which the project runs.")
    period_from: Month | None = Field(default=None, description="Month in or after which the project still runs.")
    period_to: Month | None = Field(default=None, description="Month in or before which the project has begun.")
    authority_type: list[AuthorityType] = Field(default_factory=list[AuthorityType])
    has_documents: list[Flag] = Field(
        default_factory=list[Flag], description="Whether the sheet has documents, announced ones among them."
    )
    language: list[SheetLanguage] = Field(default_factory=list[SheetLanguage])
    sdg: list[Goal] = Field(default_factory=list[Goal], description="Sustainable development goal, 1 to 17.")

    @field_validator("budget_max", "period_to")
    @classmethod
    def _not_below_the_other_end(cls, value: float | str | None, info: ValidationInfo) -> float | str | None:
        low = {"budget_max": "budget_min", "period_to": "period_from"}[info.field_name or ""]
        least = info.data.get(low)
        if value is not None and least is not None and value < least:
            raise PydanticCustomError("out_of_order", "must not be less than {low}", {"low": low})
        return value


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
