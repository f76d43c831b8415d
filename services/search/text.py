"""The query of text that a person's words become: pure functions from words to the body of a query.

Each part is one clause, the best of the ways in which a sheet may say it (`dis_max`): as typed by the rules of each
language, as a proper name, by a concept's other names in any language, by the country or theme that it names. How many
parts must be met depends on the reach:

- `said`: up to three parts all of them, beyond three of four;
- `near`: six of ten of those that name a topic, and a part may be met by what comes near it: the beginning of a word,
  a name that sounds alike, a related concept, the concept's theme;
- `any`: one part.

Sheets that say it all have a lead whatever the reach, and what was typed comes before its correction (`ranking`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from itertools import chain
from typing import Any, Final, Literal, cast

from backbone.contracts import vocabularies
from services.search.lexicon import Cut
from services.search.places import sound
from services.search.spelling import bases, fold, is_acronym, is_one, joined, tokens
from services.search.thesaurus import Concept, Named, Thesaurus
from services.search.words import Part, Words, within

Body = dict[str, Any]
Reach = Literal["said", "near", "any"]

LANGUAGES: Final = vocabularies.LANGUAGES
# how many names of several words are looked for in each language, and how many related concepts: as many as fit
WIDTHS: Final = (8, 6, 4, 3, 2, 1, 0)
# the engines take 1,024 in a query; more than this finds no better and takes longer
MOST_CLAUSES: Final = 800
MOST_COMPLETED: Final = 3
MOST_PHRASES_OF_RELATED: Final = 2
MOST_AROUND: Final = 3  # concepts of a name whose related ones count
PHRASES_AROUND: Final = 2  # of their longer names in each language

# how much it counts where a sheet says something
_PROMINENT: Final = {"title": 2.0, "summary": 1.5, "aims": 1.2}
_MENTIONED: Final = 1.5
_FOR_PHRASES: Final = ("title", "text")
_PROPER, _NAMED_ELSEWHERE = 1.8, 1.8
_COUNTRY, _CONTINENT, _THEME, _MAIN_THEME, _BESIDE_A_CONCEPT = 7.0, 5.0, 3.0, 4.5, 0.4
_SAME, _RELATED, _HINT, _OF_THEME = 0.7, 0.7, 0.6, 0.4
_COMPLETED, _BASE, _WITHIN, _BEGUN, _BEGINS, _SOUNDS = 0.6, 0.4, 0.4, 1.5, 4.0, 2.0
_IN_THEME, _IN_MAIN_THEME, _VERY_WORDS = 1.5, 0.5, 1.0
_AROUND = 0.5
_GENERIC, _BESIDE, _BESIDE_RARE, _TOGETHER, _OF_A_PLACE = 0.1, 0.2, 0.7, 0.5, 0.3
_SIDE_BY_SIDE, _APART = 1.3, 0.3
_CODE: Final = 20.0


@dataclass(frozen=True)
class Text:
    """The query of text at one reach; `unsaid` are the parts that no sheet says, `rare` those that few do, `before`
    what says it all and comes first: the words as typed and, where these were completed, as completed; as corrected and
    then as typed where these were `misspelt`: no sheet has them so, if a stemmer brings them together with others.
    """

    words: Words
    thesaurus: Thesaurus
    reach: Reach = "said"
    unsaid: frozenset[Part] = frozenset()
    rare: frozenset[Part] = frozenset()
    before: tuple["Text", ...] = ()
    misspelt: bool = False
    width: int = WIDTHS[0]
    scores: bool = True

    def fitting(self) -> "Text":
        """As wide as the engines' limit of clauses allows; where even the narrowest is too wide, of its first parts."""
        narrower = (replace(self, width=width) for width in WIDTHS)
        shorter = (self._first(count) for count in range(len(self.words.parts), 1, -1))
        return next((text for text in chain(narrower, shorter) if text.clauses() <= MOST_CLAUSES), self._first(1))

    def _first(self, count: int) -> "Text":
        before = tuple(text._first(count) for text in self.before)
        return replace(self, words=self.words.first(count), before=before, width=0)

    def clauses(self) -> int:
        """How many clauses the query has, with those that put first what says it all."""
        return _count(self.query()) + sum(_count(said.filter()) for said in self.before)

    @property
    def is_corrected(self) -> bool:
        return len(self.before) > 1

    def query(self) -> Body:
        """What finds and scores the sheets."""
        plain = self._without_words()
        if plain is not None:
            return plain
        better = [_best(self._said(part), _GENERIC) for part in self.words.beside]
        if len(self.words.parts) > 1:
            better.append(_together(self.words))
        return {"bool": {"must": [{"dis_max": {"queries": [self._met(), self._code()]}}], "should": better}}

    def filter(self) -> Body:
        """What finds them and what comes first, for where no score is asked."""
        plain = self._without_words()
        if plain is not None:
            return plain
        return _any([replace(self, scores=False)._met(), self._code(), *(said.filter() for said in self.before)])

    def counted(self) -> dict[str, Body]:
        """For each part, by its place, what finds the sheets that say it; for one that may be unfinished (`begun`),
        those that have a word which begins so; and `all` sheets.
        """
        plain = replace(self, scores=False)
        ways = {str(place): _any(plain._said(part)) for place, part in enumerate(self.words.parts)}
        unfinished = self.words.unfinished
        return {**ways, "begun": _begun(unfinished) if unfinished else _any([]), "all": {"match_all": {}}}

    # -- parts -----------------------------------------------------------------------------------------------------

    def _without_words(self) -> Body | None:
        if not self.words:
            return {"match_all": {}}
        if not self.words.parts:
            return {"match_none": {}}
        return self._code() if self.words.is_code and self.reach == "said" else None

    def _code(self) -> Body:
        return {"term": {"codes": {"value": self.words.text.lower(), "boost": _CODE}}}

    def _met(self) -> Body:
        """What a query is about must be met: the parts that name a topic, or all of them where none does."""
        ways = {part: ways for part in self.words.parts if (ways := self._ways(part))}
        topics = [part for part in ways if part.named is not None and part.named.is_topic]
        about = topics if topics and self.reach != "said" else list(ways)
        if not about:
            return {"match_none": {}}
        clauses = [self._scored(part, ways[part]) if self.scores else _any(ways[part]) for part in about]
        met = {"bool": {"should": clauses, "minimum_should_match": self._least(len(clauses))}}
        beside = [part for part in ways if part not in about] if self.scores else []
        if not beside:
            return met
        better = [self._scored(part, ways[part], _BESIDE_RARE if part in self.rare else _BESIDE) for part in beside]
        return {"bool": {"must": [met], "should": better}}

    def _least(self, count: int) -> int:
        if self.reach == "any":
            return 1
        if self.reach == "near":
            return count if count <= 2 else max(2, round(count * 0.6))
        return count if count <= 3 else max(3, round(count * 0.75))

    def _ways(self, part: Part) -> list[Body]:
        if self.reach == "said":
            return self._said(part)
        return [*([] if part in self.unsaid else self._said(part)), *self._near(part)]

    def _said(self, part: Part) -> list[Body]:
        """The ways in which a sheet says a part itself."""
        named = (part.named or Named()).foremost()
        # a sheet that speaks of another country is not one of it
        weight = _OF_A_PLACE if named.countries or named.continents else 1.0
        spelt = (part.text, *joined(part.text))
        return [
            *self._as_typed(part, spelt, named, weight),
            _name("proper", part.text, _PROPER * weight),
            *(_name("elsewhere", text, _NAMED_ELSEWHERE * weight) for text in spelt),
            *self._named(named, weight, self.width),
        ]

    def _as_typed(self, part: Part, spelt: Sequence[str], named: Named, weight: float) -> list[Body]:
        """What says these very words; those of a longer name side by side, and little where they stand apart."""
        if named.concepts and not is_one(part.text):
            # micro-insurance and a fund for credits are no micro-credit
            apart = [self._typed(text, weight * _APART) for text in (spelt[1:] if part.is_inseparable else spelt)]
            if self.thesaurus.is_bared(part.text):
                return apart
            return [self._side_by_side(part.text, weight * _SIDE_BY_SIDE), *apart]
        acronym = is_acronym(part.text) or any(part.text.upper() in concept.acronyms for concept in named.concepts)
        return [self._typed(text, weight, acronym=acronym) for text in spelt]

    def _near(self, part: Part) -> list[Body]:
        """The ways in which a sheet comes near a part."""
        ways: list[Body] = []
        is_bared = self.thesaurus.is_bared(part.text)
        if len(part.words) == 1:
            if spoken := sound(part.text):
                ways.append(_constant({"term": {"sounds": spoken}}, _SOUNDS))
            if not is_bared:
                compound = [Part((base,), self.thesaurus.named([base])) for base in bases(part.text)]
                ways += [_best(self._said(base), _BASE) for base in compound]
            if part.may_be_begun:
                ways.append(_constant(_begun(part), _BEGUN))
                if part.named is None:
                    for named in self.thesaurus.begun(part.text)[:MOST_COMPLETED]:
                        ways += self._named(named, _COMPLETED, 0)
        elif self.width and not is_bared:  # a query of many longer names has no room for these
            ways += [_best(self._said(one), _WITHIN) for one in within(part, self.thesaurus)]
        meant = self._meant(part)
        usual = meant.foremost().concepts
        for concept in meant.concepts:
            # what the name means less often comes near as what is related does
            itself = () if concept in usual else (concept,)
            related = (*itself, *self.thesaurus.near(concept)[: self.width])
            phrases = min(self.width, MOST_PHRASES_OF_RELATED)
            ways += [way for other in related for way in self._forms(other, _RELATED, phrases)]
            if concept.theme and not concept.is_theme:
                ways.append(_constant({"term": {"theme": concept.theme}}, _OF_THEME))
        ways += [_constant({"term": {"theme": theme}}, _HINT) for theme in meant.hints]
        return ways

    def _meant(self, part: Part) -> Named:
        """What a part names, or what the names are of that it begins: what these mean usually where that is to be said,
        all where it may come near.
        """
        if self._is_beginning(part):
            begun = self.thesaurus.begun(part.text)[:MOST_COMPLETED]
            named = reduce(lambda one, other: one | other, begun, Named())
        else:
            named = part.named or Named()
        return named.foremost() if self.reach == "said" else named

    def _is_beginning(self, part: Part) -> bool:
        """Whether it must be the beginning of a word: it has no meaning, and no sheet says it."""
        return part.named is None and part in self.unsaid and part.may_be_begun and len(part.words) == 1

    def _named(self, named: Named, weight: float, phrases: int) -> list[Body]:
        """The ways in which a sheet says what has a name: other forms of it, its theme, its countries."""
        ways = [way for concept in named.concepts for way in self._forms(concept, _SAME * weight, phrases)]
        # where it names a thing of that theme as well, not every sheet of the theme is about it
        share = _BESIDE_A_CONCEPT if any(not concept.is_theme for concept in named.concepts) else 1.0
        for theme in named.themes:
            ways.append(_constant({"term": {"theme": theme}}, _THEME * share))
            ways.append(_constant({"term": {"main_theme": theme}}, _MAIN_THEME * share))
        if named.countries:
            ways.append(_constant({"terms": {"country": sorted(named.countries)}}, _COUNTRY))
        if named.continents:
            ways.append(_constant({"terms": {"continent": sorted(named.continents)}}, _CONTINENT))
        return ways

    def _forms(self, concept: Concept, weight: float, phrases: int) -> list[Body]:
        """What says a concept in any language: its names of one word, and some of the longer ones as phrases."""
        names = self.thesaurus.cut(concept)
        said = self._levelled(lambda field: _by_names(names, field, phrases), weight)
        return [said] if _by_names(names, "text", phrases) else []

    def _typed(self, text: str, weight: float, *, acronym: bool = False) -> Body:
        """What says these very words, by the rules of any language (an acronym: by its letters, too)."""

        def said(field: str) -> list[Body]:
            ways: list[Body] = [
                {"match": {f"{field}.{language}": {"query": text, "operator": "and"}}} for language in LANGUAGES
            ]
            return [_very(text, ways)] if acronym else ways

        return self._levelled(said, weight)

    def _side_by_side(self, text: str, weight: float) -> Body:
        """What says these very words one after the other."""

        def said(field: str) -> list[Body]:
            return [{"match_phrase": {f"{field}.{language}": {"query": text, "slop": 1}}} for language in LANGUAGES]

        return self._levelled(said, weight)

    def _scored(self, part: Part, ways: Sequence[Body], boost: float = 1.0) -> Body:
        """A part's clause, with more for the very words typed, which stemming may have brought together with others;
        for words that begin so; for sheets of the theme of what is looked for: they are about it where others mention
        it; and, where that is all that is looked for, for each related concept.
        """
        meant = self._meant(part)
        better = [_constant({"match": {"spelling": {"query": part.text, "operator": "and"}}}, _VERY_WORDS)]
        if self._is_beginning(part):
            better.append(_constant(_begun(part), _BEGINS))
        if themes := sorted({concept.theme for concept in meant.concepts if concept.theme} | {*meant.hints}):
            better.append(_constant({"terms": {"theme": themes}}, _IN_THEME))
            better.append(_constant({"terms": {"main_theme": themes}}, _IN_MAIN_THEME))
        if self.words.is_of_one_topic:
            better += self._around(meant)
        return {"bool": {"must": [_best(ways)], "should": better, "boost": boost}}

    def _around(self, named: Named) -> list[Body]:
        """The concepts related to what is named, each as a clause on the whole text: who speaks of several of them is
        about it.
        """
        related = [other for concept in named.concepts[:MOST_AROUND] for other in self.thesaurus.near(concept)]
        said = [self._mentioned(other) for other in dict.fromkeys(related)]
        return [_constant(_any(ways), _AROUND) for ways in said if ways]

    def _mentioned(self, concept: Concept) -> Sequence[Body]:
        """What mentions a concept anywhere; where that is asked of many sheets one clause, not six: its names as they
        are written, or one longer name in each language where all are long.
        """
        names = self.thesaurus.cut(concept)
        if self.reach != "said":
            return _by_names(names, "text", PHRASES_AROUND, 1)
        return [{"terms": {"spelling": names.spelt}}] if names.spelt else _by_names(names, "text", 0, 1)

    def _levelled(self, said: Callable[[str], Sequence[Body]], weight: float) -> Body:
        """The more prominently a sheet says it, the more: all synonyms count alike, the rare no more than the usual."""
        if not self.scores:
            return _any(said("text"))
        better = [_constant(_any(ways), level * weight) for field, level in _PROMINENT.items() if (ways := said(field))]
        return {"bool": {"must": [_constant(_any(said("text")), _MENTIONED * weight)], "should": better}}


