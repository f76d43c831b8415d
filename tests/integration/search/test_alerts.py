"""Alerts on both engines: what is published is told to whoever saved a search that finds it, once."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from backbone.contracts.events import AccountDeleted, ProjectPublished
from services.search import alerts_repository
from services.search.telling import tell_some
from tests.integration.search.people import Person, Query, all_matched, member
from tests.integration.search.running import Running, until
from tests.integration.search.sheets import demonstration, publication, unpublication
from tests.integration.search.test_events import settled

# one of each kind of filter, words in several languages and forms, what finds nothing, what finds all
QUERIES: tuple[Query, ...] = (
    {},
    {"q": "eau"},
    {"q": "l’eau potable"},
    {"q": "water"},
    {"q": "marchés"},
    {"q": "école primaire"},
    {"q": "Sénégal"},
    {"q": "assainisement"},
    {"q": "qwzxqwzx"},
    {"q": "مياه"},
    {"theme": "water-sanitation"},
    {"theme": ["water-sanitation", "health"]},
    {"theme": "health", "continent": "africa"},
    {"country": ["SN", "ML", "BJ"]},
    {"country": "SN", "theme": "water-sanitation"},
    {"continent": "asia"},
    {"kind": "offer"},
    {"kind": "demand", "language": "en"},
    {"language": ["es", "pt"]},
    {"sdg": ["6", "13"]},
    {"status": "partnered"},
    {"status": "open", "q": "projet"},
    {"budget_min": "100000"},
    {"budget_max": "50000"},
    {"budget_min": "50000", "budget_max": "300000", "continent": "africa"},
    {"period_from": "2027-06", "period_to": "2027-09"},
    {"period_from": "2029-01"},
    {"bbox": "-18,4,16,28"},
    {"bbox": "170,-50,-170,20"},
    {"q": "eau", "theme": "water-sanitation", "country": "SN"},
)


def fresh(count: int) -> list[ProjectPublished]:
    """The first publications of demonstration sheets under ids of their own."""
    return [
        event.model_copy(update={"project": project, "sheet": event.sheet.model_copy(update={"id": project})})
        for event, project in ((event, str(uuid4())) for event in demonstration()[:count])
    ]


async def found(http: httpx.AsyncClient, query: Mapping[str, Any], among: set[str]) -> set[str]:
    """What a search finds of these sheets, page after page, without those that do not say the words."""
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await http.get("/projects", params={**query, "size": "100", **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen += [item["id"] for item in page["items"] if not item.get("nearly")]
        if not page["cursor"]:
            return set(seen) & among
        cursor = {"cursor": page["cursor"]}


async def test_an_alert_tells_exactly_what_the_search_finds(running: Running) -> None:
    one, other = member(running), member(running)
    saved = {(await one.save(query))["id"]: query for query in QUERIES}
    again = {(await other.save(query))["id"]: query for query in QUERIES[:10]}
    events = fresh(90)
    await running.send(*events)
    await settled(running)
    await all_matched(running)
    published = {event.project for event in events}
    for person, searches in ((one, saved), (other, again)):
        told = [(search, project) for search, project in await person.told() if project in published]
        expected = {
            (search, project)
            for search, query in searches.items()
            for project in await found(running.http, query, published)
        }
        wrong = {str(searches[search]) for search, _ in expected.symmetric_difference(told)}
        assert not wrong
        assert len(told) == len(expected)  # none twice
    # not only by the engine's own word
    told = set(await one.told())
    by_facet = next(search for search, query in saved.items() if query == {"theme": "health", "continent": "africa"})
    assert {project for search, project in told if search == by_facet and project in published} == {
        event.project for event in events if "health" in event.sheet.themes and "africa" in event.sheet.continents
    }
    everything = next(search for search, query in saved.items() if not query)
    assert {project for search, project in told if search == everything} >= published


async def test_a_sheet_is_listed_once_in_a_mail_naming_all_searches_that_found_it(running: Running) -> None:
    person = member(running, language="es")
    mark = f"m{uuid4().hex[:10]}"
    first = await person.save({"q": mark}, name="Por palabra")
    second = await person.save({"q": mark, "country": "SN"}, "daily")
    event = publication(title=f"Le marché {mark}")
    await running.send(event)
    await until(lambda: has_mails(person, 1))
    (mail,) = await person.mails()
    # found for the next day's mail too: it is named now, and not told again then
    (sheet,) = mail.sheets
    assert sheet.searches == sorted([first["id"], second["id"]])
    assert {search.id: search.name for search in mail.searches} == {
        first["id"]: "Por palabra",
        second["id"]: f"«{mark}» · Senegal",
    }
    assert (sheet.title, sheet.place, sheet.authority) == (f"Le marché {mark}", "Thiaroye", "Ville de Pikine")
    assert (mail.subscriber.email, mail.subscriber.language) == (person.email, "es")
    assert mail.key == person.account
    assert {search.query for search in mail.searches} == {f"q={mark}", f"q={mark}&country=SN"}
    await at(running, timedelta(days=3))
    assert len(await person.mails()) == 1


async def has_mails(person: Person, count: int) -> bool:
    return len(await person.mails()) >= count


async def at(running: Running, later: timedelta) -> None:
    """Tell what would be due then."""
    while True:
        async with running.database.transaction() as tx:
            now = datetime.now(UTC) + later
            if not await tell_some(tx, running.index, now, demonstration=False):
                return


async def test_a_revised_sheet_is_told_once_and_when_it_begins_to_match(running: Running) -> None:
    person = member(running)
    early, late = f"e{uuid4().hex[:10]}", f"l{uuid4().hex[:10]}"
    first, second = await person.save({"q": early}), await person.save({"q": late})
    project = str(uuid4())
    await running.send(publication(project, title=f"Essai {early}"))
    await until(lambda: has_mails(person, 1))
    await running.send(publication(project, version=2, title=f"Essai {early} encore"))
    await settled(running)
    await all_matched(running)
    assert await person.told() == [(first["id"], project)]
    await running.send(publication(project, version=3, title=f"Essai {early} {late}"))
    await until(lambda: has_mails(person, 2))
    assert await person.told() == [(first["id"], project), (second["id"], project)]


async def test_what_was_to_be_found_before_is_no_news(running: Running) -> None:
    mark = f"m{uuid4().hex[:10]}"
    old, new = publication(title=f"Ancien {mark}"), publication(title=f"Nouveau {mark}")
    await running.send(old)
    await until(lambda: running.has(old.project))
    person = member(running)
    search = await person.save({"q": mark})
    await running.send(publication(old.project, version=2, title=f"Ancien {mark} revu"), new)
    await settled(running)
    await all_matched(running)
    assert await person.told() == [(search["id"], new.project)]
    # gone, and published again: nobody could find it meanwhile
    await running.send(unpublication(old.project, 3))
    await settled(running)
    await running.send(publication(old.project, version=4, title=f"Ancien {mark} de retour"))
    await until(lambda: has_mails(person, 2))
    assert await person.told() == [(search["id"], new.project), (search["id"], old.project)]


async def test_a_sheet_that_goes_before_the_digest_is_left_out_of_it(running: Running) -> None:
    person = member(running)
    mark = f"m{uuid4().hex[:10]}"
    search = await person.save({"q": mark}, "daily")
    stays, goes = publication(title=f"Reste {mark}"), publication(title=f"Part {mark}")
    await running.send(stays, goes)
    await settled(running)
    await all_matched(running)
    assert await person.mails() == []  # not before its time
    await running.send(unpublication(goes.project, 2))
    await settled(running)
    await at(running, timedelta(days=1))
    assert await person.told() == [(search["id"], stays.project)]
    await running.send(publication(goes.project, version=3, title=f"Part {mark} et revient"))
    await settled(running)
    await all_matched(running)
    await at(running, timedelta(days=1))
    assert await person.told() == [(search["id"], stays.project), (search["id"], goes.project)]


async def test_several_replicas_tell_each_person_once(running: Running) -> None:
    people = [member(running) for _ in range(6)]
    mark = f"m{uuid4().hex[:10]}"
    for person in people:
        await person.save({"q": mark}, "weekly")
    events = [publication(title=f"Essai {mark} {number}") for number in range(5)]
    await running.send(*events)
    await settled(running)
    await all_matched(running)
    await asyncio.gather(*[at(running, timedelta(days=8)) for _ in range(5)])
    for person in people:
        (mail,) = await person.mails()
        assert {sheet.id for sheet in mail.sheets} == {event.project for event in events}


async def test_a_search_hears_of_nothing_before_its_address_is_confirmed(running: Running) -> None:
    person = Person(running)
    mark = f"m{uuid4().hex[:10]}"
    await person.save({"q": mark})
    before, after = publication(title=f"Avant {mark}"), publication(title=f"Après {mark}")
    await running.send(before)
    await settled(running)
    await all_matched(running)
    search = await person.confirm()
    await running.send(after)
    await until(lambda: has_mails(person, 1))
    assert await person.told() == [(search["id"], after.project)]


async def test_matching_waits_for_a_confirmation_under_way_and_for_no_longer(running: Running) -> None:
    async with running.database.transaction() as matcher:
        async with running.database.transaction() as confirming:
            await alerts_repository.confirming(confirming)
            waiting = asyncio.create_task(alerts_repository.await_confirmations(matcher))
            assert not (await asyncio.wait({waiting}, timeout=0.3))[0]
        await waiting
        # the transaction of the matcher goes on, and holds up nobody
        async with running.database.transaction() as other:
            await other.execute("set local lock_timeout = '2s'")
            await alerts_repository.confirming(other)


async def test_a_search_that_can_no_longer_be_asked_keeps_nobody_from_theirs(running: Running) -> None:
    person, other = member(running), member(running)
    mark = f"m{uuid4().hex[:10]}"
    lost = await person.save({"theme": "health"})
    async with running.database.transaction() as tx:
        await tx.execute(
            """update saved_searches set query = '{"theme": ["a-theme-of-the-past"]}', keys = '{*}' where id = $1""",
            lost["id"],
        )
    search = await other.save({"q": mark})
    event = publication(title=f"Essai {mark}")
    await running.send(event)
    await until(lambda: has_mails(other, 1))
    assert await other.told() == [(search["id"], event.project)]
    assert await person.mails() == []
    said = (await running.http.get("/metrics")).text
    assert float(said.split("\nbourse_alert_unaskable_total ")[1].split()[0]) >= 1


async def test_while_the_engine_is_away_publications_wait_for_their_matches(running: Running) -> None:
    person = member(running)
    mark = f"m{uuid4().hex[:10]}"
    search = await person.save({"q": mark})
    event = publication(title=f"Essai {mark}")
    await running.gate.shut()
    try:
        await running.send(event)
        await asyncio.sleep(0.5)
    finally:
        await running.gate.open()
    await until(lambda: has_mails(person, 1))
    assert await person.told() == [(search["id"], event.project)]


async def test_many_sheets_are_told_in_several_mails_each_once(running: Running) -> None:
    person = member(running)
    mark = f"m{uuid4().hex[:10]}"
    search = await person.save({"q": mark}, "daily")
    events = [publication(title=f"Essai {mark} {number}") for number in range(130)]
    await running.send(*events)
    await settled(running)
    await all_matched(running)
    await at(running, timedelta(days=2))
    assert [len(mail.sheets) for mail in await person.mails()] == [100, 30]
    assert sorted(await person.told()) == sorted((search["id"], event.project) for event in events)


async def test_a_deleted_account_is_forgotten_with_its_searches(running: Running) -> None:
    person, other = member(running), member(running)
    mark = f"m{uuid4().hex[:10]}"
    await person.save({"q": mark})
    await other.save({"q": mark})
    await running.send(AccountDeleted(version=2, occurred_at=datetime.now(UTC), account=person.account))

    async def is_forgotten() -> bool:
        async with running.database.connection() as connection:
            return not await connection.fetchval(
                "select exists (select from subscribers where email = $1)", person.email
            )

    await until(is_forgotten)
    await running.send(publication(title=f"Essai {mark}"))
    await until(lambda: has_mails(other, 1))
    assert await person.mails() == []
    # a token that lives on for minutes saves nothing more
    answer = await running.http.post(
        "/saved-searches", json={"query": {}, "frequency": "daily"}, headers=person.headers
    )
    assert answer.status_code == 401
