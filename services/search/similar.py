"""Sheets like another one: how likeness is weighed, and the reasons that are shown, each true of the two sheets.

Both must be published and share a theme. Words are compared by the rules of the first sheet's language; by which sheets
in others say their themes and countries too. Of the places, the nearest that two sheets share counts.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from backbone.contracts import labels, vocabularies
from services.search import documents
from services.search.places import neighbours

Body = dict[str, Any]
Sheet = Mapping[str, Any]
Hit = Mapping[str, Any]

# the greater, the more alike; what words say is added by the engine: one for a word or two in common, up to about ten
WEIGHTS: Final[Mapping[str, float]] = {
    "theme": 4,  # each
    "country": 4,
    "neighbouring_country": 2.5,
    "continent": 1,
    "kind": 1,
    "authority_type": 0.75,
    # less than anything else: of two that are as alike, the one that still seeks a partner
    "status": 0.25,
    "sdg": 0.5,  # each
}
# the fields that words are compared in, by language: more_like_this knows no wildcards
COMPARED: Final = ("title", "summary", "body")
SHOWN: Final = ("title", "summary")
WINDOW: Final = 50  # what is answered is chosen among the nearest
OF_ONE_AUTHORITY: Final = 2
MOST_OF_A_KIND: Final = 3
LEAST_WORDS: Final = 2  # one alone is chance
_MARKED: Final = re.compile(r"<mark>(.*?)</mark>")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")


# -- as the engine is asked --------------------------------------------------------------------------------------------


def one(project: str) -> Body:
    """The body for what `alike` needs of a published sheet."""
    return {
        "query": {"bool": {"filter": [{"term": {"id": project}}, {"term": {"gone": False}}]}},
        "size": 1,
        "_source": [*SHOWN, *documents.SOURCE_OF_ITEM],
    }


def alike(document: Mapping[str, Any]) -> Body:
    """The body for the sheets nearest to this one (its document's source)."""
    sheet: Sheet = document["sheet"]
    ((language, title),) = document["title"].items()
    said = [title, document["summary"][language]]
    words = {
        "fields": [f"{name}.{language}" for name in COMPARED],
        "like": said,
        "min_term_freq": 1,
        "min_doc_freq": 2,
        "max_query_terms": 40,
        "minimum_should_match": "20%",
        "_name": "words",
    }
    place = [
        _weighed("country", sheet["countries"], "country"),
        _weighed("country", sorted(neighbours(sheet["countries"])), "neighbouring_country"),
        _weighed("continent", sheet["continents"], "continent"),
    ]
    near = [
        *(_weighed("theme", [code]) for code in sheet["themes"]),
        *(_weighed("sdg", [str(number)]) for number in sheet.get("sdgs", ())),
        _weighed("kind", [sheet["kind"]]),
        _weighed("authority_type", [sheet["authority"]["type"]]),
        _weighed("status", ["open"]),
    ]
    return {
        "query": {
            "bool": {
                "should": [{"more_like_this": words}, {"dis_max": {"queries": place}}, *near],
                "filter": [{"term": {"gone": False}}, {"terms": {"theme": sheet["themes"]}}],
                "must_not": [{"term": {"id": sheet["id"]}}],
            }
        },
        # what the first sheet says, as each of the others says it
        "highlight": {
            "pre_tags": ["<mark>"],
            "post_tags": ["</mark>"],
            "fields": {
                field: {"number_of_fragments": 0, "highlight_query": {"match": {field: {"query": " ".join(said)}}}}
                for field in (f"{name}.{language}" for name in SHOWN)
            },
        },
        "sort": [{"_score": "desc"}, {"id": "asc"}],
        "size": WINDOW,
        "track_total_hits": False,
        "_source": documents.SOURCE_OF_ITEM,
    }


def _weighed(field: str, values: Sequence[str], reason: str | None = None) -> Body:
    """Whether a sheet has one of these values, with the weight of that reason."""
    return {"constant_score": {"filter": {"terms": {field: values}}, "boost": WEIGHTS[reason or field]}}


# -- as it is answered -------------------------------------------------------------------------------------------------


def answer(document: Mapping[str, Any], hits: Sequence[Hit], size: int, language: str) -> list[dict[str, Any]]:
    """The nearest sheets as items with their `reasons`."""
    words = {hit["_id"]: said for hit, said in zip(hits, words_in_common(document, hits), strict=True)}
    found: list[dict[str, Any]] = []
    for hit in varied(hits)[:size]:
        item = documents.item(hit["_source"]["sheet"])
        found.append({**item, "reasons": reasons(document["sheet"], item, words[hit["_id"]], language)})
    return found


def varied(hits: Sequence[Hit]) -> list[Hit]:
    """The same hits, those beyond two of one authority after all others."""
    seen: Counter[str] = Counter()
    first: list[Hit] = []
    rest: list[Hit] = []
    for hit in hits:
        authority = hit["_source"]["sheet"]["authority"]["ref"]
        seen[authority] += 1
        (first if seen[authority] <= OF_ONE_AUTHORITY else rest).append(hit)
    return first + rest


def words_in_common(document: Mapping[str, Any], hits: Sequence[Hit]) -> list[list[str]]:
    """For each hit the words that it says as the sheet does, those first that the fewest hits say.

    Only where the engine holds the two texts for alike, only words of a title (of the sheet or of the hit: the rest
    tells how more than what), and none that every other hit says as well.
    """
    sheet: Sheet = document["sheet"]
    title, summary = (set(_words(sheet[name])) for name in SHOWN)
    found = [_said_alike(hit, title, summary) for hit in hits]
    spread = Counter(word for words in found for word in words)
    usual = max(2, len(hits) // 2)
    told = [
        sorted((word for word in words if spread[word] <= usual), key=lambda word: (spread[word], -len(word), word))
        for words in found
    ]
    return [words if len(words) >= LEAST_WORDS else [] for words in told]


def _said_alike(hit: Hit, title: Set[str], summary: Set[str]) -> set[str]:
    if "words" not in hit.get("matched_queries", ()):
        return set()
    # a field is marked where it says, in whatever form, what the sheet says; words such as "the" never are
    marked = {
        field.partition(".")[0]: set(_words(" ".join(_MARKED.findall(" ".join(fragments)))))
        for field, fragments in hit.get("highlight", {}).items()
    }
    in_title, in_summary = (marked.get(name, set[str]()) for name in SHOWN)
    return ((in_title | in_summary) & title) | (in_title & summary)


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())


def reasons(sheet: Sheet, other: Sheet, words: Sequence[str], language: str) -> list[dict[str, str]]:
    """Why `other` is like `sheet`: `[{kind, value, label}]`, the strongest first, at most three of a kind."""
    shared = [code for code in other["countries"] if code in sheet["countries"]]
    bordering = neighbours(sheet["countries"])
    neighbouring = [code for code in other["countries"] if code in bordering]
    # a country says its continent
    said = set(vocabularies.continents_of([*shared, *neighbouring]))
    same_type = sheet["authority"]["type"] == other["authority"]["type"]
    found = {
        "theme": ([code for code in other["themes"] if code in sheet["themes"]], labels.theme),
        "country": (shared, labels.country),
        "neighbouring_country": (neighbouring, labels.country),
        "words": (words, _as_it_is),
        "continent": (
            [code for code in other["continents"] if code in sheet["continents"] and code not in said],
            labels.continent,
        ),
        "authority_type": ([other["authority"]["type"]] if same_type else [], labels.own("authority_type")),
    }
    return [
        {"kind": kind, "value": value, "label": label(value, language)}
        for kind, (values, label) in found.items()
        for value in values[:MOST_OF_A_KIND]
    ]


def _as_it_is(value: str, _language: str) -> str:
    return value
