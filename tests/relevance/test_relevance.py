"""Judged queries over the demonstration's sheets, on both engines."""

from services.search import relevance
from services.search.relevance import Score
from tests.integration.search.sheets import demonstration


def test_what_is_judged_is_in_the_demonstration() -> None:
    refs = {event.sheet.ref for event in demonstration()}
    for judgment in relevance.judged(None):
        assert judgment.grades.keys() <= refs, judgment


def test_the_mean_is_high(scores: list[Score]) -> None:
    assert len(scores) == len(relevance.judged(None))
    assert relevance.mean(scores) >= 0.90


def test_every_query_has_its_best_answer_among_the_first_three(scores: list[Score]) -> None:
    late = {one.judgment.q: (one.best_at, one.found[:3]) for one in scores if not one.best_is_first}
    assert not late
