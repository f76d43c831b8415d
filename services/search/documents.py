"""A published sheet as a document of the index, and a document as an item of an answer.

The sheet is kept whole and verbatim beside the fields that are searched: nothing that is answered is put together from
anything else, and the checksum of the index is one of the sheets themselves.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from backbone.contracts import amounts, labels, vocabularies
from backbone.contracts.checksum import canonical, digest_of
from services.search import facets, places, prefixes
from services.search.analysis import LANGUAGES
from services.search.spelling import joined, plain, words

Sheet = Mapping[str, Any]
Codes = tuple[str, ...]

# raised when documents change in a way that the mapping does not show
EDITION: Final = 2
LONGEST_TOWN: Final = 3  # words

ITEM_FIELDS: Final = (
    *("id", "revision", "kind", "status", "language", "title", "summary", "themes", "sdgs", "countries", "continents"),
    *("location", "budget", "period", "published_at", "demonstration"),
)
AUTHORITY_FIELDS: Final = ("ref", "name", "type", "country", "region")
SOURCE_OF_ITEM: Final = [
    *(f"sheet.{field}" for field in ITEM_FIELDS),
    *(f"sheet.authority.{field}" for field in AUTHORITY_FIELDS),
    "sheet.documents.title",
]


def _per_language(*also: str) -> dict[str, Any]:
    return {
        "properties": {
            language: {"type": "text", "analyzer": language, "copy_to": ["spelling", f"text.{language}", *also]}
            for language in LANGUAGES
        }
    }


# how rare a name is, and nothing else: the engines' own BM25 differ by a factor of k1 + 1
SIMILARITY: Final = {"rarity": {"type": "BM25", "k1": 0.0, "b": 0.0}}

MAPPING: Final[dict[str, Any]] = {
    "dynamic": "strict",
    "properties": {
        "id": {"type": "keyword"},
        # what people copy from an address or a mail
        "codes": {"type": "keyword"},
        "gone": {"type": "boolean"},
        # compared after a rebuild, never searched
        "digest": {"type": "keyword", "index": False},
        **facets.mapping(),
        "published_at": {"type": "date"},
        "budget": {"type": "long"},
        "period": {"type": "date_range", "format": "yyyy-MM"},
        "location": {"type": "geo_point"},
        # its first theme is what a sheet is about, and how much of it is filled in is what it is worth: for the ranking
        "main_theme": {"type": "keyword"},
        "completeness": {"type": "float"},
        # what a sheet says, by the rules of its language
        "title": _per_language(),
        "summary": _per_language(),
        "aims": _per_language(),
        "body": _per_language(),
        # all of that in one field, for phrases and for marking words
        "text": {"properties": {language: {"type": "text", "analyzer": language} for language in LANGUAGES}},
        # the names in it, as they are; what these are called elsewhere; how they sound
        "proper": {"type": "text", "analyzer": "plain", "similarity": "rarity", "copy_to": "spelling"},
        "elsewhere": {"type": "text", "analyzer": "plain", "similarity": "rarity", "copy_to": "spelling"},
        "sounds": {"type": "keyword"},
        # every word of it as it is written: what a typed word may have been meant as
        "spelling": {"type": "text", "analyzer": "plain", "index_options": "docs", "norms": False},
        "typed": prefixes.MAPPING,
        "place": {"type": "keyword"},
        "authority_key": {"type": "keyword"},
        # one that was renamed is still one
        "authority_ref": {"type": "keyword"},
        "sheet": {"type": "object", "enabled": False},
    },
}


@dataclass(frozen=True)
class Write:
    """One document to write under the rule of versions.

    `version` is the event's, `source` the document as JSON, `digest` stands for the sheet in a checksum (None for one
    that is gone).
    """

    id: str
    version: int
    source: bytes
    digest: str | None = None


def published(sheet: Sheet, version: int) -> Write:
    """The document of a published sheet, as parsed from its event."""
    project, language, authority = sheet["id"], sheet["language"], sheet["authority"]
    text = canonical(sheet)
    digest = digest_of(project, version, text)
    names = (authority["name"], authority.get("region"), sheet["location"]["name"])
    proper = [_composed(name) for name in names if name]
    document: dict[str, Any] = {
        "id": project,
        "codes": [code for code in (project, sheet.get("ref"), authority["ref"]) if code],
        "gone": False,
        "digest": digest,
        **facets.fields(sheet),
        "published_at": sheet["published_at"],
        "period": _period(sheet["period"]),
        "location": {"lat": sheet["location"]["lat"], "lon": sheet["location"]["lon"]},
        "main_theme": sheet["themes"][0],
        "completeness": _completeness(sheet),
        "title": {language: _composed(sheet["title"])},
        "summary": {language: _composed(sheet["summary"])},
        "aims": {language: [_composed(text) for text in _aims(sheet)]},
        "body": {language: [_composed(text) for text in _body(sheet)]},
        "proper": proper,
        "elsewhere": _elsewhere(sheet, proper),
        "sounds": _sounds(tuple(proper)),
        "place": sheet["location"]["name"],
        "typed": {
            "title": prefixes.beginnings(sheet["title"]),
            "place": _beginnings(sheet["location"]["name"]),
            "authority": _beginnings(authority["name"]),
        },
        "authority_key": f"{authority['ref']}\t{authority['name']}",
        "authority_ref": authority["ref"],
        "sheet": orjson.Fragment(text),
    }
    budget = amounts.in_euros(sheet.get("budget"))
    if budget is not None:
        document["budget"] = budget
    # encoded at once: thousands of documents kept as objects make Python's garbage collector the bottleneck
    return Write(project, version, orjson.dumps(document), digest)


def unpublished(project: str, version: int) -> Write:
    """What is left of a sheet that is gone: a stone that refuses every older version for ever."""
    return Write(project, version, orjson.dumps({"id": project, "gone": True}))


def _period(period: Sheet) -> dict[str, str]:
    """A range of months; an open end goes on for ever."""
    return {"gte": period["start"], **({"lte": period["end"]} if period.get("end") else {})}


def _composed(text: str) -> str:
    # an accent apart from its letter, as some PDFs have it, would not be folded
    return unicodedata.normalize("NFC", text)


def _aims(sheet: Sheet) -> list[str]:
    titles = (document["title"] for document in sheet.get("documents", ()))
    return [*sheet["objectives"], *sheet["expected_results"], *titles]


def _body(sheet: Sheet) -> list[str]:
    return [sheet["description"], sheet["partner_sought"]]


# what an authority may leave out and a reader misses
_OPTIONAL: Final = ("budget", "sdgs", "documents")
_OPTIONAL_OF_AUTHORITY: Final = ("presentation", "website", "population", "region", "contact")


def _completeness(sheet: Sheet) -> float:
    """How much of what may be left out is there, 0 to 1."""
    there = [bool(sheet.get(name)) for name in _OPTIONAL]
    there += [bool(sheet["authority"].get(name)) for name in _OPTIONAL_OF_AUTHORITY]
    there.append(bool(sheet["period"].get("end")))
    return round(sum(there) / len(there), 2)


def _elsewhere(sheet: Sheet, proper: Sequence[str]) -> list[str]:
    """What its places are called in other languages and spellings; its compounds and acronyms as one word."""
    countries = tuple(sheet["countries"])
    texts = " ".join((*proper, sheet["title"], sheet["summary"], *_aims(sheet), *_body(sheet)))
    return [
        *_countries_names(countries),
        *_towns_names(tuple(proper), sheet["authority"]["country"]),
        *joined(texts),
    ]


@lru_cache(maxsize=4096)
def _countries_names(countries: Codes) -> Sequence[str]:
    continents = vocabularies.continents_of(countries)
    return [
        *dict.fromkeys(labels.country(code, language) for code in countries for language in LANGUAGES),
        *dict.fromkeys(labels.continent(code, language) for code in continents for language in LANGUAGES),
    ]


@lru_cache(maxsize=50_000)
def _towns_names(proper: Codes, country: str) -> Sequence[str]:
    """The variants of the names in a name: Ville de Pikine, Communauté urbaine de Cotonou."""
    found: dict[str, None] = {}
    for name in proper:
        typed = words(plain(name))
        spans = [
            (start, end) for start in range(len(typed)) for end in range(start + 1, min(start + 4, len(typed) + 1))
        ]
        for start, end in spans:
            if typed[start][0].isupper() or not typed[start][0].isascii():
                found.update(dict.fromkeys(places.variants(" ".join(typed[start:end]), country)))
    return [plain(name) for name in found]


# of places and authorities, which have several sheets; a title has one
_beginnings: Final = lru_cache(maxsize=50_000)(prefixes.beginnings)


@lru_cache(maxsize=50_000)
def _sounds(proper: Codes) -> list[str]:
    found = {places.sound(word) for name in proper for word in (name, *words(plain(name)))}
    return sorted(found - {""})


def vocabulary() -> list[Any]:
    """All that documents are made with beside the sheets: where it changes, the index is another."""
    return [
        [_countries_names((code,)) for code in vocabularies.countries()],
        places.towns_edition(),
        dict(amounts.rates()),
        vocabularies.BUDGET_BRACKETS,
    ]


def item(sheet: dict[str, Any]) -> dict[str, Any]:
    """An item of an answer, from a sheet of which the engine gave `SOURCE_OF_ITEM`."""
    # documents may be absent: an engine leaves out what has nothing left of it
    sheet["documents"] = len(sheet.get("documents", ()))
    return sheet
