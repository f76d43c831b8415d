"""The e-mails of saved searches, to the public: in all five languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backbone.contracts import labels
from backbone.contracts.events import AlertEvent, MatchedSheet, SavedSearch, SearchConfirmationRequested, SearchMatched
from services.notifier.emails import Context, Correspondent, Desk, Email
from services.notifier.labels import WORDS


@dataclass(frozen=True)
class Search:
    """A saved search: its name as its owner knows it, where it is asked, where it is ended."""

    name: str
    link: str
    unsubscribe: str


@dataclass(frozen=True)
class Entry:
    """A sheet in an alert; `language` is that of its own words, `themes` and `where` are in the reader's."""

    title: str
    language: str
    link: str
    kind: str
    where: str
    themes: str
    authority: str
    summary: str
    searches: Sequence[str]


def alert(event: SearchMatched, to: Correspondent, desk: Desk) -> Context:
    """To whom saved searches: what they found, each sheet once."""
    searches = {search.id: _search(search, to, desk) for search in event.searches}
    entries = [
        _entry(sheet, [searches[found].name for found in sheet.searches if found in searches], to, desk)
        for sheet in event.sheets
    ]
    demonstration = event.demonstration or any(sheet.demonstration for sheet in event.sheets)
    return {
        **_alert(event, to, desk, demonstration=demonstration),
        "entries": entries,
        "searches": list(searches.values()),
        "count": len(entries),
        "titles": [entry.title for entry in entries],
    }


def alert_confirmation(event: SearchConfirmationRequested, to: Correspondent, desk: Desk) -> Context:
    """To the address that somebody gave for a saved search: the link that confirms it."""
    return {
        **_alert(event, to, desk, demonstration=event.demonstration),
        "link": desk.alert_page("confirm", to.language, event.confirmation_token),
        "name": event.search.name,
        "frequency": event.search.frequency,
    }


def unsubscribe_link(event: AlertEvent, to: Correspondent, desk: Desk) -> str | None:
    """What one click ends (RFC 8058): the search that the mail is about, or all where it is about several."""
    if not isinstance(event, SearchMatched):
        return None
    only = event.searches[0].unsubscribe_token if len(event.searches) == 1 else event.subscriber.manage_token
    return desk.alert_page("unsubscribe", to.language, only)


def _alert(event: AlertEvent, to: Correspondent, desk: Desk, *, demonstration: bool) -> Context:
    return {
        "sheet": None,
        "demonstration": WORDS[to.language]["demonstration_search"] if demonstration else "",
        "manage": desk.alert_page("manage", to.language, event.subscriber.manage_token),
        "all": desk.alert_page("unsubscribe", to.language, event.subscriber.manage_token),
    }


def _search(search: SavedSearch, to: Correspondent, desk: Desk) -> Search:
    return Search(
        name=search.name,
        link=desk.search_page(search.query, to.language),
        unsubscribe=desk.alert_page("unsubscribe", to.language, search.unsubscribe_token),
    )


def _entry(sheet: MatchedSheet, searches: Sequence[str], to: Correspondent, desk: Desk) -> Entry:
    language = to.language
    places = [sheet.place, *(labels.country(code, language) for code in sheet.countries)]
    return Entry(
        title=sheet.title,
        language=sheet.language,
        link=desk.sheet_page(sheet.id, language),
        kind=labels.own("kind")(sheet.kind, language),
        where=" · ".join(dict.fromkeys(places)),
        themes=" · ".join(labels.theme(code, language) for code in sheet.themes),  # labels have commas of their own
        authority=sheet.authority,
        summary=sheet.summary,
        searches=searches,
    )


ALERTS: Final[tuple[Email, ...]] = (alert, alert_confirmation)
