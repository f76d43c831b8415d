"""The closed lists that sheets draw from: continents, countries, themes, currencies, languages, kinds, posts' seeds."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, cast, get_args

from pydantic import BaseModel, ConfigDict

Kind = Literal["demand", "offer"]
Continent = Literal["africa", "americas", "asia", "europe", "oceania"]
SheetLanguage = Literal["fr", "en", "es", "pt", "ar"]
Frequency = Literal["immediate", "daily", "weekly"]  # of the alerts of a saved search
AuthorityType = Literal[
    "commune",
    "intercommunality",
    "department",
    "region",
    "province",
    "metropolis",
    "federation",
    "traditional-authority",
]
# of a project's total, in euros: from the first amount to below the second; `none` without an amount to compare
BudgetBracket = Literal[
    "0-10000",
    "10000-50000",
    "50000-100000",
    "100000-250000",
    "250000-500000",
    "500000-1000000",
    "1000000-",
    "none",
]

KINDS: Final = get_args(Kind)
CONTINENTS: Final = get_args(Continent)
LANGUAGES: Final = get_args(SheetLanguage)
FREQUENCIES: Final = get_args(Frequency)
AUTHORITY_TYPES: Final = get_args(AuthorityType)
BUDGET_BRACKETS: Final = get_args(BudgetBracket)
# the years that a sheet's period can have
YEARS: Final = range(1900, 2200)


class Theme(BaseModel):
    """One theme of the vocabulary; labels in the five languages, `synonyms` as people type them, `sdgs` 1 to 17."""

    model_config = ConfigDict(frozen=True)

    code: str
    fr: str
    en: str
    es: str
    pt: str
    ar: str
    synonyms: tuple[str, ...] = ()
    sdgs: tuple[int, ...] = ()
    seed: bool = False

    def label(self, language: str) -> str:
        """The label in `language`, French where there is none."""
        return str(getattr(self, language, self.fr))


def _data(name: str) -> Any:
    return json.loads(resources.files("backbone.contracts").joinpath("data", name).read_text(encoding="utf-8"))


@cache
def themes() -> Mapping[str, Theme]:
    """Theme code to theme, in the vocabulary's order."""
    return {entry["code"]: Theme.model_validate(entry) for entry in _data("themes.json")}


@cache
def countries() -> Mapping[str, Continent]:
    """ISO 3166-1 alpha-2 code to continent (UN geoscheme)."""
    return cast("dict[str, Continent]", _data("countries.json"))


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes in use."""
    return frozenset(_data("currencies.json"))


@cache
def seed_posts() -> tuple[Mapping[str, Any], ...]:
    """The posts that a new stack starts with: code, city, country, covers, name by language, languages, location."""
    return tuple(_data("posts.json"))


def continents_of(codes: Iterable[str]) -> list[Continent]:
    """The continents of these countries, each once, in the order of `CONTINENTS`."""
    found = {countries()[code] for code in codes}
    return [continent for continent in CONTINENTS if continent in found]
