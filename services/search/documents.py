"""A published sheet as a document of the index, and a document as an item of an answer.

The sheet is kept whole and verbatim beside the fields that are searched: nothing that is answered is put together from
anything else, and the checksum of the index is one of the sheets themselves.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import orjson

from backbone.contracts import labels, vocabularies
from backbone.contracts.checksum import canonical, digest_of
from services.search import amounts, facets
from services.search.analysis import LANGUAGES

Sheet = Mapping[str, Any]
Codes = tuple[str, ...]

# raised when documents change in a way that the mapping does not show
EDITION: Final = 1

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

_TEXT: Final = {language: {"type": "text", "analyzer": language} for language in LANGUAGES}
_INTO: Final = {language: [f"text.{language}", "text.plain"] for language in LANGUAGES}


def _per_language(*also: str, **options: Any) -> dict[str, Any]:
    return {
        "properties": {
            language: {**_TEXT[language], "copy_to": [*_INTO[language], *also], **options} for language in LANGUAGES
        }
    }


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
        "title": _per_language("suggested"),
        "summary": _per_language(),
        "names": _per_language(),
        # searched through `text` alone, here for the highlighter
        "body": _per_language(index=False),
        "proper": {
            "type": "text",
            "analyzer": "plain",
            "copy_to": [*(f"text.{language}" for language in LANGUAGES), "text.plain"],
        },
        # all that is said of a sheet, by the rules of each language: where every word of a query must be found
        "text": {
            "properties": {
                name: {"type": "text", "analyzer": name, "index_options": "freqs"} for name in (*LANGUAGES, "plain")
            }
        },
        "suggested": {"type": "text", "analyzer": "plain"},
        "place": {"type": "text", "analyzer": "plain", "fields": {"exact": {"type": "keyword"}}},
        "authority": {"type": "text", "analyzer": "plain"},
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
    document: dict[str, Any] = {
        "id": project,
        "codes": [code for code in (project, sheet.get("ref"), authority["ref"]) if code],
        "gone": False,
        "digest": digest,
        **facets.fields(sheet),
        "published_at": sheet["published_at"],
        "period": _period(sheet["period"]),
        "location": {"lat": sheet["location"]["lat"], "lon": sheet["location"]["lon"]},
        "title": {language: _composed(sheet["title"])},
        "summary": {language: _composed(sheet["summary"])},
        "body": {language: [_composed(text) for text in _body(sheet)]},
        "names": _names(tuple(sheet["themes"]), tuple(sheet["countries"]), tuple(sheet["continents"])),
        "proper": [
            _composed(text) for text in (authority["name"], authority.get("region"), sheet["location"]["name"]) if text
        ],
        "place": sheet["location"]["name"],
        "authority": authority["name"],
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


def _body(sheet: Sheet) -> list[str]:
    return [
        *sheet["objectives"],
        sheet["description"],
        sheet["partner_sought"],
        *sheet["expected_results"],
        *(document["title"] for document in sheet.get("documents", ())),
    ]


@lru_cache(maxsize=4096)
def _names(themes: Codes, countries: Codes, continents: Codes) -> Mapping[str, Sequence[str]]:
    """What a sheet's codes are called in each language, so that a word in any of them finds it."""
    sources = (
        *((_theme_names, code) for code in themes),
        *((_country_names, code) for code in countries),
        *((_continent_names, code) for code in continents),
    )
    named = [names(code) for names, code in sources]
    return {language: [name for names in named for name in names[language]] for language in LANGUAGES}


@cache
def _theme_names(code: str) -> Mapping[str, Sequence[str]]:
    theme = vocabularies.themes().get(code)
    if theme is None:
        return dict.fromkeys(LANGUAGES, ())
    # the synonyms of the vocabulary are French
    return {language: [theme.label(language), *(theme.synonyms if language == "fr" else ())] for language in LANGUAGES}


@cache
def _country_names(code: str) -> Mapping[str, Sequence[str]]:
    return {language: [labels.country(code, language)] for language in LANGUAGES}


@cache
def _continent_names(code: str) -> Mapping[str, Sequence[str]]:
    return {language: [labels.continent(code, language)] for language in LANGUAGES}


def vocabulary() -> list[Any]:
    """All the names that documents are made with: where these change, the index is another."""
    return [
        [_theme_names(code) for code in vocabularies.themes()],
        [_country_names(code) for code in vocabularies.countries()],
        dict(amounts.rates()),
    ]


def item(sheet: dict[str, Any]) -> dict[str, Any]:
    """An item of an answer, from a sheet of which the engine gave `SOURCE_OF_ITEM`."""
    # documents may be absent: an engine leaves out what has nothing left of it
    sheet["documents"] = len(sheet.get("documents", ()))
    return sheet
