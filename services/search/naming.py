"""What a saved search is called where its owner gave it no name."""

import re
from collections.abc import Mapping
from typing import Final

from babel.numbers import format_currency

from services.search.facets import FACETS
from services.search.parameters import Filters

LONGEST_NAME: Final = 100
_EVERYTHING: Final[Mapping[str, str]] = {
    "fr": "Toutes les publications",
    "en": "All publications",
    "es": "Todas las publicaciones",
    "pt": "Todas as publicações",
    "ar": "كل المنشورات",
}
_QUOTED: Final[Mapping[str, str]] = {"fr": "«\u00a0{}\u00a0»", "en": "“{}”", "es": "«{}»", "pt": "«{}»", "ar": "«{}»"}
_OR: Final[Mapping[str, str]] = {"fr": "ou", "en": "or", "es": "o", "pt": "ou", "ar": "أو"}
# letters, marks of their scripts, figures and what words are written with: no address and no link can be made of it
_WORDS: Final = re.compile(r"[\w\s'’«»“”·,()&–-]+")
_MOST_VALUES: Final = 3


def describe(filters: Filters, language: str) -> str:
    """The words and the facets of a search, in `language`; at most `LONGEST_NAME` characters."""
    parts = [_QUOTED[language].format(filters.q)] if filters.q else []
    for facet in FACETS:
        values = sorted(filters.selections.get(facet.name, ()), key=facet.values.index)
        if values:
            named = [facet.label(value, language) for value in values[:_MOST_VALUES]]
            named += ["…"] if len(values) > _MOST_VALUES else []
            parts.append(f" {_OR[language]} ".join(named))
        if facet.bounds:
            low, high = (_bound(filters.bounds.get(side), language) for side in (facet.bounds.low, facet.bounds.high))
            if low or high:
                parts.append(_range(low, high))
    if filters.bbox is not None:
        parts.append(", ".join(f"{degrees:g}°" for degrees in filters.bbox))
    if filters.near is not None:
        parts.append(f"≤ {filters.near.km:g} km ({filters.near.lat:g}°, {filters.near.lon:g}°)")
    whole = " · ".join(parts) or _EVERYTHING[language]
    return whole if len(whole) <= LONGEST_NAME else f"{whole[: LONGEST_NAME - 1].rstrip()}…"


def is_harmless(name: str) -> bool:
    """Whether a name that someone typed may be sent to an address that is not confirmed to be theirs."""
    return _WORDS.fullmatch(name) is not None


def _bound(bound: float | str | None, language: str) -> str | None:
    """An amount in euros, or a month as it is."""
    if bound is None or isinstance(bound, str):
        return bound
    return format_currency(bound, "EUR", format="#,##0 ¤", locale=language, currency_digits=False)


def _range(low: str | None, high: str | None) -> str:
    if low is None:
        return f"≤ {high}"
    return f"≥ {low}" if high is None else f"{low} – {high}"
