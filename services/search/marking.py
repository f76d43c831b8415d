"""What is marked in the texts of a sheet that was found: the words typed, and the names that mean the same."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.search.lexicon import Cut
from services.search.text import LANGUAGES, Text

Body = dict[str, Any]

MOST_MARKED: Final = 100  # acronyms and longer names in each language

_FRAGMENTS: Final[Mapping[str, Body]] = {
    "title": {"number_of_fragments": 0},
    "summary": {"number_of_fragments": 0},
    "aims": {"number_of_fragments": 1, "fragment_size": 160},
    "body": {"number_of_fragments": 2, "fragment_size": 160},
}


def marked(text: Text) -> Body:
    """The `highlight` of a request: each field by the names of its own language. A French sale (vente) has the stem of
    the Portuguese wind (vento), and is none.
    """
    concepts = [concept for part in text.words.parts if part.named for concept in part.named.concepts]
    cuts = [text.thesaurus.cut(concept) for concept in dict.fromkeys(concepts)]
    queries = {language: _names(text, cuts, language) for language in LANGUAGES}
    return {
        "encoder": "html",  # what people typed comes out escaped; the marks are the only tags
        "pre_tags": ["<mark>"],
        "post_tags": ["</mark>"],
        "require_field_match": False,
        "fields": {
            f"{field}.{language}": {**fragments, "highlight_query": query}
            for field, fragments in _FRAGMENTS.items()
            for language, query in queries.items()
        },
    }


def _names(text: Text, cuts: Sequence[Cut], language: str) -> Body:
    field = f"text.{language}"
    terms = sorted({term for names in cuts for term in names.single.get(language, ())})
    acronyms = [names.acronyms[language] for names in cuts if language in names.acronyms][:MOST_MARKED]
    return {
        "bool": {
            "should": [
                *_typed(text, field),
                *([{"terms": {field: terms}}] if terms else ()),
                *({"match": {field: acronym}} for acronym in acronyms),
                *({"match_phrase": {field: form}} for form in _longer(cuts, language, text.width)[:MOST_MARKED]),
            ]
        }
    }


def _typed(text: Text, field: str) -> list[Body]:
    # of e-commerce the rules of Spanish leave comercio
    typed = [part for part in text.words.parts if not text.thesaurus.is_bared(part.text)]
    return [{"match_phrase" if part.is_compound else "match": {field: part.text}} for part in typed]


def _longer(cuts: Sequence[Cut], language: str, most: int) -> list[str]:
    return [form for names in cuts for form in names.phrases.get(language, ())[:most]]
