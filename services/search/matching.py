"""Which saved searches find what was published: their own queries, asked of the new sheets alone.

A saved search is asked exactly as a search is, with one filter more: the ids of the new sheets. So what an alert tells
of is what the search finds, on any engine. Most searches are not asked at all: one whose facets do not fit any of the
new sheets is passed over by the declarations of the facets.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
import structlog
from prometheus_client import Counter

from backbone import database
from backbone.database import Row, Transaction
from backbone.errors import Invalid
from services.search import alerts_repository, parameters, queries
from services.search.engine import EngineRefusedError
from services.search.facets import FACETS, Selections
from services.search.index import Index
from services.search.parameters import Filters
from services.search.reaching import understood
from services.search.schedule import due
from services.search.thesaurus import Thesaurus

log = structlog.get_logger()

MATCHES = Counter("bourse_alert_matches_total", "Sheets that saved searches found, each once for a search.")
ASKED = Counter("bourse_alert_queries_total", "Queries of saved searches that the engine was asked.")
UNASKABLE = Counter("bourse_alert_unaskable_total", "Saved searches passed over because they can no longer be asked.")

CHANNEL: Final = "alerts"  # rings when something was found
SHEETS_AT_ONCE: Final = 100
SEARCHES_AT_ONCE: Final = 2_000
QUERIES_AT_ONCE: Final = 200
ANY: Final = "*"
# a match is forgotten after this many days, and a sheet that could be found for longer is nobody's news
REMEMBERED_DAYS: Final = 400
_FIRST: Final = str(UUID(int=0))

Values = Mapping[str, frozenset[str]]  # facet to a sheet's keywords
Pair = tuple[str, str]  # search, project


@dataclass
class _Question:
    """One query, with all searches that ask it, and the new sheets whose facets it selects."""

    filters: Filters
    projects: list[str]
    searches: list[Row] = field(default_factory=list[Row])


def keys_of(selections: Selections) -> list[str]:
    """What a sheet must have one of: the selection in the facet that leaves least; of a search without facets, `*`."""
    chosen = [facet for facet in FACETS if selections.get(facet.name)]
    if not chosen:
        return [ANY]
    narrowest = min(chosen, key=lambda facet: len(selections[facet.name]) / len(facet.values))
    return [f"{narrowest.name}:{keyword}" for keyword in narrowest.keywords(selections[narrowest.name])]


def keys_among(sheets: Iterable[Values]) -> list[str]:
    """The keys of all searches that may find one of these sheets."""
    return sorted({ANY} | {f"{name}:{value}" for sheet in sheets for name, values in sheet.items() for value in values})


def fits(selections: Selections, sheet: Values) -> bool:
    """Whether a sheet has what is selected in every facet."""
    return all(
        sheet[facet.name] & {*facet.keywords(wanted)} for facet in FACETS if (wanted := selections.get(facet.name))
    )


async def match_some(tx: Transaction, index: Index, thesaurus: Thesaurus, hour: int) -> int:
    """Ask the saved searches about some publications; how many those were. Raises `Unavailable`."""
    taken = await alerts_repository.take(tx, SHEETS_AT_ONCE)
    if not taken:
        return 0
    await alerts_repository.await_confirmations(tx)
    since = await alerts_repository.since(tx, [row["project"] for row in taken], REMEMBERED_DAYS)
    sheets = await _facets(index, sorted(since))
    if sheets:
        newest, after = max(since[project] for project in sheets), _FIRST
        while rows := await alerts_repository.candidates(
            tx, keys_among(sheets.values()), newest, after, SEARCHES_AT_ONCE
        ):
            after = rows[-1]["id"]
            await _note(tx, await _ask(index, thesaurus, rows, sheets, since), hour)
    await alerts_repository.done(tx, [row["id"] for row in taken])
    return len(taken)


async def _facets(index: Index, projects: Sequence[str]) -> dict[str, Values]:
    """The facets' values of these sheets as they are indexed now; those gone meanwhile are left out."""
    if not projects:
        return {}
    answer = await index.search(queries.sheets(projects, *(facet.path for facet in FACETS)))
    return {
        hit["_id"]: {facet.name: frozenset(hit["_source"].get(facet.path, ())) for facet in FACETS}
        for hit in answer["hits"]["hits"]
    }


async def _ask(
    index: Index,
    thesaurus: Thesaurus,
    rows: Sequence[Row],
    sheets: Mapping[str, Values],
    since: Mapping[str, datetime],
) -> list[tuple[Row, str]]:
    """What these searches find among the sheets that could not be found when they were confirmed."""
    questions = _questions(rows, sheets)
    found: list[tuple[Row, str]] = []
    for start in range(0, len(questions), QUERIES_AT_ONCE):
        some = questions[start : start + QUERIES_AT_ONCE]
        texts = [understood(question.filters.q, thesaurus) for question in some]
        answers = await index.each(
            [queries.among(one.filters, text, one.projects) for one, text in zip(some, texts, strict=True)]
        )
        ASKED.inc(len(some))
        for question, answer in zip(some, answers, strict=True):
            if isinstance(answer, EngineRefusedError):
                # one that was accepted when it was saved, and is no reason to keep the alerts of all others
                UNASKABLE.inc(len(question.searches))
                log.error("saved searches refused by the engine", error=str(answer), searches=_ids(question.searches))
                continue
            hits: list[Any] = answer["hits"]["hits"]
            found += [
                (search, hit["_id"])
                for search in question.searches
                for hit in hits
                if search["confirmed_at"] < since[hit["_id"]]
            ]
    return found


def _questions(rows: Sequence[Row], sheets: Mapping[str, Values]) -> list[_Question]:
    """The different queries of these searches that have a sheet to be asked about."""
    questions: dict[bytes, _Question] = {}
    for row in rows:
        asked = orjson.dumps(row["query"], option=orjson.OPT_SORT_KEYS)
        if asked not in questions:
            try:
                filters = parameters.figures([(name, one) for name, values in row["query"].items() for one in values])
            except Invalid as error:
                # a value that a vocabulary has lost since
                UNASKABLE.inc()
                log.warning("a saved search is no longer one", error=str(error.errors), search=row["id"])
                continue
            fitting = [project for project, sheet in sheets.items() if fits(filters.selections, sheet)]
            questions[asked] = _Question(filters, fitting)
        questions[asked].searches.append(row)
    return [question for question in questions.values() if question.projects]


def _ids(rows: Sequence[Row]) -> list[str]:
    return [row["id"] for row in rows[:20]]


async def _note(tx: Transaction, found: Sequence[tuple[Row, str]], hour: int) -> None:
    now = datetime.now(UTC)
    matches = [(row["id"], project, now, due(row["frequency"], now, hour)) for row, project in found]
    new = await alerts_repository.add_matches(tx, sorted(matches))
    MATCHES.inc(new)
    if new:
        database.ring(CHANNEL)