# a search tries several widths, and the next search has the same concepts near
@lru_cache(maxsize=8_000)
def _by_names(names: Cut, field: str, phrases: int, least: int = 0) -> Sequence[Body]:
    """The ways in which a field says a concept by one of these names."""
    ways: list[Body] = [{"terms": {f"{field}.{language}": terms}} for language, terms in names.single.items()]
    ways += [
        _very(acronyms, [{"match": {f"{field}.{language}": acronyms}}]) for language, acronyms in names.acronyms.items()
    ]
    if field == "text" and names.exact:
        ways.append({"terms": {"spelling": names.exact}})
    if field in _FOR_PHRASES:
        ways += [
            {"match_phrase": {f"{field}.{language}": {"query": form, "slop": 1}}}
            for language, form in names.longer(phrases, least)
        ]
    return ways


def _very(names: str, ways: Sequence[Body]) -> Body:
    """Of what these ways find, what has one of these very words: hiver has the stem of HIV, and is not it."""
    return {"bool": {"must": [{"match": {"spelling": names}}, _any(ways)]}}


def _name(field: str, text: str, boost: float) -> Body:
    """What has this name; its words stand together: the centre of a town is not the Town of Huế, Centre."""
    if " " in text:
        return {"match_phrase": {field: {"query": text, "slop": 1, "boost": boost}}}
    return {"match": {field: {"query": text, "operator": "and", "boost": boost}}}


