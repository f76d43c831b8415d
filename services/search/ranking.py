"""In which order: what a sheet says first, then how open, fresh and complete it is. `docs/ranking.md` explains it.

The second part moves a score by a fifth at most: it decides between sheets that say the same, and no more.
"""

from dataclasses import replace
from typing import Any, Final

from services.search.text import Text

Body = dict[str, Any]

_SAID: Final = 0.8
_OPEN, _FRESH, _COMPLETE = 0.1, 0.06, 0.04
_HALF_AS_FRESH_AFTER: Final = "180d"
_FIRST: Final = 1000.0  # above all that the words may reach


def ranked(text: Text, day: str) -> Body:
    """The query of a text in its order, as of a day (`YYYY-MM-DD`): with the same day, the same scores."""
    scored = {
        "function_score": {
            "query": text.query(),
            "functions": [
                {"weight": _SAID},
                {"filter": {"term": {"status": "open"}}, "weight": _OPEN},
                {
                    "gauss": {"published_at": {"origin": day, "offset": "7d", "scale": _HALF_AS_FRESH_AFTER}},
                    "weight": _FRESH,
                },
                {"field_value_factor": {"field": "completeness", "missing": 0}, "weight": _COMPLETE},
            ],
            "score_mode": "sum",
            "boost_mode": "multiply",
        }
    }
    return _first_said(text, scored, _FIRST)


def said_first(text: Text) -> Body:
    """The query of a text whose order is another: what says it all still comes first."""
    return _first_said(text, {"constant_score": {"filter": replace(text, before=()).filter(), "boost": 0}}, 1.0)


def _first_said(text: Text, other: Body, boost: float) -> Body:
    """What this query finds, after the sheets that say it all: as typed, then as corrected. Those are found although a
    text that reaches further, and has less room for each name, may not find them.
    """
    if not text.before:
        return other
    first = [
        {"constant_score": {"filter": said.filter(), "boost": boost / 2**place}}
        for place, said in enumerate(text.before)
    ]
    return {"bool": {"should": [other, *first], "minimum_should_match": 1}}
