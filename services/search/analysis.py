"""How text is cut into terms: one analyzer for each language of the sheets, and one that takes words as they are.

Only what Elasticsearch 9 and OpenSearch 3 both have. Accents are folded before stemming, so that a word typed without
them meets the word written with them; Arabic is normalised (alef, yeh, digits, diacritics) by its own filters.
"""

from typing import Any, Final

from backbone.contracts import vocabularies
from services.search import stems

# an analyzer has the name of its language
LANGUAGES: Final = vocabularies.LANGUAGES

FRENCH_ARTICLES: Final = (
    *("l", "m", "t", "qu", "n", "s", "j", "d", "c", "jusqu", "quoiqu", "lorsqu", "puisqu"),
    *("aujourd", "entr", "presqu", "quelqu"),
)

_APOSTROPHES: Final = "\u2018\u02bc\u00b4\u0060\u2032\uff07"  # the typographic one is known to the engines
_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_CHARACTERS: Final = ["characters"]
_FRENCH_WORDS: Final = ("fr_elision", "lowercase", "fr_stop", "asciifolding", "fr_words")


def _replacing(**rules: tuple[str, str]) -> dict[str, Any]:
    """Filters that replace what a pattern finds in a word, by their name."""
    return {
        name: {"type": "pattern_replace", "pattern": pattern, "replacement": replacement}
        for name, (pattern, replacement) in rules.items()
    }


ANALYSIS: Final[dict[str, Any]] = {
    "char_filter": {
        "characters": {
            "type": "mapping",
            "mappings": [*(f"{char}=>'" for char in _APOSTROPHES), *(f"{char}=>" for char in _INVISIBLE)],
        },
    },
    "filter": {
        "fr_elision": {"type": "elision", "articles_case": True, "articles": list(FRENCH_ARTICLES)},
        "fr_stop": {"type": "stop", "stopwords": "_french_"},
        "fr_words": {"type": "stemmer_override", "rules": list(stems.FRENCH)},
        # number, gender and participles, and no more: a concert is no concertation, a refuge no réfugié
        **_replacing(
            fr_aux=(r"(?<=...)(?<!e)aux$", "al"),
            fr_plural=(r"(?<=eau)x$|(?<=..[^s_])[sx]$", ""),
            fr_trice=(r"(?<=..)trice$", "teu"),
            fr_gender=(r"(?<=..eu)(?:se|r)$|(?<=...i)(?:ve|f)$|(?<=..[eo]n)ne$|(?<=..el)le$|(?<=.....)e{1,2}$", ""),
        ),
        # what words are derived from, too
        "fr_root": {"type": "stemmer", "language": "light_french"},
        "en_possessive": {"type": "stemmer", "language": "possessive_english"},
        "en_stop": {"type": "stop", "stopwords": "_english_"},
        "en_stem": {"type": "stemmer", "language": "light_english"},
        "es_stop": {"type": "stop", "stopwords": "_spanish_"},
        "es_stem": {"type": "stemmer", "language": "light_spanish"},
        "pt_stop": {"type": "stop", "stopwords": "_portuguese_"},
        "pt_stem": {"type": "stemmer", "language": "light_portuguese"},
        "ar_stop": {"type": "stop", "stopwords": "_arabic_"},
        "ar_stem": {"type": "stemmer", "language": "arabic"},
    },
    "analyzer": {
        "fr": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": [*_FRENCH_WORDS, "fr_aux", "fr_plural", "fr_trice", "fr_gender"],
        },
        "fr_roots": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": [*_FRENCH_WORDS, "fr_root"],
        },
        "en": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": ["en_possessive", "lowercase", "en_stop", "asciifolding", "en_stem"],
        },
        "es": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": ["lowercase", "es_stop", "asciifolding", "es_stem"],
        },
        # its stemmer tells ões from oes: folded after it
        "pt": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": ["lowercase", "pt_stop", "pt_stem", "asciifolding"],
        },
        "ar": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": ["lowercase", "decimal_digit", "ar_stop", "arabic_normalization", "ar_stem", "asciifolding"],
        },
        "plain": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": ["fr_elision", "lowercase", "decimal_digit", "arabic_normalization", "asciifolding"],
        },
    },
}
