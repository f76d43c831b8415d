"""How titles, places and authorities are found by the words typed so far: the beginnings of their words are indexed.

To look up a beginning is then to look up a term, however many words begin so: what a prefix query would expand at every
keystroke is expanded once. A word is found by its beginning (`typed.*`), a whole label by its own (`typed.*.begins`).
What is indexed and what is typed are made alike here (`normal`), for the vocabularies in memory too.
"""

import re
import unicodedata
from typing import Any, Final

from services.search.analysis import FRENCH_ARTICLES

# longer beginnings are cut on both sides: a word of fifteen letters has few others like it
LONGEST_WORD: Final = 15
LONGEST_LABEL: Final = 12

_ELIDED: Final = re.compile(rf"\b(?:{'|'.join(FRENCH_ARTICLES)})['’](?=\w)")
# the accents of our languages, Arabic's vowels; what else combines ends a word
_MARKS: Final = re.compile("[\u0300-\u036f\u0483-\u0489\u064b-\u065f\u0670]+")
_NO_WORD: Final = re.compile(r"[\W_]+")
_ARTICLE: Final = re.compile(r"\b(?:[وبفك]?ال|و?لل)(?=\w\w)")
_LETTERS: Final = str.maketrans(
    {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "ı": "i", "ة": "ه", "ى": "ي", "ـ": ""}
)

FILTERS: Final[dict[str, Any]] = {
    "word_beginnings": {"type": "edge_ngram", "min_gram": 1, "max_gram": LONGEST_WORD},
    "word_cut": {"type": "truncate", "length": LONGEST_WORD},
    "label_beginnings": {"type": "edge_ngram", "min_gram": 1, "max_gram": LONGEST_LABEL},
    "label_cut": {"type": "truncate", "length": LONGEST_LABEL},
}
# what comes here is `normal` already
ANALYZERS: Final[dict[str, Any]] = {
    "typed_words": {"tokenizer": "whitespace", "filter": ["word_beginnings"]},
    "typed_words_asked": {"tokenizer": "whitespace", "filter": ["word_cut"]},
    "typed_label": {"tokenizer": "keyword", "filter": ["label_beginnings"]},
    "typed_label_asked": {"tokenizer": "keyword", "filter": ["label_cut"]},
}


def _text(analyzer: str) -> dict[str, Any]:
    return {
        "type": "text",
        "analyzer": analyzer,
        "search_analyzer": f"{analyzer}_asked",
        "index_options": "docs",
        "norms": False,
    }


MAPPING: Final[dict[str, Any]] = {
    "properties": {
        name: {**_text("typed_words"), "fields": {"begins": _text("typed_label")}}
        for name in ("title", "place", "authority")
    }
}


def normal(text: str) -> str:
    """The words of a text as they are compared: without accents, capitals, elided articles, marks."""
    plain = _ELIDED.sub("", text.casefold())
    apart = _MARKS.sub("", unicodedata.normalize("NFKD", plain))
    return " ".join(_NO_WORD.sub(" ", apart.translate(_LETTERS)).split())


def typed(text: str) -> str:
    """What was typed so far, as it is compared: « Côte d », on its way to Côte d’Ivoire, is côte."""
    *before, last = normal(text).split() or [""]
    return " ".join(before if before and last in FRENCH_ARTICLES else [*before, last])


def beginnings(text: str) -> list[str]:
    """A label as it is compared. Arabic writes its article, and what precedes it, as one word with the noun: once more
    without them."""
    whole = normal(text)
    nouns = whole if whole.isascii() else _ARTICLE.sub("", whole)
    return [whole] if nouns == whole else [whole, nouns]


def with_ours(analysis: dict[str, Any]) -> dict[str, Any]:
    """The analysis of an index, with what suggestions need."""
    return {
        **analysis,
        "filter": {**analysis["filter"], **FILTERS},
        "analyzer": {**analysis["analyzer"], **ANALYZERS},
    }
