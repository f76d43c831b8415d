"""In which order: what a sheet says first, then how open, fresh and complete it is. `docs/ranking.md` explains it.

The second part moves a score by a fifth at most: it decides between sheets that say the same, and no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from services.search.text import Text

Body = dict[str, Any]

_SAID: Final = 0.8
_OPEN, _FRESH, _COMPLETE = 0.1, 0.06, 0.04
_HALF_AS_FRESH_AFTER: Final = "180d"
_SAYS_ALL: Final = 4.0  # for each part: about as much as to say it in the title and in the text
_FIRST: Final = 1000.0  # above all that the words may reach

_NAMES: Final = ("said first", "said then")  # of the queries in `Text.before`


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
    boosts = [_SAYS_ALL * len(before.words.parts) for before in text.before]
    if text.is_corrected and not text.misspelt:
        # what was typed may have been meant, however well a sheet goes with the correction
        boosts[0] = _FIRST
    return _with_said(text, scored, boosts)


def said_first(text: Text) -> Body:
    """The query of a text whose order is another: what says it all comes first."""
    found = {"constant_score": {"filter": replace(text, before=()).filter(), "boost": 0}}
    return _with_said(text, found, [1 / 2**place for place, _ in enumerate(text.before)])


def says_all(hit: Mapping[str, Any], text: Text) -> bool:
    """Whether a hit of a text that reaches further says all that was typed."""
    return not text.misspelt and _NAMES[0] in hit.get("matched_queries", ())


def _with_said(text: Text, found: Body, boosts: Sequence[float]) -> Body:
    """What is found, and what says it all: that is found although a text that reaches further, and has less room for
    each name, may not find it.
    """
    said = [
        {"constant_score": {"filter": before.filter(), "boost": boost, "_name": _NAMES[place]}}
        for place, (before, boost) in enumerate(zip(text.before, boosts, strict=True))
    ]
    return {"bool": {"should": [found, {"dis_max": {"queries": said}}], "minimum_should_match": 1}} if said else found
