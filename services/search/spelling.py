"""How words are compared where no engine does it: folded, without elision, singular and plural alike."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import filterfalse
from typing import Final

_APOSTROPHES: Final = dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u02b9\u0060\u00b4\u2032\uff07"), "'")
_HYPHENS: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2212"), "-")
_NOTHING: Final = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u0640"))
_PLAIN: Final = _APOSTROPHES | _HYPHENS | _NOTHING
_ODD: Final = re.compile(f"[{''.join(map(chr, _PLAIN))}]")
# O.N.G., S.I.G
_DOTTED: Final = re.compile(r"\b(?:[^\W\d_]\.){2,}[^\W\d_]?(?![^\W\d_])|\b(?:[^\W\d_]\.){1,}[^\W\d_]\b(?!\.?\w)")
_APOSTROPHE: Final = "'" + "".join(map(chr, _APOSTROPHES))
# between what it may hold together; of l'eau, the most frequent by far, it holds nothing. The mark itself comes first
# and what is around it after: so a text is skimmed for marks
_HOLDING: Final = re.compile(
    rf"[.\-{''.join(map(chr, _HYPHENS))}{_APOSTROPHE}](?=\S)(?<=\S.)"
    rf"(?:(?<![{_APOSTROPHE}])|(?<![\s(«\"][ltnsmjdcLTNSMJDC].)|(?=[^\W\d_a-zà-ÿ]))"
)
_HELD: Final = re.compile(r"[^\W_]+(?:['\-][^\W_]+)+")
_WORD: Final = re.compile(r"[^\W_]+(?:['\-][^\W_]+)*")
# the syllables of Japanese among them, which are no words either
_IDEOGRAPH: Final = re.compile("[\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00016fe0-\U0001b2ff\U00020000-\U0003ffff]")
_ELIDED: Final = re.compile(r"^(?:[ltnsmjdc]|qu|jusqu|lorsqu|puisqu|quoiqu)'(?=.)", re.IGNORECASE)
_ARABIC: Final = str.maketrans("أإآٱىةؤئ", "اااايهوي")
_ARABIC_ARTICLE: Final = re.compile("^(?:وال|بال|كال|فال|لل|ال)(?=..)")


def plain(text: str) -> str:
    """Composed, with one kind of apostrophe and hyphen, acronyms without dots, nothing invisible, single spaces."""
    if text.isascii() and "." not in text and "`" not in text:
        return " ".join(text.split())
    text = _even(unicodedata.normalize("NFC", text))
    if "." in text:
        text = _DOTTED.sub(lambda found: found.group().replace(".", ""), text)
    return " ".join(text.split())


def _even(text: str) -> str:
    return text.translate(_PLAIN) if _ODD.search(text) else text


def words(text: str) -> list[str]:
    """The words of a plain text; what is held together by a hyphen or an apostrophe is one."""
    return _WORD.findall(text)


def tokens(word: str) -> list[str]:
    """What the engines make of a word, at most: what is held together by a hyphen or an apostrophe apart, an ideograph
    and a number that is no digit each by itself.
    """
    return "".join(f" {char} " if _is_alone(char) else " " if char in "-'" else char for char in word).split()


def _is_alone(char: str) -> bool:
    return bool(_IDEOGRAPH.match(char)) or (char.isnumeric() and not char.isdecimal())


def without_elision(word: str) -> str:
    """A word without the French article or pronoun that leans on it."""
    return _ELIDED.sub("", word) if "'" in word else word


def pieces(typed: Iterable[str]) -> list[str]:
    """Words without what leans on them, those that a hyphen holds together apart."""
    return [one for word in typed for one in without_elision(word).split("-")]


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """Lower case, without accents; the letters that Arabic spells in several ways in one."""
    if text.isascii() and "`" not in text:
        return text.lower()
    decomposed = unicodedata.normalize("NFD", _even(text).casefold())
    bare = "".join(filterfalse(unicodedata.combining, decomposed))
    return bare.replace("œ", "oe").replace("æ", "ae").translate(_ARABIC)


@lru_cache(maxsize=100_000)
def key(word: str) -> str:
    """What the forms of a word share, number and a final e apart: écoles and école, ciudades and ciudad."""
    folded = fold(without_elision(_even(word)))
    if not folded.isascii():
        return _ARABIC_ARTICLE.sub("", folded)
    if len(folded) <= 3:
        return folded
    if len(folded) > 5 and folded.endswith("aux"):
        return folded[:-3] + "al"
    if len(folded) > 5 and folded.endswith("oes"):
        return folded[:-3] + "ao"
    if folded[-1] in "sx" and not folded.endswith("ss"):
        folded = folded[:-1]
    if len(folded) > 4 and folded[-1] == "e":  # hive is not HIV
        folded = folded[:-1]
    return folded[:-1] + "i" if folded[-1] == "y" else folded


def keys(text: str) -> tuple[str, ...]:
    """The keys of the words of a text; parts of a hyphenated word count each."""
    return tuple(map(key, words(plain(text).replace("-", " "))))


def joined(text: str) -> list[str]:
    """What is held together by hyphens, apostrophes or dots, each once, as one who leaves these out writes it:
    écotourisme, Ndjamena, ONG.
    """
    found: dict[str, None] = {}
    text = f" {text}"
    end = 0
    for place in _HOLDING.finditer(text):
        start = place.start()
        if start < end:
            continue
        before, after = text[:start].rsplit(None, 1)[-1], text[start:].split(None, 1)[0]
        end = start + len(after)
        found.update(dict.fromkeys(_joined_in(before + after)))
    return list(found)


@lru_cache(maxsize=50_000)
def _joined_in(token: str) -> tuple[str, ...]:
    bare = _even(unicodedata.normalize("NFC", token))
    acronyms = [acronym.replace(".", "") for acronym in _DOTTED.findall(bare)]
    # N'Djamena is held together, l'eau is not
    held = [word if word[2:3].isupper() else without_elision(word) for word in _HELD.findall(bare)]
    return (*acronyms, *(word.replace("-", "").replace("'", "") for word in held if not word.isalnum()))


def is_one(text: str) -> bool:
    """Whether it is one word, and not several held together by hyphens."""
    return " " not in text and "-" not in text


def is_acronym(word: str) -> bool:
    """Whether it is written as one."""
    return 2 <= len(word) <= LONGEST_ACRONYM and word.isalpha() and word.isupper()


# what is put before a word in all of the Latin languages: without ecotourism, tourism is better than nothing
_BEFORE: Final = (
    *("aero", "afro", "agro", "anti", "auto", "bio", "ciclo", "cyber", "cyclo", "eco", "electro", "ethno", "euro"),
    *("geo", "hydro", "infra", "inter", "micro", "mini", "moto", "multi", "para", "peri", "photo", "pluri", "psycho"),
    *("semi", "socio", "sylvo", "tele", "thermo", "trans"),
)
_LEAST_BASE: Final = 5
LONGEST_ACRONYM: Final = 6


def bases(word: str) -> list[str]:
    """The words that a compound is made of, less what is only put before one: socio-culturel of culturel."""
    parts = word.split("-")
    if len(parts) > 1:
        return [part for part in parts if len(part) >= _LEAST_BASE and fold(part) not in _BEFORE]
    folded = fold(word)
    ends = [word[len(before) :] for before in _BEFORE if folded.startswith(before) and len(folded) == len(word)]
    return [end for end in ends if len(end) > _LEAST_BASE]
