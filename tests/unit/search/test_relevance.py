"""Scores of judged queries, and what keeps a rebuilt index out."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search import relevance
from services.search.relevance import Judgment, Score, worse

NAMES = st.sampled_from([f"sheet-{number}" for number in range(15)])
GRADES = st.dictionaries(NAMES, st.integers(1, 3), min_size=1)


def judgment(q: str = "eau", **grades: int) -> Judgment:
    return Judgment.model_validate({"q": q, "language": "fr", "kind": "word", "grades": grades or {"a": 3}})


def scored(ndcg: float, best_at: int | None, q: str = "eau") -> Score:
    return Score(judgment(q), ndcg, best_at, (), relaxed=False)


def test_the_score_is_that_of_the_textbook() -> None:
    # gains 7, 0, 3 at places 1, 2, 3, where 7, 3, 1 was to be had
    reached = 7 + 3 / math.log2(4)
    best = 7 + 3 / math.log2(3) + 1 / math.log2(4)
    assert relevance.ndcg({"a": 3, "b": 2, "c": 1}, ["a", "x", "b"]) == pytest.approx(reached / best)


@given(grades=GRADES, found=st.lists(NAMES, max_size=20))
def test_a_score_lies_between_nothing_and_all(grades: dict[str, int], found: list[str]) -> None:
    reached = relevance.ndcg(grades, found)
    assert 0 <= reached <= 1 + 1e-9
    assert (reached == 0) == (not grades.keys() & set(found[:10]))


@given(grades=GRADES)
def test_the_best_first_is_all_there_is(grades: dict[str, int]) -> None:
    ordered = sorted(grades, key=lambda ref: -grades[ref])
    assert relevance.ndcg(grades, ordered) == pytest.approx(1)
    assert relevance.best_at(grades, ordered) == 1
    # what stands beyond ten counts for nothing
    assert relevance.ndcg(grades, [*(f"other-{number}" for number in range(10)), *ordered]) == 0


def test_the_best_is_any_of_the_highest_grade() -> None:
    assert relevance.best_at({"a": 2, "b": 2, "c": 1}, ["c", "x", "b", "a"]) == 3
    assert relevance.best_at({"a": 2}, ["x"]) is None
    assert scored(1, 3).best_is_first
    assert not scored(1, 4).best_is_first
    assert not scored(1, None).best_is_first


def test_a_new_index_may_be_a_little_worse_on_the_mean() -> None:
    assert worse([], []) == []
    assert worse([scored(0.9, 1), scored(0.9, 2)], [scored(0.9, 3), scored(0.87, 1)]) == []
    (reason,) = worse([scored(0.9, 1), scored(0.9, 1, "puits")], [scored(0.9, 1), scored(0.85, 1, "puits")])
    assert "from 0.900 to 0.875: 'puits' 0.90 to 0.85" in reason


def test_a_query_that_loses_its_best_answer_keeps_a_new_index_out() -> None:
    (reason,) = worse([scored(0.5, 2), scored(0.5, 4)], [scored(0.9, 4), scored(0.9, None)])
    assert reason == "'eau' (fr) had its best answer at place 2, now 4"


def test_the_judged_queries_are_well_formed() -> None:
    judged = relevance.judged(None)
    assert len({(one.q, one.language) for one in judged}) == len(judged)


@pytest.mark.parametrize(
    "change",
    [
        {"q": " "},
        {"q": 3},
        {"language": "de"},
        {"kind": None},
        {"grades": {}},
        {"grades": {"a": 0}},
        {"grades": {"a": 4}},
        {"note": "x"},
    ],
)
def test_a_judgment_that_is_wrong_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    right = {"q": "eau", "language": "fr", "kind": "word", "grades": {"a": 3}}
    file = tmp_path / "own.json"
    file.write_text(json.dumps([right, {**right, **change}]))
    with pytest.raises(ValueError, match=r"own\.json: 1 validation error.*\n1\."):
        relevance.judgments(file)


def test_a_deployment_adds_its_own(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps([{"q": "quais", "language": "fr", "kind": "word", "grades": {"a": 3, "b": 1}}]))
    assert relevance.judged(file)[-1].grades == {"a": 3, "b": 1}
    assert len(relevance.judged(file)) == len(relevance.judged(None)) + 1


def test_only_queries_whose_sheets_are_all_there_take_part() -> None:
    both = judgment("eau", a=3, b=1)
    assert relevance.answerable([both, judgment("puits", b=3)], {"id-1": "b"}) == [judgment("puits", b=3)]
    assert relevance.answerable([both], {"id-1": "b", "id-2": "a"}) == [both]
