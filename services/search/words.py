"""What a person typed, and the query of text that it becomes: pure functions, the thesaurus given.

A query is cut into parts: a word, or words that together name a concept, a theme or a country. Each part is one clause,
the best of the ways in which a sheet may say it (`dis_max`): as typed by the rules of each language, as a proper name, by a
concept's other names in any language, by the country or theme that it names. How many parts must be met depends on the
reach:

- `said`: up to three parts all of them, beyond three of four;
- `near`: six of ten of those that the thesaurus knows, and a part may be met by what comes near it: the beginning of a
  word, a name that sounds alike, a related concept, the concept's theme;
- `any`: one part.

Sheets that say it all come first whatever the reach (`ranking`), so that nothing near beats them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from backbone.contracts import vocabularies
from services.search.function_words import FUNCTION_WORDS
from services.search.places import sound
from services.search.spelling import bases, fold, joined, key, keys, plain, without_elision, words
from services.search.thesaurus import LONGEST_NAME, Concept, Named, Thesaurus

Body = dict[str, Any]
Reach = Literal["said", "near", "any"]

LANGUAGES: Final = vocabularies.LANGUAGES
# the engines take 1,024 clauses at most: six parts with all their names are some 900
MOST_PARTS: Final = 6
# names of several words in a language, by how many parts there are: one clause or more for each word of each
MOST_PHRASES: Final = {1: 10, 2: 8, 3: 5, 4: 4, 5: 2, 6: 2}
MOST_BESIDE: Final = 3
MOST_RELATED: Final = 3
LEAST_PREFIX: Final = 3

_A_CODE: Final = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+){2,}")

# how much it counts where a sheet says something
_PROMINENT: Final = {"title": 3.0, "summary": 1.5, "aims": 0.8}
_MENTIONED: Final = 1.0
_FOR_PHRASES: Final = ("title", "text")
_PROPER, _NAMED_ELSEWHERE = 3.0, 2.0
_COUNTRY, _CONTINENT, _THEME, _MAIN_THEME = 4.0, 3.0, 3.0, 4.5
_SAME, _RELATED, _HINT, _OF_THEME = 1.0, 0.4, 1.0, 0.4
_COMPLETED, _BASE, _BEGUN, _SOUNDS = 0.6, 0.4, 1.0, 2.0
_IN_THEME, _IN_MAIN_THEME, _VERY_WORDS = 1.0, 0.5, 1.0
_GENERIC, _TOGETHER = 0.1, 0.5
_CODE: Final = 20.0


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
    def may_be_begun(self) -> bool:
        """Whether its last letters may be missing; who types capitals has ended an acronym."""
        return self.is_last and len(self.text) >= LEAST_PREFIX and not self.text.isupper()


@dataclass(frozen=True)
class Words:
    """A query understood: the parts that must be met, and those that say little here (`beside`)."""

    text: str
    parts: tuple[Part, ...] = ()
    beside: tuple[Part, ...] = ()

    @property
    def phrases(self) -> int:
        """How many names of several words are looked for in each language."""
        return MOST_PHRASES.get(len(self.parts), 0)

    @property
    def is_code(self) -> bool:
        """Whether it looks like the identifier of a sheet or of an authority."""
        return bool(_A_CODE.fullmatch(self.text))

    def __bool__(self) -> bool:
        return bool(self.text)

    def without(self, left_out: Part) -> str:
        """The query without one of its parts."""
        dropped = list(left_out.words)
        kept: list[str] = []
        for word in words(plain(self.text)):
            if without_elision(word) in dropped:
                dropped.remove(without_elision(word))
            else:
                kept.append(word)
        return " ".join(kept)


NOTHING: Final = Words("")


def understand(q: str, thesaurus: Thesaurus) -> Words:
    """Cut a query into its parts."""
    typed = [without_elision(word) for word in words(plain(q))]
    content = [word for word in typed if fold(word) not in FUNCTION_WORDS] or typed
    parts: list[Part] = []
    # names are looked up with the small words that they have: état civil, but also accès à l'eau
    place = 0
    while place < len(typed):
        length, named = _longest_name(typed[place:], thesaurus)
        taken = tuple(typed[place : place + length])
        if named is not None or taken[0] in content:
            parts.append(Part(taken, named, is_last=place + length == len(typed)))
        place += length
    heavy = [part for part in parts if not all(thesaurus.is_generic(word) for word in part.words)]
    beside = [part for part in parts if part not in heavy] if heavy else []
    return Words(q, tuple((heavy or parts)[:MOST_PARTS]), tuple(beside[:MOST_BESIDE]))


def _longest_name(following: Sequence[str], thesaurus: Thesaurus) -> tuple[int, Named | None]:
    for length in range(min(LONGEST_NAME, len(following)), 0, -1):
        taken = following[:length]
        if length == 1 and fold(taken[0]) in FUNCTION_WORDS:
            break
        named = thesaurus.named(taken)
        if named is not None:
            return length, named
    return 1, None


@dataclass(frozen=True)
class Text:
    """The query of text at one reach; `unsaid` are the parts that no sheet says, `typed` the words as they were typed
    where these are corrected.
    """

    words: Words
    thesaurus: Thesaurus
    reach: Reach = "said"
    unsaid: frozenset[Part] = frozenset()
    typed: Words | None = None

    def query(self) -> Body:
        """What finds and scores the sheets."""
        if not self.words:
            return {"match_all": {}}
        if not self.words.parts:
            return {"match_none": {}}
        better = [_best(_said(part, self.thesaurus, self.words.phrases), _GENERIC) for part in self.words.beside]
        if len(self.words.parts) > 1:
            better.append(_together(self.words))
        if self.words.is_code and self.reach == "said":
            return self._code()
        return {"bool": {"must": [{"dis_max": {"queries": [self._met(), self._code()]}}], "should": better}}

    def filter(self) -> Body:
        """What finds them, for where no score is asked."""
        if not self.words or not self.words.parts:
            return self.query()
        if self.words.is_code and self.reach == "said":
            return self._code()
        return {"bool": {"should": [self._met(), self._code()]}}

    def said(self) -> list["Text"]:
        """What says all of it, the words as typed before the corrected ones."""
        said = [Text(asked, self.thesaurus) for asked in (self.typed, self.words) if asked is not None]
        return said if self.reach != "said" else said[:-1]

    def _code(self) -> Body:
        return {"term": {"codes": {"value": self.words.text.lower(), "boost": _CODE}}}

    def _met(self) -> Body:
        """What a query is about must be met: the parts that have a name, or all of them where none has."""
        ways = {part: ways for part in self.words.parts if (ways := self._ways(part))}
        named = [part for part in ways if part.named is not None]
        about = named if named and self.reach != "said" else list(ways)
        if not about:
            return {"match_none": {}}
        clauses = [_scored(part, ways[part]) for part in about]
        beside = [_scored(part, ways[part]) for part in ways if part not in about]
        met = {"bool": {"should": clauses, "minimum_should_match": self._least(len(clauses))}}
        return {"bool": {"must": [met], "should": beside}} if beside else met

    def _least(self, count: int) -> int:
        if self.reach == "any":
            return 1
        if self.reach == "near":
            return count if count <= 2 else max(2, round(count * 0.6))
        return count if count <= 3 else max(3, round(count * 0.75))

    def _ways(self, part: Part) -> list[Body]:
        if self.reach == "said":
            return _said(part, self.thesaurus, self.words.phrases)
        return [*([] if part in self.unsaid else _said(part, self.thesaurus, self.words.phrases)), *self._near(part)]

    def _near(self, part: Part) -> list[Body]:
        ways: list[Body] = []
        if len(part.words) == 1:
            if spoken := sound(part.text):
                ways.append(_constant({"term": {"sounds": spoken}}, _SOUNDS))
            for base in bases(part.text):
                ways.append(_best(_said(Part((base,), self.thesaurus.named([base])), self.thesaurus, self.words.phrases), _BASE))
            if part.may_be_begun:
                ways.append(_constant(_begun(part), _BEGUN))
                if part.named is None:
                    for named in self.thesaurus.begun(part.text)[:MOST_RELATED]:
                        ways += _named(named, self.thesaurus, 0, _COMPLETED)
        if part.named is not None:
            for concept in part.named.concepts:
                related = self.thesaurus.near(concept)[:MOST_RELATED]
                ways += [_forms(other, self.thesaurus, _RELATED, phrases=0) for other in related]
                if concept.theme and not concept.is_theme:
                    ways.append(_constant({"term": {"theme": concept.theme}}, _OF_THEME))
            ways += [_constant({"term": {"theme": theme}}, _HINT) for theme in part.named.hints]
        return ways


def _said(part: Part, thesaurus: Thesaurus, phrases: int) -> list[Body]:
    """The ways in which a sheet says a part itself."""
    named = part.named or Named()
    place = bool(named.countries or named.continents)
    # a sheet that speaks of another country is not one of it
    weight = 0.3 if place else 1.0
    spelt = (part.text, *joined(part.text))
    # of a name of several words, those that stand apart say little
    ways = [_typed(text, weight * (0.3 if named.concepts and len(part.words) > 1 else 1.0)) for text in spelt]
    ways.append({"match": {"proper": {"query": part.text, "operator": "and", "boost": _PROPER * weight}}})
    ways.append({"match": {"elsewhere": {"query": part.text, "operator": "and", "boost": _NAMED_ELSEWHERE * weight}}})
    ways += [{"match": {"elsewhere": {"query": whole, "boost": _NAMED_ELSEWHERE}}} for whole in joined(part.text)]
    return ways + _named(named, thesaurus, phrases, weight)


def _scored(part: Part, ways: Sequence[Body]) -> Body:
    """A part's clause, with more for the very words typed, which stemming may have brought together with others, and
    for sheets of the theme of what is looked for: they are about it where others mention it.
    """
    named = part.named or Named()
    better = [_constant({"match": {"spelling": {"query": part.text, "operator": "and"}}}, _VERY_WORDS)]
    if themes := sorted({concept.theme for concept in named.concepts if concept.theme} | {*named.hints}):
        better.append(_constant({"terms": {"theme": themes}}, _IN_THEME))
        better.append(_constant({"terms": {"main_theme": themes}}, _IN_MAIN_THEME))
    return {"bool": {"must": [_best(ways)], "should": better}}


def _named(named: Named, thesaurus: Thesaurus, phrases: int, weight: float) -> list[Body]:
    """The ways in which a sheet says what has a name: other forms of it, its theme, its countries."""
    ways = [_forms(concept, thesaurus, _SAME * weight, phrases) for concept in named.concepts]
    for theme in named.themes:
        ways.append(_constant({"term": {"theme": theme}}, _THEME))
        ways.append(_constant({"term": {"main_theme": theme}}, _MAIN_THEME))
    if named.countries:
        ways.append(_constant({"terms": {"country": sorted(named.countries)}}, _COUNTRY))
    if named.continents:
        ways.append(_constant({"terms": {"continent": sorted(named.continents)}}, _CONTINENT))
    return ways


def _forms(concept: Concept, thesaurus: Thesaurus, weight: float, phrases: int) -> Body:
    """What says a concept in any language: its names of one term, and some of the longer ones as phrases."""
    single: dict[str, list[str]] = {}
    longer: list[tuple[str, str]] = []
    for language, forms in concept.forms.items():
        cut = {form: thesaurus.terms.get((language, form), ()) for form in forms}
        single[language] = sorted({terms[0] for terms in cut.values() if len(terms) == 1})
        longer += [(language, form) for form, terms in cut.items() if len(terms) > 1][:phrases]

    def said(field: str) -> list[Body]:
        ways: list[Body] = [{"terms": {f"{field}.{language}": terms}} for language, terms in single.items() if terms]
        if field in _FOR_PHRASES:
            ways += [{"match_phrase": {f"{field}.{language}": {"query": form, "slop": 1}}} for language, form in longer]
        return ways

    return _levelled(said, weight)


def _typed(text: str, weight: float) -> Body:
    """What says these very words, by the rules of any language."""

    def said(field: str) -> list[Body]:
        return [{"match": {f"{field}.{language}": {"query": text, "operator": "and"}}} for language in LANGUAGES]

    return _levelled(said, weight)


def _levelled(said: Callable[[str], list[Body]], weight: float) -> Body:
    """The more prominently a sheet says it, the more: all synonyms count alike, the rare no more than the usual."""
    better = [_constant(_any(ways), level * weight) for field, level in _PROMINENT.items() if (ways := said(field))]
    return {"bool": {"must": [_constant(_any(said("text")), _MENTIONED * weight)], "should": better}}


def _any(ways: Sequence[Body]) -> Body:
    # the engines take an empty list for everything
    return {"bool": {"should": list(ways)}} if ways else {"match_none": {}}


def _together(asked: Words) -> Body:
    """More for sheets whose title or summary says the parts side by side."""
    text = " ".join(part.text for part in asked.parts)
    fields = [f"{name}.{language}" for language in LANGUAGES for name in ("title", "summary")]
    return {"multi_match": {"query": text, "fields": fields, "type": "phrase", "slop": 3, "boost": _TOGETHER}}


def _constant(clause: Body, boost: float) -> Body:
    return {"constant_score": {"filter": clause, "boost": boost}}


def _best(ways: Sequence[Body], boost: float = 1.0) -> Body:
    return {"dis_max": {"queries": list(ways), "tie_breaker": 0.1, "boost": boost}}


def highlighted(asked: Words) -> Body:
    """What is marked in the texts: the words typed and the names of one word that mean the same."""
    clauses: list[Body] = []
    for language in LANGUAGES:
        marked = [part.text for part in asked.parts]
        for concept in (concept for part in asked.parts if part.named for concept in part.named.concepts):
            marked += [form for form in concept.forms.get(language, ()) if " " not in form]
        clauses.append({"match": {f"text.{language}": " ".join(marked)}})
    return {"bool": {"should": clauses}}


def counted(asked: Words, thesaurus: Thesaurus) -> dict[str, Body]:
    """For each part, by its place, what finds the sheets that say it; and, for one that may be unfinished (`begun`),
    those that have a word which begins so.
    """
    ways = {str(place): {"bool": {"should": _said(part, thesaurus, asked.phrases)}} for place, part in enumerate(asked.parts)}
    begun = [part for part in asked.parts if part.may_be_begun]
    return {**ways, "begun": _begun(begun[0]) if begun else {"match_none": {}}}


def _begun(part: Part) -> Body:
    return {"prefix": {"spelling": {"value": fold(part.words[-1])}}}


def may_be_misspelt(asked: Words) -> list[str]:
    """The words for which a correction makes sense: a number or a code that differs by a figure is another one."""
    found = [word for part in asked.parts if part.named is None for word in part.words]
    return [word for word in found if len(word) >= 4 and not any(char.isdigit() for char in word)]


def completed(asked: Words, thesaurus: Thesaurus) -> str | None:
    """The query with its last words completed to a name of several words that they begin, where they are none yet."""
    typed = words(plain(asked.text))
    if not asked.parts or not asked.parts[-1].may_be_begun or len(asked.parts[-1].words) > 1:
        return None
    for length in range(min(LONGEST_NAME, len(typed)), 1, -1):
        name = thesaurus.completed([without_elision(word) for word in typed[-length:]])
        if name is not None and keys(name) != keys(" ".join(typed[-length:])):
            return " ".join((*typed[:-length], name))
    return None


def corrected(asked: Words, corrections: Mapping[str, str]) -> str | None:
    """The query with these corrections (folded word to another); None where nothing changes but number or accents."""
    made: list[str] = []
    for word in words(plain(asked.text)):
        bare = without_elision(word)
        other = corrections.get(fold(bare), bare)
        made.append(word if key(other) == key(bare) else word[: len(word) - len(bare)] + other)
    text = " ".join(made)
    return None if text == " ".join(words(plain(asked.text))) else text
