"""Judged queries over the demonstration's sheets, on both engines."""

import random

from services.search import relevance
from services.search.index import Index
from services.search.relevance import Score
from tests.integration.search.sheets import demonstration
from tests.relevance.conftest import OTHER_QUERIES, others
from tests.relevance.typos import misspelt


def test_what_is_judged_is_in_the_demonstration() -> None:
    refs = {event.sheet.ref for event in demonstration()}
    for judgment in relevance.judged(None):
        assert judgment.grades.keys() <= refs, judgment
    other = {event.sheet.ref for event in others()}
    assert not other & refs
    for judgment in relevance.judgments(OTHER_QUERIES):
        assert judgment.grades.keys() <= other, judgment


# the aim, and what was reached: the aim is that none is late, docs/ranking.md says what is missing
REACHED, LATE, KNOWN = 0.90, 3, 0.97
HELD_OUT, LATE_HELD_OUT = 0.87, 3
OTHER, LATE_OTHER = 0.88, 0
LOST_BY_A_TYPO = 0.035


def test_the_mean_is_what_was_reached(scores: list[Score]) -> None:
    assert len(scores) == len(relevance.judged(None)) >= 80
    assert relevance.mean(scores) >= REACHED


def test_queries_have_their_best_answer_among_the_first_three(scores: list[Score]) -> None:
    late = {one.judgment.q: (one.best_at, one.found[:3]) for one in scores if not one.best_is_first}
    assert len(late) <= LATE, late


def test_queries_that_nothing_was_tuned_on_are_answered_about_as_well(held_out: list[Score]) -> None:
    assert len(held_out) == 80
    assert relevance.mean(held_out) >= HELD_OUT
    assert sum(not one.best_is_first for one in held_out) <= LATE_HELD_OUT


def test_the_sheet_that_was_meant_is_among_the_first_three(known_items: list[Score]) -> None:
    assert len(known_items) == 257
    assert sum(one.best_is_first for one in known_items) >= KNOWN * len(known_items)


def test_queries_of_other_sheets_are_answered_about_as_well(other_queries: list[Score]) -> None:
    assert len(other_queries) == 100
    assert relevance.mean(other_queries) >= OTHER
    assert sum(not one.best_is_first for one in other_queries) <= LATE_OTHER


async def test_a_typo_in_every_query_costs_little(
    open_sheets: Index, other_sheets: Index, scores: list[Score], other_queries: list[Score]
) -> None:
    chance = random.Random(5)
    lost: dict[str, float] = {}
    for index, right in ((open_sheets, scores), (other_sheets, other_queries)):
        # an unfinished or misspelt word is hard enough, and no keyboard has both alphabets
        asked = [one for one in right if one.judgment.kind not in ("typo", "prefix") and one.judgment.language != "ar"]
        wrong = [(one, typed) for one in asked if (typed := misspelt(one.judgment, chance))]
        found = await relevance.evaluate(index, [typed for _, typed in wrong])
        for (one, _), other in zip(wrong, found, strict=True):
            lost[f"{one.judgment.q}: {other.judgment.q}"] = one.ndcg - other.ndcg
    assert len(lost) > 150
    assert sum(lost.values()) / len(lost) <= LOST_BY_A_TYPO, sorted(lost.items(), key=lambda pair: -pair[1])[:20]
