"""What the words typed so far may become: themes, countries, continents, places, authorities, titles.

The vocabularies are searched in memory, in all languages, the person's own first; the rest by the beginnings of words
that the index has as terms (`prefixes.py`). A place or an authority is counted in the first sheets that have such a
one: exactly where they are few, else as in a sample, so that the time does not grow with the index.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from backbone.contracts import labels, vocabularies
from backbone.contracts.labels import LANGUAGES
from services.search.index import Index
from services.search.parameters import Suggest
from services.search.prefixes import beginnings, normal
from services.search.watching import watched

Body = dict[str, Any]

MOST: Final = 6
SAMPLE: Final = 2000
# a shorter word has too many others that are nearly it
LEAST_TO_DIFFER: Final = 4


async def suggest(index: Index, asked: Suggest) -> dict[str, Any]:
    """What the words typed so far may become: `{titles, places, themes, authorities}`."""
    if not normal(asked.q):
        return {"titles": [], "places": [], "themes": [], "authorities": []}
    with watched(index, "suggest", asked.q):
        found = await _found(index, asked, nearly=False)
        if not any(found.values()) and may_differ(asked.q):
            found = await _found(index, asked, nearly=True)
    return found


async def _found(index: Index, asked: Suggest, *, nearly: bool) -> dict[str, Any]:
    titles, *counted = await index.searches(bodies(normal(asked.q), nearly=nearly))
    places, authorities = (_first(counted[at : at + 2]) for at in (0, 2))
    return {
        "titles": [{"id": hit["_id"], **hit["_source"]["sheet"]} for hit in titles["hits"]["hits"]],
        "places": [
            *named("continent", asked, nearly=nearly),
            *named("country", asked, nearly=nearly),
        ][:MOST]
        + [{"label": label, **({} if count is None else {"count": count})} for label, count in places],
        "themes": [
            {"value": one["value"], "label": one["label"]} for one in named("theme", asked, nearly=nearly)[:MOST]
        ],
        "authorities": [{"ref": ref, "name": name} for ref, _, name in (key.partition("\t") for key, _ in authorities)],
    }


# -- the index -----------------------------------------------------------------------------------------------------


def bodies(q: str, *, nearly: bool) -> list[Body]:
    """The bodies of the searches: titles, then places and authorities, each by the whole label and by its words."""
    return [
        _titles(q, nearly=nearly),
        *(
            _counted(query, field)
            for name, field in (("place", "place"), ("authority", "authority_key"))
            for query in (_label(name, q), _words(name, q, nearly=nearly))
        ),
    ]


def _words(name: str, q: str, *, nearly: bool) -> Body:
    """Those with all the words, or words that begin so; `nearly`: or differ by a letter."""
    more: Body = {"fuzziness": 1, "prefix_length": 1, "max_expansions": 20} if nearly else {}
    return {"match": {f"typed.{name}": {"query": q, "operator": "and", **more}}}


def _label(name: str, q: str) -> Body:
    """Those whose label begins so: the words bear out what is longer than the beginnings that are indexed."""
    return {"bool": {"filter": [{"match": {f"typed.{name}.begins": q}}, _words(name, q, nearly=False)]}}


def _titles(q: str, *, nearly: bool) -> Body:
    first = {"constant_score": {"filter": {"match": {"typed.title.begins": q}}, "boost": 2}}
    return {
        # by score alone, which takes one of two values: the engine need not look at more than it answers
        "query": {"bool": {"filter": [_words("title", q, nearly=nearly)], "should": [first]}},
        "size": MOST,
        "track_total_hits": False,
        "_source": ["sheet.title", "sheet.language"],
    }


def _counted(query: Body, field: str) -> Body:
    return {
        "query": {"bool": {"filter": [query]}},
        "size": 0,
        "terminate_after": SAMPLE,
        # by the values themselves: their numbers would be made anew for the whole index whenever it changes
        "aggs": {"values": {"terms": {"field": field, "size": MOST, "execution_hint": "map"}}},
    }


def _first(answers: Sequence[Mapping[str, Any]]) -> list[tuple[str, int | None]]:
    """The values of these answers in their order, with their number of sheets where all were counted."""
    found: dict[str, int | None] = {}
    for answer in answers:
        whole = not answer.get("terminated_early", False)
        for bucket in answer["aggregations"]["values"]["buckets"]:
            found.setdefault(bucket["key"], bucket["doc_count"] if whole else None)
    return list(found.items())[:MOST]


# -- the vocabularies ----------------------------------------------------------------------------------------------


@cache
def _vocabulary(facet: str, language: str) -> Sequence[tuple[str, str, str, str]]:
    """Of each value: itself, its label, its names in this language and those in the others, each after a mark."""
    values, label = {
        "continent": (vocabularies.CONTINENTS, labels.continent),
        "country": (tuple(vocabularies.countries()), labels.country),
        "theme": (tuple(vocabularies.themes()), labels.theme),
    }[facet]
    known: list[tuple[str, str, str, str]] = []
    for value in values:
        own = [label(value, language)]
        others = [label(value, other) for other in LANGUAGES if other != language]
        if facet == "theme":
            # the synonyms of the vocabulary are French
            (own if language == "fr" else others).extend(vocabularies.themes()[value].synonyms)
        known.append((value, label(value, language), _joined(own), _joined(others)))
    return known


def _joined(names: Sequence[str]) -> str:
    return "".join(f"| {beginning}" for name in names for beginning in beginnings(name))


def named(facet: str, asked: Suggest, *, nearly: bool) -> list[dict[str, Any]]:
    """The values of a vocabulary of which a word begins so, those whose name in the person's language does first."""
    typed = normal(asked.q)
    ranked: list[tuple[int, str, str]] = []
    for value, label, own, others in _vocabulary(facet, asked.language):
        rank = _nearly_rank(typed, own, others) if nearly else _rank(typed, own, others)
        if rank is not None:
            ranked.append((rank, label, value))
    return [{"facet": facet, "value": value, "label": label} for _, label, value in sorted(ranked)]


def _rank(typed: str, own: str, others: str) -> int | None:
    if f"| {typed}" in own:
        return 0
    if f" {typed}" in own:
        return 1
    return 2 if f" {typed}" in others else None


def _nearly_rank(typed: str, own: str, others: str) -> int | None:
    for rank, names in enumerate((own, others)):
        if any(begins_nearly(typed, name.strip()) for name in names.split("|")):
            return rank
    return None


def may_differ(q: str) -> bool:
    """Whether it makes sense to look for what is nearly so."""
    return len(normal(q)) >= LEAST_TO_DIFFER and not any(char.isdigit() for char in q)


def begins_nearly(typed: str, name: str) -> bool:
    """Whether a name begins so but for one letter more, less, other, or two exchanged; its first letter is right."""
    if typed[:1] != name[:1]:
        return False
    same = next((at for at, (one, other) in enumerate(zip(typed, name, strict=False)) if one != other), len(typed))
    rest, there = typed[same:], name[same:]
    return (
        there.startswith(rest[1:])  # one too many
        or there[1:].startswith(rest)  # one missing
        or there[1:].startswith(rest[1:])  # another one
        or (rest[:2] == there[1::-1] and there[2:].startswith(rest[2:]))  # two exchanged
    )
