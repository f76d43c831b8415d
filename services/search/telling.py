"""What is told of the alerts that are due: for each person one event, from which one e-mail is made."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from prometheus_client import Counter

from backbone.contracts.events import MatchedSheet, SavedSearch, SearchMatched, Subscriber
from backbone.database import Row, Transaction
from backbone.outbox import emit
from services.search import alerts_repository, links, queries, signed
from services.search.documents import SOURCE_OF_ITEM
from services.search.index import Index

TOLD = Counter("bourse_alerts_told_total", "Events from which an e-mail of alerts is made.")

PERSONS_AT_ONCE: Final = 20
MOST_SHEETS: Final = 100  # in one e-mail: a record of Kafka has at most a megabyte; the rest follows in another
_AGAIN: Final = timedelta(hours=1)

Cards = Mapping[str, Mapping[str, Any]]


async def tell_some(tx: Transaction, index: Index, now: datetime, *, demonstration: bool) -> int:
    """Tell some people what is due; how many they were. Raises `Unavailable`."""
    people = await alerts_repository.lock_due(tx, now, PERSONS_AT_ONCE)
    if not people:
        return 0
    key = await links.signing_key(tx)
    rows = await alerts_repository.to_tell(tx, [person["id"] for person in people], now)
    cards = await _cards(index, sorted({row["project"] for row in rows}))
    missing = [(row["search"], row["project"]) for row in rows if row["project"] not in cards]
    if missing:
        # noted as published, but not in the index at the moment: it is being rebuilt, or the sheet just went
        await alerts_repository.postpone(tx, missing, now + _AGAIN)
    for person in people:
        found = _at_most([row for row in rows if row["subscriber"] == person["id"] and row["project"] in cards])
        if found:
            await emit(tx, _event(person, found, cards, key, now, demonstration=demonstration))
            await alerts_repository.told(tx, [(row["search"], row["project"]) for row in found], now)
            TOLD.inc()
    return len(people)


async def _cards(index: Index, projects: Sequence[str]) -> Cards:
    """The sheets as they are now; those that are gone are left out."""
    cards: dict[str, Mapping[str, Any]] = {}
    for start in range(0, len(projects), 1_000):
        answer = await index.search(queries.sheets(projects[start : start + 1_000], *SOURCE_OF_ITEM))
        cards |= {hit["_id"]: hit["_source"]["sheet"] for hit in answer["hits"]["hits"]}
    return cards


def _at_most(rows: Sequence[Row]) -> list[Row]:
    """All of the first sheets."""
    first = list(dict.fromkeys(row["project"] for row in rows))[:MOST_SHEETS]
    return [row for row in rows if row["project"] in set(first)]


def _event(
    person: Row, found: Sequence[Row], cards: Cards, key: bytes, now: datetime, *, demonstration: bool
) -> SearchMatched:
    searches = {row["search"]: row for row in found}
    return SearchMatched(
        version=person["version"],
        occurred_at=now,
        subscriber=subscriber(person, key),
        demonstration=demonstration,
        searches=[saved_search(search, row, key) for search, row in sorted(searches.items())],
        sheets=[
            _sheet(cards[project], [row["search"] for row in rows])
            for project, rows in groupby(found, key=lambda row: row["project"])
        ],
    )


def subscriber(person: Row, key: bytes) -> Subscriber:
    """A row of `subscribers` as events tell it."""
    return Subscriber(
        id=person["id"],
        account=person["account"],
        email=person["email"],
        language=person["language"],
        manage_token=signed.sign(key, "manage", person["id"]),
    )


def saved_search(identity: str, row: Mapping[str, Any] | Row, key: bytes) -> SavedSearch:
    """A row of `saved_searches` as events tell it."""
    return SavedSearch(
        id=identity,
        name=row["name"],
        query=urlencode(row["query"], doseq=True),
        frequency=row["frequency"],
        unsubscribe_token=signed.sign(key, "unsubscribe", identity),
    )


def _sheet(card: Mapping[str, Any], searches: list[str]) -> MatchedSheet:
    return MatchedSheet(
        id=card["id"],
        kind=card["kind"],
        language=card["language"],
        title=card["title"],
        summary=card["summary"],
        authority=card["authority"]["name"],
        place=card["location"]["name"],
        countries=card["countries"],
        themes=card["themes"],
        demonstration=card["demonstration"],
        searches=searches,
    )
