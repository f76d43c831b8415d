"""What a person typed, understood: pure functions, the thesaurus given.

A query is cut into parts: a word, or words that together name a concept, a theme or a country. Words that only hold
others together are left out, words that say little here (`generic`) need not be met.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.search.function_words import FUNCTION_WORDS
from services.search.spelling import fold, key, keys, pieces, plain, tokens, without_elision, words
from services.search.thesaurus import LEAST_MISSPELT, LONGEST_NAME, Named, Thesaurus

MOST_PARTS: Final = 6
MOST_BESIDE: Final = 3
MOST_HELD: Final = 8  # pieces: no name holds more together
LEAST_BEGUN: Final = 3  # letters of a word that may be unfinished
_LEAST_OF_A_NAME: Final = 2  # of the last word of a name of several
_SHORT_ACRONYM: Final = 4

# an article or pronoun that leans on the next word, typed without its apostrophe: d eau
_STRAY: Final = re.compile(r"(?<!\S)([ltnsmjdc]|qu) (?=[aeiouyhàâéèêëîïôûœ])", re.IGNORECASE)
_A_CODE: Final = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+){2,}")


@dataclass(frozen=True)
class Part:
    """One thing that a query names: its `words` as typed, and what the thesaurus knows them as."""

    words: tuple[str, ...]
    named: Named | None = None
    is_last: bool = False

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def is_compound(self) -> bool:
        """Whether it is a name that hyphens alone hold together."""
        return bool(self.named and self.named.concepts) and len(self.words) == 1 and "-" in self.text

    @property
    def is_inseparable(self) -> bool:
        """Whether its words in two places say nothing of it: micro-crédit, sans papiers."""
        content = [word for word in self.words if fold(word) not in FUNCTION_WORDS]
        return self.is_compound or len(content) < 2

    @property
    def is_ended(self) -> bool:
        """Whether no letter can be missing: who types few capitals, or a single letter, has ended it."""
        return len(self.text) < _LEAST_OF_A_NAME or (self.text.isupper() and len(self.text) <= _SHORT_ACRONYM)

    @property
    def may_be_begun(self) -> bool:
        """Whether its last letters may be missing."""
        return self.is_last and len(self.text) >= LEAST_BEGUN and not self.is_ended


@dataclass(frozen=True)
class Words:
    """A query understood: the parts that must be met, and those that say little here (`beside`)."""

    text: str
    parts: tuple[Part, ...] = ()
    beside: tuple[Part, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def is_code(self) -> bool:
        """Whether it looks like the identifier of a sheet or of an authority."""
        return bool(_A_CODE.fullmatch(self.text))

    @property
    def is_of_one_topic(self) -> bool:
        """Whether it names at most one thing that a search may be about."""
        return sum(part.named is not None and part.named.is_topic for part in self.parts) <= 1

    @property
    def unfinished(self) -> Part | None:
        """The part whose last letters may be missing."""
        return next((part for part in self.parts if part.may_be_begun), None)

    @property
    def doubtful(self) -> dict[str, str]:
        """The words that may be misspelt, by their folded form: no name, no code that a figure sets apart."""
        typed = [word for part in self.parts if part.named is None for word in part.words if not _has_figures(word)]
        return {fold(one): one for word in typed for one in word.split("-") if len(one) >= LEAST_MISSPELT}

    def first(self, count: int) -> "Words":
        """The query with so many of its parts."""
        return replace(self, parts=self.parts[:count])

    def without(self, left_out: Part) -> str:
        """The query without one of its parts."""
        dropped = list(left_out.words)
        kept: list[str] = []
        for word in _typed(self.text):
            if without_elision(word) in dropped:
                dropped.remove(without_elision(word))
            else:
                kept.append(word)
        return " ".join(kept)


NOTHING: Final = Words("")


def _has_figures(word: str) -> bool:
    return any(char.isdigit() for char in word)


def _typed(q: str) -> list[str]:
    """The words of a query; of what holds more together than a name does, each piece is one."""
    held = [(word, tokens(word)) for word in words(_STRAY.sub(r"\1'", plain(q)))]
    return [one for word, apart in held for one in ([word] if len(apart) <= MOST_HELD else apart)]


def understand(q: str, thesaurus: Thesaurus) -> Words:
    """Cut a query into its parts."""
    said = _typed(q)
    if len(said) > 1 and all(word.isupper() for word in said):
        said = [word.lower() for word in said]  # who types all in capitals names no acronym
    typed = [without_elision(word) for word in said]
    content = [word for word in typed if fold(word) not in FUNCTION_WORDS] or typed
    parts = _parts(typed, content, thesaurus)
    heavy = [part for part in parts if not all(thesaurus.is_generic(word) for word in part.words)]
    beside = [part for part in parts if part not in heavy] if heavy else []
    return Words(q, tuple((heavy or parts)[:MOST_PARTS]), tuple(beside[:MOST_BESIDE]))


def within(part: Part, thesaurus: Thesaurus) -> list[Part]:
    """The names of topics that a longer name is made of."""
    shorter = _parts(part.words, (), thesaurus, longest=len(part.words) - 1)
    return [one for one in shorter if one.named and one.named.is_topic]


def _parts(
    typed: Sequence[str], content: Sequence[str], thesaurus: Thesaurus, longest: int = LONGEST_NAME
) -> list[Part]:
    """The longest names that these words have, and the others of the `content`."""
    parts: list[Part] = []
    # names are looked up with the small words that they have: état civil, but also accès à l'eau
    place = 0
    while place < len(typed):
        length, named = _longest_name(typed[place : place + longest], thesaurus)
        taken = tuple(typed[place : place + length])
        if named is not None or taken[0] in content:
            parts.append(Part(taken, named, is_last=place + length == len(typed)))
        place += length
    return parts


def _longest_name(following: Sequence[str], thesaurus: Thesaurus) -> tuple[int, Named | None]:
    for length in range(min(LONGEST_NAME, len(following)), 0, -1):
        taken = following[:length]
        if length == 1 and fold(taken[0]) in FUNCTION_WORDS:
            break
        named = thesaurus.named(taken)
        if named is not None:
            return length, named
    return 1, None


def completed(asked: Words, thesaurus: Thesaurus) -> str | None:
    """The query with its last words completed to a name of several words that they begin, where they are none yet."""
    typed = _typed(asked.text)
    last = asked.parts[-1] if asked.parts else None
    if last is None or not last.is_last or last.is_ended or len(last.words) > 1:
        return None
    for length in range(min(LONGEST_NAME, len(typed)), 0, -1):
        kept, tail = typed[:-length], typed[-length:]
        begun = pieces(tail)
        name = thesaurus.completed(begun) if len(begun) > 1 else None
        if name is not None and keys(name) != keys(" ".join(begun)):
            leaning = tail[0].removesuffix(without_elision(tail[0]))
            return " ".join((*kept, leaning + name))
    return None


def corrected(asked: Words, corrections: Mapping[str, str]) -> str | None:
    """The query with these corrections (folded word to another); None where nothing changes but number or accents."""
    typed = _typed(asked.text)
    made: list[str] = []
    for word in typed:
        bare = without_elision(word)
        other = "-".join(corrections.get(fold(one), one) for one in bare.split("-"))
        made.append(word if key(other) == key(bare) else word[: len(word) - len(bare)] + other)
    return None if made == typed else " ".join(made)
