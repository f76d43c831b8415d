"""The thesaurus's names as the engine cuts them into terms: asked of it once, so that a query need not be cut again.

A query with all synonyms of its words as text would have thousands of clauses; as terms they are one a field.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from services.search.analysis import ANALYSIS
from services.search.engine import Engine

Terms = Mapping[tuple[str, str], tuple[str, ...]]  # (language, name) to its terms

AT_ONCE: Final = 1_000  # names of up to five words: an engine gives 10,000 terms at most


async def terms_of(engine: Engine, names: Mapping[str, Iterable[str]]) -> Terms:
    """The terms of each name of each language, by its analyzer. Raises `Unavailable`."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}

    async def cut(language: str) -> None:
        every = list(dict.fromkeys(names[language]))
        for start in range(0, len(every), AT_ONCE):
            chunk = every[start : start + AT_ONCE]
            for name, terms in zip(chunk, await _analysed(engine, language, chunk), strict=True):
                found[language, name] = terms

    await asyncio.gather(*map(cut, names))
    return found


async def _analysed(engine: Engine, language: str, names: list[str]) -> list[tuple[str, ...]]:
    analyzer = ANALYSIS["analyzer"][language]
    async with engine.calling() as client:
        answer = await client.options(request_timeout=30).indices.analyze(
            tokenizer=analyzer["tokenizer"],
            char_filter=[ANALYSIS["char_filter"][name] for name in analyzer["char_filter"]],
            # those that have no definition of ours are the engine's own
            filter=[ANALYSIS["filter"].get(name, name) for name in analyzer["filter"]],
            text=names,
        )
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


def _length(text: str) -> int:
    """As the engines count: in units of UTF-16."""
    return len(text.encode("utf-16-le")) // 2
