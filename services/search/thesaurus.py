"""The thesaurus: what means the same in five languages, and the names of themes, countries and continents.

A query's words are looked up in it, the longest name first. It is asked when a search is, never when a sheet is
indexed: a change applies at once, to all sheets, on any engine. `thesaurus.json` is what a new stack begins with; what
the DAECT changes is laid over it (`Changes`).
"""

import json
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache, reduce
from importlib import resources
from itertools import takewhile
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from backbone.contracts import labels, vocabularies
from backbone.contracts.text import Code, Country, Line, ThemeCode
from services.search import collector
from services.search.function_words import FUNCTION_WORDS
from services.search.lexicon import Cut, Terms, cut_names
from services.search.spelling import fold, is_acronym, key, keys, pieces, plain, words

LONGEST_NAME: Final = 5  # words
_MOST_JOINED: Final = 2
_USUAL: Final = 2  # places among the names of a concept beyond that of the one of which it is most usual
LEAST_COMPLETED: Final = 4  # letters
LEAST_MISSPELT: Final = 4
MOST_COMPLETIONS: Final = 8
_LANGUAGES: Final = vocabularies.LANGUAGES
_IN_BRACKETS: Final = re.compile(r"\s*\(([^)]*)\)")
Form = Line


class Concept(BaseModel):
    """What has one meaning: its `forms` by language, the preferred one first; `theme` where it belongs to one, `near`
    the ids of related concepts, `countries` (ISO 3166-1 alpha-2) for a region of the world. One without theme and
    countries is a word of every day (house, old, repair).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Code
    theme: ThemeCode | None = None
    forms: Mapping[vocabularies.SheetLanguage, tuple[Form, ...]]
    near: tuple[Code, ...] = ()
    countries: tuple[Country, ...] = ()

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def is_theme(self) -> bool:
        return self.id == self.theme

    @cached_property
    def acronyms(self) -> frozenset[str]:
        return frozenset(form for forms in self.forms.values() for form in forms if is_acronym(form))


@dataclass(frozen=True)
class Named:
    """What a name stands for; `places` are those that it has among the names of each concept, the preferred being 0."""

    concepts: tuple[Concept, ...] = ()
    places: tuple[int, ...] = ()
    themes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()  # themes of which the vocabulary has it as a synonym: near, not the same
    countries: frozenset[str] = frozenset()
    continents: frozenset[str] = frozenset()

    @property
    def is_topic(self) -> bool:
        """Whether a search may be about it: a concept of a theme, a theme, a place; a word of every day says little
        beside others.
        """
        return bool(
            self.themes
            or self.hints
            or self.countries
            or self.continents
            or any(concept.theme or concept.countries for concept in self.concepts)
        )

    def foremost(self) -> "Named":
        """With those concepts only of which it is a usual name: exile is one of asylum first, of migration last."""
        if len(self.concepts) < 2:
            return self
        last = min(self.places) + _USUAL
        usual = [(one, place) for one, place in zip(self.concepts, self.places, strict=True) if place <= last]
        return replace(self, concepts=tuple(one for one, _ in usual), places=tuple(place for _, place in usual))

    def __or__(self, other: "Named") -> "Named":
        places = dict(zip(self.concepts, self.places, strict=True))
        for concept, place in zip(other.concepts, other.places, strict=True):
            places[concept] = min(place, places.get(concept, place))
        return Named(
            tuple(places),
            tuple(places.values()),
            tuple(dict.fromkeys((*self.themes, *other.themes))),
            tuple(dict.fromkeys((*self.hints, *other.hints))),
            self.countries | other.countries,
            self.continents | other.continents,
        )


Names = dict[tuple[str, ...], Named]


@dataclass(frozen=True)
class Thesaurus:
    """Concepts by id and the words that say nothing in a search here (`generic`), ready to be looked up."""

    concepts: Mapping[str, Concept]
    generic: frozenset[str] = frozenset()
    _names: Names = field(default_factory=dict[tuple[str, ...], Named], repr=False)
    # the names as the engine cuts them
    terms: Terms = field(default_factory=dict[tuple[str, str], tuple[str, ...]], repr=False)
    # made when first asked for
    _cut: dict[str, Cut] = field(default_factory=dict[str, Cut], init=False, repr=False, compare=False)
    # folded names of one word, in their order
    _single: Sequence[str] = field(default=(), repr=False)
    # folded words of all names, in their order
    _words: Sequence[str] = field(default=(), repr=False)
    # names of several words: all but the last of them as keys, the last folded, and the name
    _several: Sequence[tuple[str, str]] = field(default=(), repr=False)

    @classmethod
    def of(cls, concepts: Iterable[Concept], generic: Iterable[str] = ()) -> "Thesaurus":
        with collector.resting():
            return cls._of({concept.id: concept for concept in concepts}, generic)

    @classmethod
    def _of(cls, known: Mapping[str, Concept], generic: Iterable[str]) -> "Thesaurus":
        names: Names = dict(_places_and_themes())
        others = _names_of_places_and_themes()
        single = {fold(name): None for name in others if _is_single(name)}
        several = {(begun, name) for name in others if (begun := _spelt(name).begun)}
        said = {word for name in others for word in _spelt(name).words}
        for concept in known.values():
            themes = (concept.id,) if concept.is_theme else ()
            countries = frozenset(concept.countries)
            for forms in concept.forms.values():
                for place, form in enumerate(forms):
                    _add(names, form, Named((concept,), (place,), themes, countries=countries))
                    spelt = _spelt(form)
                    said.update(spelt.words)
                    if spelt.begun:
                        several.add((spelt.begun, form))
                single.update((fold(form), None) for form in forms if _is_single(form))
        said_of_all = frozenset(part for word in generic for part in keys(word))
        return cls(known, said_of_all, names, _single=sorted(single), _words=sorted(said), _several=sorted(several))

    def changed(self, changes: Mapping[str, Concept | None]) -> "Thesaurus":
        """With other concepts in the place of these (None: without)."""
        kept = {**self.concepts, **changes}
        made = Thesaurus.of([concept for concept in kept.values() if concept is not None])
        return replace(made, generic=self.generic)

    def names(self) -> dict[str, list[str]]:
        """All names of the concepts, by language."""
        return {
            language: [form for concept in self.concepts.values() for form in concept.forms.get(language, ())]
            for language in _LANGUAGES
        }

    def named(self, typed: Sequence[str]) -> Named | None:
        """What these words together are the name of."""
        apart = " ".join(typed)
        # one who writes the hyphen means no less than one who leaves it out
        spelt = (apart, apart.replace("-", "")) if "-" in apart else (apart,)
        if written := [named for one in spelt if (named := self._names.get(keys(one)))]:
            return reduce(lambda one, other: one | other, written)
        if len(typed) > _MOST_JOINED:
            bounded = {fold(typed[0]), fold(typed[-1])} & FUNCTION_WORDS
            # gestion des marchés, gestion du marché
            return None if bounded else self._names.get(_content(apart, words(plain(apart))))
        # cold chain and coldchain, agro-foresterie and agroforesterie
        return self._names.get(keys("".join(typed).replace("-", "")))

    def completed(self, typed: Sequence[str]) -> str | None:
        """The shortest name of several words that these begin, the last of them unfinished."""
        *whole, last = typed
        start = " ".join((*(key(word) for word in whole), fold(last)))
        first = bisect_left(self._several, (start, ""))
        following = takewhile(lambda name: name[0].startswith(start), self._several[first:])
        return min((form for _, form in following), key=len, default=None)

    def is_generic(self, word: str) -> bool:
        return all(part in self.generic for part in keys(word))

    def begun(self, start: str) -> list[Named]:
        """What the names of one word stand for that begin so, the shortest first."""
        folded = fold(start)
        first = bisect_left(self._single, folded)
        found: list[str] = []
        for name in self._single[first:]:
            if not name.startswith(folded):
                break
            found.append(name)
        nearest = sorted(found, key=len)[:MOST_COMPLETIONS]
        return list(dict.fromkeys(named for name in nearest if (named := self.named([name])) is not None))

    def knows(self, word: str) -> bool:
        """Whether it is a word of any name."""
        folded = fold(word)
        place = bisect_left(self._words, folded)
        return self._words[place : place + 1] == [folded]

    def like(self, word: str, least: float) -> list[str]:
        """Words of names that share so much with it (0 to 1), the nearest first."""
        found = process.extract(
            fold(word),
            self._words,
            scorer=alike,
            score_cutoff=least,
            limit=MOST_COMPLETIONS,
        )
        return [name for name, _, _ in found]

    def cut(self, concept: Concept) -> Cut:
        """The names of a concept, as the engine cuts them."""
        if concept.id not in self._cut:
            self._cut[concept.id] = cut_names(concept.forms, self.terms)
        return self._cut[concept.id]

    def is_bared(self, text: str) -> bool:
        """Whether it is a compound of which the engine would leave one word, which is another thing."""
        return "-" in text and keys(text) in self._bared

    @cached_property
    def _bared(self) -> frozenset[tuple[str, ...]]:
        return frozenset(keys(name) for (_, name), found in self.terms.items() if len(found) == 1 and "-" in name)

    def near(self, concept: Concept) -> list[Concept]:
        return [self.concepts[other] for other in concept.near if other in self.concepts]


# how much two words share, 0 to 1, by the letters that must be changed, left out, added or exchanged
alike: Final = DamerauLevenshtein.normalized_similarity
# how many they are
letters: Final = DamerauLevenshtein.distance


def _add(names: Names, form: str, named: Named) -> None:
    for spelling in _spelt(form).keys:
        there = names.get(spelling)
        names[spelling] = there | named if there else named


class _Spelt(NamedTuple):
    """The keys under which a name is looked up, its `words`, folded; where it has several, how one who has not ended it
    is compared with it (`begun`).
    """

    keys: tuple[tuple[str, ...], ...]
    words: tuple[str, ...]
    begun: str


# what a change leaves as it is need not be spelt again: all of it takes seconds
@lru_cache(maxsize=200_000)
def _spelt(form: str) -> _Spelt:
    typed = words(plain(form))
    bare = pieces(typed)
    folded = tuple(map(fold, bare))
    begun = " ".join((*map(key, bare[:-1]), folded[-1])) if len(bare) > 1 else ""
    return _Spelt(_spellings(form, typed), tuple(word for word in folded if len(word) >= LEAST_MISSPELT), begun)


def _spellings(form: str, typed: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    parts = tuple(key(part) for word in typed for part in word.split("-"))
    if len(parts) == 1 and "-" not in form:
        return (parts,)
    spelt = {parts, keys(form.replace("-", ""))} if "-" in form else {parts}
    if len(parts) == _MOST_JOINED:
        spelt.add(keys(form.replace(" ", "").replace("-", "")))
    spelt.add(_content(form, typed))
    return tuple(spelling for spelling in spelt if spelling and len(spelling) <= LONGEST_NAME)


def _content(text: str, typed: Sequence[str]) -> tuple[str, ...]:
    """A key for a name whose small words may be others: those between its content; empty where it has none such."""
    if text.count(" ") + text.count("-") < _MOST_JOINED:
        return ()
    bare = pieces(typed)
    parts = tuple(key(word) for word in bare if fold(word) not in FUNCTION_WORDS)
    return ("", *parts) if len(bare) > len(parts) > 1 else ()


@cache
def _places_and_themes() -> Names:
    names: Names = {}
    for code in vocabularies.countries():
        for name in _country_names(code):
            _add(names, name, Named(countries=frozenset({code})))
    for code in vocabularies.CONTINENTS:
        for language in _LANGUAGES:
            _add(names, labels.continent(code, language), Named(continents=frozenset({code})))
    for theme in vocabularies.themes().values():
        for language in _LANGUAGES:
            _add(names, theme.label(language), Named(themes=(theme.code,)))
        for synonym in theme.synonyms:
            _add(names, synonym, Named(hints=(theme.code,)))
    return names


@cache
def _names_of_places_and_themes() -> Collection[str]:
    found: dict[str, None] = {}
    for code in vocabularies.countries():
        found.update(dict.fromkeys(_country_names(code)))
    for theme in vocabularies.themes().values():
        found.update(dict.fromkeys((*(theme.label(language) for language in _LANGUAGES), *theme.synonyms)))
    return found


def _is_single(form: str) -> bool:
    return len(form) >= LEAST_COMPLETED and form.isalpha()


def _country_names(code: str) -> Collection[str]:
    """A country's names and its people's in all languages; of « Myanmar (Birmanie) » both."""
    also = _also_called().get(code, {})
    found = dict.fromkeys((*also.get("names", ()), *also.get("people", ())))
    for language in _LANGUAGES:
        label = labels.country(code, language)
        found[_IN_BRACKETS.sub("", label)] = None
        found.update(dict.fromkeys(_IN_BRACKETS.findall(label)))
    return found


@cache
def _also_called() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Country code to its other `names` and those of its `people`, in the five languages."""
    path = resources.files("services.search").joinpath("country_names.json")
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def seed() -> Thesaurus:
    """What a new stack begins with."""
    path = resources.files("services.search").joinpath("thesaurus.json")
    with collector.staying():
        given: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        generic = [word for words in given["generic"].values() for word in words]
        return Thesaurus.of(map(_read, given["concepts"]), generic)


def _read(entry: Mapping[str, Any]) -> Concept:
    kept: dict[str, Any] = {name: entry[name] for name in ("id", "theme", "near", "countries") if name in entry}
    return Concept(**kept, forms={language: entry[language] for language in _LANGUAGES})