def _together(asked: Words) -> Body:
    """More for sheets whose title or summary says the parts side by side."""
    text = " ".join(part.text for part in asked.parts)
    fields = [f"{name}.{language}" for language in LANGUAGES for name in ("title", "summary")]
    return {"multi_match": {"query": text, "fields": fields, "type": "phrase", "slop": 3, "boost": _TOGETHER}}


def _begun(part: Part) -> Body:
    *whole, last = part.words[-1].split("-")
    clauses = [{"match": {"spelling": word}} for word in whole if word]
    return {"bool": {"filter": [*clauses, {"prefix": {"spelling": {"value": fold(last)}}}]}}


def _count(clause: Any) -> int:
    """The clauses of a query as the engines count them: each word of a text is one, a phrase or a list of terms is."""
    if isinstance(clause, list):
        return sum(map(_count, cast("list[Any]", clause)))
    if not isinstance(clause, dict):
        return 0
    total = 0
    for name, inner in cast("Body", clause).items():
        if name == "match":
            (asked,) = inner.values()
            total += _length(asked if isinstance(asked, str) else asked["query"])
        elif name == "multi_match":
            total += len(inner["fields"])
        elif name in ("match_phrase", "term", "terms", "prefix"):
            total += 1
        else:
            total += _count(inner)
    return total


@lru_cache(maxsize=8_000)
def _length(text: str) -> int:
    """At most so many terms are made of it."""
    return len(tokens(text))


def _constant(clause: Body, boost: float) -> Body:
    return {"constant_score": {"filter": clause, "boost": boost}}


def _best(ways: Sequence[Body], boost: float = 1.0) -> Body:
    return {"dis_max": {"queries": list(ways), "tie_breaker": 0.1, "boost": boost}}


def _any(ways: Sequence[Body]) -> Body:
    # the engines take an empty list for everything
    return {"bool": {"should": list(ways)}} if ways else {"match_none": {}}
