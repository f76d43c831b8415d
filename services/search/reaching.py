"""How far a search goes to find something: what says the words, else what comes near, else what says any of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from services.search import correcting, words
from services.search.correcting import Options, least_like
from services.search.index import PUBLISHED, Index
from services.search.spelling import fold, plain
from services.search.text import Reach, Text
from services.search.thesaurus import LEAST_MISSPELT, Thesaurus, alike
from services.search.words import Part

Body = dict[str, Any]
Answer = Mapping[str, Any]

ENOUGH: Final = 16  # where so many sheets say all the words, no others are looked for
_RARE: Final = 0.05  # of all sheets: what so few say is what a search is about
_SUGGESTER: Final[Body] = {
    "field": "spelling",
    "suggest_mode": "missing",
    "max_edits": 2,
    "prefix_length": 0,
    "min_word_length": LEAST_MISSPELT,
    "string_distance": "damerau_levenshtein",
    "size": 3,
}


@dataclass(frozen=True)
class Reached:
    """The text that was searched in the end, the engine's answer, and the first answer to what says all the words."""

    text: Text
    answer: Answer
    first: Answer | None = None


async def reach(
    index: Index,
    text: Text,
    make: Callable[[Text], Body],
    said: Callable[[Answer], int],
    start: Reach = "said",
    **options: Any,
) -> Reached:
    """Ask for ever more until there is enough; a page that follows another starts where that one had got to."""
    if start != "said":
        text = await _wider(index, text, start)
        return Reached(text, await index.search(make(text), **options))
    first = await index.search(make(text), **options)
    if not text.words or said(first) >= (1 if text.words.is_code else ENOUGH):
        return Reached(text, first, first)
    near = await _wider(index, text, "near")
    answer = await index.search(make(near), **options)
    if said(answer) < ENOUGH and len(near.words.parts) > 1:
        near = replace(near, reach="any").fitting()
        answer = await index.search(make(near), **options)
    if said(answer) == said(first):
        return Reached(text, first, first)
    return Reached(near, answer, first)


def understood(q: str, thesaurus: Thesaurus) -> Text:
    return Text(words.understand(q, thesaurus), thesaurus).fitting()


async def _wider(index: Index, text: Text, to: Reach) -> Text:
    """The text with what must be known to reach further: words corrected or completed, and what sheets say of it."""
    asked = await _asked_of_words(index, text)
    completed = words.completed(text.words, text.thesaurus)
    meant = completed or correcting.corrected(text.words, asked.suggested, text.thesaurus)
    if meant is None:
        return replace(text, reach=to, unsaid=asked.unsaid, rare=asked.rare, before=(text,)).fitting()
    other = understood(meant, text.thesaurus)
    asked = await _asked_of_words(index, other)
    wider = replace(other, reach=to, unsaid=asked.unsaid, rare=asked.rare, misspelt=completed is None)
    return replace(wider, before=(text, other) if completed else (other, text)).fitting()


@dataclass(frozen=True)
class _Asked:
    """Of the parts those that no sheet says and that few do; for each word that seems misspelt, those of the sheets
    that are spelt nearly so, with how many have each.
    """

    unsaid: frozenset[Part]
    rare: frozenset[Part]
    suggested: Mapping[str, Options]


async def _asked_of_words(index: Index, text: Text) -> _Asked:
    doubtful = text.words.doubtful
    suggest = {f"w{place}": {"text": plain(word), "term": _SUGGESTER} for place, word in enumerate(doubtful.values())}
    # a shard suggests others for a word that it has not, were it in all of the others
    written = {f"w{place}": {"term": {"spelling": word}} for place, word in enumerate(doubtful)}
    body: Body = {
        "size": 0,
        "track_total_hits": False,
        "query": PUBLISHED,
        "aggs": {"parts": {"filters": {"filters": {**text.counted(), **written}}}},
        **({"suggest": suggest} if suggest else {}),
    }
    answer = await index.search(body)
    counts = {name: bucket["doc_count"] for name, bucket in answer["aggregations"]["parts"]["buckets"].items()}
    sheets = {part: counts[str(place)] for place, part in enumerate(text.words.parts)}
    unsaid = frozenset(part for part, count in sheets.items() if not count)
    rare = frozenset(part for part, count in sheets.items() if 0 < count <= counts["all"] * _RARE)
    said = {
        fold(one) for part in text.words.parts if part not in unsaid for word in part.words for one in word.split("-")
    }
    begun = _begun(text, counts["begun"])
    suggested: dict[str, Options] = {}
    for place, word in enumerate(doubtful):
        # a stemmer may take it for another word: it is misspelt where no sheet and no name has it so, and one is spelt
        # nearly so
        is_said = word in said
        if word == begun or counts[f"w{place}"] or (is_said and text.thesaurus.knows(word)):
            continue
        tokens = answer["suggest"][f"w{place}"]
        found = tokens[0]["options"] if len(tokens) == 1 else ()
        options = {
            option["text"]: option["freq"]
            for option in found
            # measured as the thesaurus measures: the engine has a scale of its own
            if alike(word, option["text"]) >= least_like(word) and (not is_said or text.thesaurus.knows(option["text"]))
        }
        if options or not is_said:
            suggested[word] = options
    return _Asked(unsaid, rare, suggested)


def _begun(text: Text, sheets: int) -> str | None:
    """The last word where it is the beginning of one in so many sheets, or of a name: then it is not misspelt."""
    part = text.words.unfinished
    if part is None or not (sheets or text.thesaurus.begun(part.words[-1])):
        return None
    return fold(part.words[-1])
