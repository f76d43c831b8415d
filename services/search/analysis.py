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

# small words that make another thing of the one beside them: sans-papiers is not paper, sem-teto no roof. With a mark
# at their end they are none of those that the rules of a language leave out
_KEPT: Final = {
    "fr": "sans pas soi",
    "en": "no not",
    "es": "sin no ni fuera más poco estado estados este todo todos todas",
    "pt": "sem não nem fora mais só",
    "ar": "عن بعد قبل بين غير لا",
}


def _kept(language: str) -> dict[str, Any]:
    return {"type": "stemmer_override", "rules": [f"{word} => {word}_" for word in _KEPT[language].split()]}


ANALYSIS: Final[dict[str, Any]] = {
    "char_filter": {
        "characters": {
            "type": "mapping",
            "mappings": [*(f"{char}=>'" for char in _APOSTROPHES), *(f"{char}=>" for char in _INVISIBLE)],
        },
    },
    "filter": {
        "fr_elision": {"type": "elision", "articles_case": True, "articles": list(FRENCH_ARTICLES)},
        "fr_kept": _kept("fr"),
        "fr_stop": {"type": "stop", "stopwords": "_french_"},
        "fr_words": {"type": "stemmer_override", "rules": list(stems.FRENCH)},
        "fr_stem": {"type": "stemmer", "language": "light_french"},
        "en_possessive": {"type": "stemmer", "language": "possessive_english"},
        "en_kept": _kept("en"),
        "en_stop": {"type": "stop", "stopwords": "_english_"},
        "en_stem": {"type": "stemmer", "language": "light_english"},
        "es_kept": _kept("es"),
        "es_stop": {"type": "stop", "stopwords": "_spanish_"},
        "es_stem": {"type": "stemmer", "language": "light_spanish"},
        "pt_kept": _kept("pt"),
        "pt_stop": {"type": "stop", "stopwords": "_portuguese_"},
        "pt_stem": {"type": "stemmer", "language": "light_portuguese"},
        "ar_kept": _kept("ar"),
        "ar_stop": {"type": "stop", "stopwords": "_arabic_"},
        "ar_stem": {"type": "stemmer", "language": "arabic"},
    },
    "analyzer": {
        "fr": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": ["fr_elision", "lowercase", "fr_kept", "fr_stop", "asciifolding", "fr_words", "fr_stem"],
        },
        "en": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": ["en_possessive", "lowercase", "en_kept", "en_stop", "asciifolding", "en_stem"],
        },
        "es": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": ["lowercase", "es_kept", "es_stop", "asciifolding", "es_stem"],
        },
        # its stemmer tells ões from oes: folded after it
        "pt": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": ["lowercase", "pt_kept", "pt_stop", "pt_stem", "asciifolding"],
        },
        "ar": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": [
                "lowercase",
                "decimal_digit",
                "ar_kept",
                "ar_stop",
                "arabic_normalization",
                "ar_stem",
                "asciifolding",
            ],
        },
        "plain": {
            "char_filter": _CHARACTERS,
            "tokenizer": "standard",
            "filter": ["fr_elision", "lowercase", "decimal_digit", "arabic_normalization", "asciifolding"],
        },
    },
}
