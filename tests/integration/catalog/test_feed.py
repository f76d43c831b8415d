"""What machines follow: the Atom feed, the addresses for a sitemap, and what is left of a sheet that is gone."""

import xml.etree.ElementTree as ET
from datetime import datetime
from uuid import uuid4

import pytest

from backbone.contracts.events import ProjectPublished
from services.search.documents import ITEM_FIELDS
from tests.integration.catalog.conftest import Catalog, published, unpublished
from tests.unit.catalog.atom_rules import ATOM, HOSTILE, LANG, as_xml_has_it, check


async def test_the_feed_has_the_newest_sheets_first_and_is_valid(catalog: Catalog) -> None:
    events = [published(title=f"Fiche {number}", language="fr") for number in range(3)]
    await catalog.show(*events)
    answer = await catalog.http.get("/feed.atom", params={"lang": "en"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml; charset=utf-8")
    root = ET.fromstring(answer.content)
    assert root.attrib[LANG] == "en"
    # what RFC 4287 requires of a feed and of an entry
    for needed in ("id", "title", "updated"):
        assert root.findtext(f"{ATOM}{needed}")
    entries = root.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries[:3]] == ["Fiche 2", "Fiche 1", "Fiche 0"]
    for entry in entries:
        for needed in ("id", "title", "updated", "summary", "author/{http://www.w3.org/2005/Atom}name"):
            assert entry.findtext(f"{ATOM}{needed}")
    first = entries[0]
    assert first.findtext(f"{ATOM}id") == f"urn:bourse-projets:project:{events[2].project}"
    assert first.attrib[LANG] == "fr"
    (link,) = first.findall(f"{ATOM}link")
    assert link.attrib["href"].endswith(f"/en/projects/{events[2].project}")
    assert {LANG: "en", "term": "SN", "label": "Senegal"} in [
        category.attrib for category in first.findall(f"{ATOM}category")
    ]


@pytest.mark.parametrize(
    "title",
    ["]]> &amp; <b>gras</b> \"'", "déjà \u202eécrit à l’envers", "\N{EARTH GLOBE EUROPE-AFRICA}" * 120, "مشروع الماء"],
)
async def test_what_people_typed_comes_out_as_they_typed_it(catalog: Catalog, title: str) -> None:
    event = published(title=title)
    await catalog.show(event)
    root = ET.fromstring((await catalog.http.get("/feed.atom")).content)
    assert root.findtext(f"{ATOM}entry/{ATOM}title") == event.sheet.title


async def test_what_no_xml_may_hold_does_not_break_the_feed(catalog: Catalog) -> None:
    event = published()
    odd = event.sheet.model_copy(update={"title": "avant\x00\x0b\ufffeaprès"})
    await catalog.show(event.model_copy(update={"sheet": odd}))
    root = ET.fromstring((await catalog.http.get("/feed.atom")).content)
    assert root.findtext(f"{ATOM}entry/{ATOM}title") == "avant\ufffd\ufffd\ufffdaprès"


async def test_the_feed_is_narrowed_forgets_and_is_asked_conditionally(catalog: Catalog) -> None:
    ours = published(authority={"country": "PE", "ref": f"pe-{uuid4()}"})
    await catalog.show(ours, published())
    narrowed = {"country": "PE"}
    first = await catalog.http.get("/feed.atom", params=narrowed)
    assert [entry.findtext(f"{ATOM}id") for entry in ET.fromstring(first.content).findall(f"{ATOM}entry")] == [
        f"urn:bourse-projets:project:{ours.project}"
    ]
    known = {"If-None-Match": first.headers["etag"]}
    assert (await catalog.http.get("/feed.atom", params=narrowed, headers=known)).status_code == 304
    await catalog.show(unpublished(ours.project, 2))
    again = await catalog.http.get("/feed.atom", params=narrowed, headers=known)
    assert again.status_code == 200
    assert not ET.fromstring(again.content).findall(f"{ATOM}entry")
    assert (await catalog.http.get("/feed.atom", params={"country": "XX"})).status_code == 422
    assert (await catalog.http.get("/feed.atom", params={"q": "eau"})).status_code == 422


async def test_the_addresses_are_of_all_published_sheets_once(catalog: Catalog) -> None:
    events = [published(title=f"Adresse {number}") for number in range(3)]
    gone = published()
    await catalog.show(*events, gone, unpublished(gone.project, 2))
    found: dict[str, str] = {}
    cursor: str | None = None
    while True:
        page = (
            await catalog.http.get("/addresses", params={"size": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        for item in page["items"]:
            assert item["id"] not in found
            assert item["authority"]
            assert item["authority_name"]
            assert item["changed_at"]
            found[item["id"]] = item["title"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert {event.project: event.sheet.title for event in events}.items() <= found.items()
    assert gone.project not in found
    assert (await catalog.http.get("/addresses?size=1001")).status_code == 422


async def test_a_sheet_that_is_gone_leaves_its_codes_and_nothing_else(catalog: Catalog) -> None:
    event = published(themes=["health", "education"], title="Un titre que plus personne ne doit lire")
    await catalog.show(event, unpublished(event.project, 2))
    said = (await catalog.http.get(f"/projects/{event.project}")).json()
    assert (said["themes"], said["countries"], said["continents"]) == (["health", "education"], ["SN"], ["africa"])
    assert said["kind"] == "demand"
    assert "titre" not in str(said)
    never = unpublished(str(uuid4()), 1)
    await catalog.show(never)
    said = (await catalog.http.get(f"/projects/{never.project}")).json()
    assert (said["status"], said["themes"], said["countries"]) == (410, [], [])
    narrowed = {"theme": "health", "size": 100}
    listed = (await catalog.http.get("/projects", params=narrowed)).json()["items"]
    assert event.project not in {sheet["id"] for sheet in listed}
    assert event.project not in (await catalog.http.get("/export.jsonl", params={"theme": "health"})).text


async def test_the_cards_of_an_authority_have_what_those_of_a_search_have(catalog: Catalog) -> None:
    ref = f"sn-{uuid4()}"
    event = published(authority={"ref": ref}, documents=[{"title": "Étude", "language": "fr"}])
    await catalog.show(event)
    (card,) = (await catalog.http.get(f"/authorities/{ref}")).json()["projects"]
    sheet = event.sheet.model_dump(mode="json")
    for name in ("budget", "period", "location", "sdgs", "demonstration", "continents", "themes"):
        assert card[name] == sheet[name]
    assert card["documents"] == 1
    # `revision` is for those who follow the events, and the authority is that of the page
    assert set(card) == {*ITEM_FIELDS, "documents"} - {"revision"}


async def test_a_card_says_where_a_sheet_has_no_budget_and_no_document(catalog: Catalog) -> None:
    ref = f"sn-{uuid4()}"
    await catalog.show(published(authority={"ref": ref}, budget=None, sdgs=[]))
    (card,) = (await catalog.http.get(f"/authorities/{ref}")).json()["projects"]
    assert (card["budget"], card["documents"], card["sdgs"]) == (None, 0, [])


async def test_a_whole_feed_of_hostile_sheets_is_valid(catalog: Catalog) -> None:
    country = {"ref": f"ki-{uuid4()}", "country": "KI"}
    events: list[ProjectPublished] = []
    for text in HOSTILE:
        event = published(authority=country)
        # past every check of a deposit, as the worst event would be
        author = event.sheet.authority.model_copy(update={"name": text})
        sheet = event.sheet.model_copy(update={"title": text, "summary": text, "authority": author})
        events.append(event.model_copy(update={"sheet": sheet}))
    await catalog.show(*events)
    answer = await catalog.http.get("/feed.atom", params={"country": "KI", "lang": "ar"})
    root = ET.fromstring(answer.content)
    check(root, catalog.settings.portal_url)
    titles = [entry.findtext(f"{ATOM}title") for entry in root.findall(f"{ATOM}entry")]
    assert titles == [as_xml_has_it(text) for text in reversed(HOSTILE)]
    head = await catalog.http.head("/feed.atom", params={"country": "KI", "lang": "ar"})
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", answer.headers["etag"])


async def test_the_feed_is_of_the_last_fifty_a_new_version_being_news(catalog: Catalog) -> None:
    country = {"ref": f"nr-{uuid4()}", "country": "NR"}
    events = [published(authority=country, title=f"Fiche {number}") for number in range(51)]
    await catalog.show(*events)

    async def entries() -> list[ET.Element]:
        root = ET.fromstring((await catalog.http.get("/feed.atom", params={"country": "NR"})).content)
        found = root.findall(f"{ATOM}entry")
        assert time_of(root, "updated") == time_of(found[0], "updated")
        return found

    assert [entry.findtext(f"{ATOM}title") for entry in await entries()] == [f"Fiche {n}" for n in range(50, 0, -1)]

    again = published(events[20].project, version=2, authority=country, title="Fiche 20, revue")
    first = events[20].sheet.first_published_at
    await catalog.show(again.model_copy(update={"sheet": again.sheet.model_copy(update={"first_published_at": first})}))
    newest, *others = await entries()
    assert (newest.findtext(f"{ATOM}title"), len(others)) == ("Fiche 20, revue", 49)
    assert newest.findtext(f"{ATOM}id") == f"urn:bourse-projets:project:{events[20].project}"
    assert time_of(newest, "published") == first
    assert time_of(newest, "updated") == again.sheet.published_at


@pytest.mark.parametrize("query", [{"lang": "de"}, {"lang": ""}, {"size": "10"}, {"theme": "nothing"}])
async def test_what_the_feed_does_not_know_is_refused(catalog: Catalog, query: dict[str, str]) -> None:
    answer = await catalog.http.get("/feed.atom", params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {error["field"].split(".")[0] for error in answer.json()["errors"]} == set(query)


def time_of(element: ET.Element, name: str) -> datetime:
    return datetime.fromisoformat(element.findtext(f"{ATOM}{name}", ""))
