"""The thesaurus's names as the engine cuts them into terms: asked of it once, so that a query need not be cut again.

A query with all synonyms of its words as text would have thousands of clauses; as terms they are one a field.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backbone.contracts.vocabularies import SheetLanguage
from services.search.analysis import ANALYSIS
from services.search.engine import Engine
from services.search.spelling import fold, is_acronym, is_one, joined

Terms = Mapping[tuple[str, str], tuple[str, ...]]  # (language, name) to its terms

AT_ONCE: Final = 1_000  # names of up to five words: an engine gives 10,000 terms at most


@dataclass(frozen=True, eq=False)
class Cut:
    """A concept's names as a query has them, by language: the terms of those of one word (`single`), acronyms, and the
    longer ones (`phrases`); `exact` are compounds of which the engine leaves one word, to be met joined, in whatever
    language, and `spelt` all names of one word as they are.
    """

    single: Mapping[str, Sequence[str]]
    acronyms: Mapping[str, str]
    exact: Sequence[str]
    spelt: Sequence[str]
    phrases: Mapping[str, Sequence[str]]

    def longer(self, most: int, least: int = 0) -> list[tuple[str, str]]:
        """So many of the longer names of each language; `least` where it has no other name."""
        return [
            (language, form)
            for language, forms in self.phrases.items()
            for form in forms[: most if language in self.single else max(most, least)]
        ]


def cut_names(names: Mapping[SheetLanguage, Sequence[str]], terms: Terms) -> Cut:
    """The names of a concept, by language, as the engine cuts them."""
    single: dict[str, Sequence[str]] = {}
    acronyms: dict[str, str] = {}
    phrases: dict[str, Sequence[str]] = {}
    exact: set[str] = set()
    for language, forms in names.items():
        found_of = {form: terms.get((language, form), ()) for form in forms}
        one = {form: found[0] for form, found in found_of.items() if len(found) == 1}
        if usual := sorted({term for form, term in one.items() if not is_acronym(form) and is_one(form)}):
            single[language] = usual
        if short := " ".join(form for form in one if is_acronym(form)):
            acronyms[language] = short
        # of e-commerce the rules of Spanish leave comercio, which is another thing: sheets have it joined, too
        exact |= {fold(word) for form in one if not is_one(form) for word in joined(form)}
        longer = {form: found for form, found in found_of.items() if len(found) > 1}
        phrases[language] = _telling(longer, {*usual})
    every = (form for forms in names.values() for form in forms)
    words_of_it = {fold(form) for form in every if is_one(form) and not is_acronym(form)}
    plurals = {f"{word}s" for word in words_of_it if word.isascii()}
    return Cut(single, acronyms, sorted(exact), sorted(words_of_it | plurals), phrases)


def _telling(longer: Mapping[str, tuple[str, ...]], single: Collection[str]) -> list[str]:
    """Those that find what no other name does: who says "systèmes agroforestiers" says "agroforestier", and "salles
    polyvalentes" are found with "salle polyvalente". By their terms; `single` are those of the names of one word.
    """
    one = frozenset(single)
    kept: dict[str, tuple[tuple[str, ...], int]] = {}
    # the shorter before those that hold them, else as they come
    for form, found in sorted(longer.items(), key=lambda entry: len(entry[1])):
        length = len(form.replace("-", " ").split())
        if one.isdisjoint(found) and not any(_holds(found, length, *other) for other in kept.values()):
            kept[form] = (found, length)
    return [form for form in longer if form in kept]


def _holds(found: tuple[str, ...], length: int, sought: tuple[str, ...], most: int) -> bool:
    """Whether what says a name says the other one, too, by the terms and the words of each. Small words that an engine
    leaves out keep their room: names with such are taken for the same where they have as many, never for one within
    the other.
    """
    if found == sought:
        return length == most
    if (length, most) != (len(found), len(sought)):
        return False
    return any(found[at : at + most] == sought for at in range(length - most + 1))


async def terms_of(engine: Engine, names: Mapping[str, Iterable[str]], index: str | None = None) -> Terms:
    """The terms of each name of each language, by its analyzer; by that of an `index` of another edition, which may cut
    otherwise. Raises `Unavailable`, and `EngineRefusedError` where that index has no such analyzer.
    """
    found: dict[tuple[str, str], tuple[str, ...]] = {}

    async def ask(language: str) -> None:
        every = list(dict.fromkeys(names[language]))
        for start in range(0, len(every), AT_ONCE):
            chunk = every[start : start + AT_ONCE]
            for name, terms in zip(chunk, await _analysed(engine, language, chunk, index), strict=True):
                found[language, name] = terms

    await asyncio.gather(*map(ask, names))
    return found


async def _analysed(engine: Engine, language: str, names: list[str], index: str | None) -> list[tuple[str, ...]]:
    async with engine.calling() as client:
        analyze = client.options(request_timeout=30).indices.analyze
        if index is None:
            answer = await analyze(text=names, **_ours(language))
        else:
            answer = await analyze(text=names, index=index, analyzer=language)
    terms: list[list[str]] = [[] for _ in names]
    place, end = 0, _length(names[0])
    tokens: list[dict[str, Any]] = answer.body["tokens"]
    for token in tokens:
        # the offsets go on from one text to the next, with one between them
        while token["start_offset"] > end:
            place += 1
            end += 1 + _length(names[place])
        terms[place].append(token["token"])
    return [tuple(found) for found in terms]


def _ours(language: str) -> dict[str, Any]:
    analyzer = ANALYSIS["analyzer"][language]
    return {
        "tokenizer": analyzer["tokenizer"],
        "char_filter": [ANALYSIS["char_filter"][name] for name in analyzer["char_filter"]],
        # those that have no definition of ours are the engine's own
        "filter": [ANALYSIS["filter"].get(name, name) for name in analyzer["filter"]],
    }


def _length(text: str) -> int:
    """As the engines count: in units of UTF-16."""
    return len(text.encode("utf-16-le")) // 2
