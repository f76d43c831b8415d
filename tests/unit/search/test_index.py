"""What is made of the engine's answers."""

from typing import Any

import pytest

from backbone.errors import Unavailable
from services.search.engine import EngineRefusedError, IndexMissing
from services.search.index import whole

ANSWER: dict[str, Any] = {"took": 3, "timed_out": False, "hits": {"hits": []}}


def test_a_whole_answer_is_taken_as_it_is() -> None:
    assert whole(ANSWER) is ANSWER


def test_what_the_engine_did_not_finish_is_not_shown() -> None:
    with pytest.raises(Unavailable, match="too long"):
        whole({**ANSWER, "timed_out": True})


@pytest.mark.parametrize(
    ("status", "raised"), [(404, IndexMissing), (429, Unavailable), (503, Unavailable), (400, EngineRefusedError)]
)
def test_one_error_among_several_answers_is_one_of_all(status: int, raised: type[Exception]) -> None:
    with pytest.raises(raised) as error:
        whole({"error": {"root_cause": [{"reason": "why"}]}, "status": status})
    assert type(error.value) is raised
