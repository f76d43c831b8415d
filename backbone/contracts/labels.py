"""What values are called in the five languages: themes from the vocabulary, places and languages from CLDR."""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, cast

from babel import Locale
from babel.numbers import NumberPattern, format_currency, format_decimal, parse_pattern

from backbone.contracts import amounts, vocabularies

Labels = Callable[[str, str], str]  # (value, language) to label

LANGUAGES: Final = vocabularies.LANGUAGES
DEFAULT_LANGUAGE: Final = "fr"
_M49: Final = {"africa": "002", "americas": "019", "asia": "142", "europe": "150", "oceania": "009"}
_LETTER_BEFORE_FIGURE: Final = re.compile(r"(?<=[^\W\d_])(?=\d)")


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


@cache
def _own() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return json.loads(resources.files("backbone.contracts").joinpath("data", "labels.json").read_text(encoding="utf-8"))


@cache
def country(code: str, language: str) -> str:
    """The country's name; its code where CLDR has none."""
    names = cast("Mapping[str, str]", _locale(language).territories)
    return names.get(code) or code


@cache
def continent(code: str, language: str) -> str:
    return _locale(language).territories[_M49[code]]


@cache
def language_name(code: str, language: str) -> str:
    """The name of a language, with a capital as labels have."""
    names = cast("Mapping[str, str]", _locale(language).languages)
    name = names.get(code) or code
    return name[:1].upper() + name[1:]


def theme(code: str, language: str) -> str:
    """The theme's official label; its code where the vocabulary has lost it."""
    known = vocabularies.themes().get(code)
    return known.label(language) if known else code


def own(what: str) -> Labels:
    """The labels of what no vocabulary names: `labels.json`."""

    def label(value: str, language: str) -> str:
        names = _own()[what].get(value, {})
        return names.get(language) or names.get(DEFAULT_LANGUAGE) or value

    return label


@cache
def _whole_amounts(language: str) -> NumberPattern:
    formats = cast("Any", _locale(language)).currency_formats
    return parse_pattern(formats["standard"].pattern.replace("0.00", "0"))


def money(amount: float, currency: str, language: str) -> str:
    """An amount as the language writes it, without decimals."""
    written = format_currency(
        Decimal(str(amount)),
        currency,
        format=_whole_amounts(language),
        locale=_locale(language),
        currency_digits=False,
    )
    # CLDR: a symbol that ends in a letter stands apart from the figures
    return _LETTER_BEFORE_FIGURE.sub("\u00a0", written)


@cache
def budget_bracket(value: str, language: str) -> str:
    """A bracket of budgets, in euros."""
    low, high = amounts.edges(value)
    if low is None:
        return own("budget")("none", language)
    form = "above" if high is None else "between" if low else "under"
    return own("budget")(form, language).format(
        low=money(low, "EUR", language),
        high=money(high or 0, "EUR", language),
        figures=format_decimal(low, locale=_locale(language)),
    )


def year(value: str, _language: str) -> str:
    """A year: the same figures in all our languages."""
    return value


def facet(name: str, language: str) -> str:
    """What a facet is called."""
    return own("facet")(name, language)


def sdg(value: str, language: str) -> str:
    """The goal's number and short title."""
    return f"{value}. {own('sdg')(value, language)}"


@lru_cache(maxsize=1024)
def preferred(accept: str) -> str:
    """The first of our languages by the weights of an `Accept-Language` header; French where there is none."""
    weighted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept.split(",")[:20]):
        tag, _, parameters = part.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        language = tag.split("-")[0].lower()
        if language in LANGUAGES and weight > 0:
            weighted.append((-weight, place, language))
    return min(weighted)[2] if weighted else DEFAULT_LANGUAGE
