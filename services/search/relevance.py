"""How well the search finds: judged queries, asked through the service itself and scored.

A judgment grades sheets for a query: 3 is what it looks for, 2 answers it well, 1 has to do with it; what is not graded
has nothing to do with it. The score is nDCG@10 with the gains 2^grade - 1: one where the best come first.
"""

import asyncio
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from backbone.contracts import vocabularies
from services.search import service
from services.search.engine import Engine
from services.search.index import Index, edition, edition_of
from services.search.lexicon import terms_of
from services.search.parameters import LONGEST_QUERY, Filters, Search
from services.search.thesaurus import Thesaurus, seed

JUDGMENTS: Final = Path(__file__).parent / "judgments.json"
DEPTH: Final = 10
FIRST: Final = 3
TOLERANCE: Final = 0.02  # of the mean, for a rebuilt index
AT_ONCE: Final = 4


class Judgment(BaseModel):
    """A query as somebody of this language types it, what it tries (`kind`), and grades by the `ref` of the sheet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: Annotated[str, Field(max_length=LONGEST_QUERY, pattern=r"\S")]
    language: vocabularies.SheetLanguage
    kind: Annotated[str, Field(min_length=1)]
    grades: Annotated[dict[str, Literal[1, 2, 3]], Field(min_length=1)]


_FILE: Final = TypeAdapter(list[Judgment])


@dataclass(frozen=True)
class Score:
    """How one query fared: nDCG@10, the place of its first best sheet (from 1; None beyond ten), what was found."""

    judgment: Judgment
    ndcg: float
    best_at: int | None
    found: Sequence[str]
    relaxed: bool

    @property
    def best_is_first(self) -> bool:
        """Whether one of its best sheets is among the first three."""
        return self.best_at is not None and self.best_at <= FIRST


def ndcg(grades: Mapping[str, int], found: Sequence[str], depth: int = DEPTH) -> float:
    """Normalised discounted cumulative gain: the sum of (2^grade - 1) / log2(place + 1), by the greatest there can be.

    What is found twice counts once, at its first place.
    """
    ideal = _gain(sorted(grades.values(), reverse=True)[:depth])
    reached = _gain([grades.get(one, 0) for one in dict.fromkeys(found[:depth])])
    return reached / ideal if ideal else 0.0


def _gain(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades, 1))


def best_at(grades: Mapping[str, int], found: Sequence[str]) -> int | None:
    """The place, from 1, of the first of the sheets with the highest grade."""
    best = max(grades.values())
    return next((place for place, one in enumerate(found, 1) if grades.get(one) == best), None)


def score(judgment: Judgment, found: Sequence[str], *, relaxed: bool = False) -> Score:
    """The score of a query that found these, by their `ref`."""
    seen = found[:DEPTH]
    return Score(judgment, ndcg(judgment.grades, seen), best_at(judgment.grades, seen), tuple(seen), relaxed)


def mean(scores: Sequence[Score]) -> float:
    return statistics.fmean(one.ndcg for one in scores)


def by_kind(scores: Sequence[Score]) -> dict[str, list[Score]]:
    """The scores of each kind of query, the kinds in their order."""
    kinds = sorted({one.judgment.kind for one in scores})
    return {kind: [one for one in scores if one.judgment.kind == kind] for kind in kinds}


def worst_first(scores: Sequence[Score]) -> list[Score]:
    return sorted(scores, key=lambda one: (one.ndcg, one.judgment.q))


def report(scores: Sequence[Score]) -> dict[str, Any]:
    """All of it as JSON: `{mean, best_in_first_three, kinds{kind: {queries, mean}}, queries[worst first]}`."""
    return {
        "mean": mean(scores),
        "best_in_first_three": sum(one.best_is_first for one in scores),
        "kinds": {kind: {"queries": len(of), "mean": mean(of)} for kind, of in by_kind(scores).items()},
        "queries": [
            {
                **one.judgment.model_dump(include={"q", "language", "kind"}),
                "ndcg": one.ndcg,
                "best_at": one.best_at,
                "relaxed": one.relaxed,
                "found": one.found,
            }
            for one in worst_first(scores)
        ],
    }


def worse(old: Sequence[Score], new: Sequence[Score]) -> list[str]:
    """What speaks against the new index, a sentence for each; both have the same queries in the same order."""
    if not old:
        return []
    reasons = [
        f"{after.judgment.q!r} ({after.judgment.language}) had its best answer at place {before.best_at}, "
        f"now {after.best_at or f'not among the first {DEPTH}'}"
        for before, after in zip(old, new, strict=True)
        if before.best_is_first and not after.best_is_first
    ]
    if mean(new) < mean(old) - TOLERANCE:
        fallen = sorted(zip(old, new, strict=True), key=lambda pair: pair[1].ndcg - pair[0].ndcg)[:5]
        named = ", ".join(f"{after.judgment.q!r} {before.ndcg:.2f} to {after.ndcg:.2f}" for before, after in fallen)
        reasons.insert(0, f"the mean nDCG@{DEPTH} falls from {mean(old):.3f} to {mean(new):.3f}: {named}")
    return reasons


@cache
def judgments(*files: Path) -> tuple[Judgment, ...]:
    """The judged queries of these files. Raises `ValueError` naming the file and the entry that is wrong, `OSError`."""
    read: list[Judgment] = []
    for file in files:
        try:
            read += _FILE.validate_json(file.read_bytes())
        except ValidationError as error:
            raise ValueError(f"{file.name}: {error}") from error
    return tuple(read)


def judged(own: Path | None) -> tuple[Judgment, ...]:
    """The judged queries of the demonstration and those of a deployment."""
    return judgments(JUDGMENTS, *([own] if own else []))


async def refs_of(index: Index, among: Sequence[Judgment]) -> dict[str, str]:
    """Id to `ref` of the judged sheets that are published in this index."""
    wanted = sorted({ref for judgment in among for ref in judgment.grades})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        body: dict[str, Any] = {
            "query": {"bool": {"filter": [{"term": {"gone": False}}, {"terms": {"codes": some}}]}},
            "size": 1000,
            "_source": ["sheet.ref"],
        }
        for hit in (await index.search(body))["hits"]["hits"]:
            ref = hit.get("_source", {}).get("sheet", {}).get("ref")
            if ref in some:  # a code may be an authority's
                found[hit["_id"]] = ref
    return found


def answerable(among: Sequence[Judgment], refs: Mapping[str, str]) -> list[Judgment]:
    """The queries whose judged sheets are all there."""
    present = set(refs.values())
    return [judgment for judgment in among if judgment.grades.keys() <= present]


async def evaluate(
    index: Index,
    among: Sequence[Judgment],
    refs: Mapping[str, str] | None = None,
    thesaurus: Thesaurus | None = None,
) -> list[Score]:
    """Ask each of these queries whose judged sheets are in the index, and score the answers; with the thesaurus that
    the service begins with, or another one.
    """
    known = await refs_of(index, among) if refs is None else refs
    searched_with = thesaurus or await _as_at_first(index.engine)
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(judgment: Judgment) -> Score:
        asked = Search(Filters(q=judgment.q), "relevance", DEPTH, None, judgment.language)
        async with gate:
            ids, relaxed = await service.top(index, searched_with, asked)
        return score(judgment, [known.get(one, one) for one in ids], relaxed=relaxed)

    return list(await asyncio.gather(*(ask(judgment) for judgment in answerable(among, known))))


async def _as_at_first(engine: Engine, index: str | None = None) -> Thesaurus:
    return replace(seed(), terms=await terms_of(engine, seed().names(), index))


async def against(index: Index, old: str, new: str, among: Sequence[Judgment]) -> list[str]:
    """What speaks against putting `new` in the place of `old`, by the queries that both can answer."""
    before, after = index.at(old), index.at(new)
    there, here = await refs_of(before, among), await refs_of(after, among)
    both = [judgment for judgment in answerable(among, there) if judgment in answerable(among, here)]
    thesaurus = await _as_at_first(index.engine)
    # an index of other rules is asked by them: it would find little by the new ones, and they would seem better
    older = thesaurus if edition_of(old) == edition() else await _as_at_first(index.engine, old)
    return worse(await evaluate(before, both, there, older), await evaluate(after, both, here, thesaurus))
