"""What is published is shown as it was published, and no longer than that."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from backbone.contracts.checksum import SheetsChecksum
from backbone.contracts.events import ProjectPublished
from backbone.kafka import EventMeta, encode
from services.catalog.app import build
from services.catalog.service import checksum
from tests.integration.catalog.conftest import Catalog, post, published, unpublished


async def test_a_published_sheet_is_shown_as_it_was_published(catalog: Catalog) -> None:
    event = published()
    await catalog.show(event)
    answer = await catalog.http.get(f"/projects/{event.project}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == event.sheet.model_dump_json()
    assert answer.json()["id"] == event.project
    assert answer.json()["budget"]["total"] == 240000
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    head = await catalog.http.head(f"/projects/{event.project}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == answer.headers["etag"]


async def test_a_client_that_has_the_sheet_is_told_so(catalog: Catalog) -> None:
    event = published()
    await catalog.show(event)
    path = f"/projects/{event.project}"
    first = await catalog.http.get(path)

    async def asked(**headers: str) -> int:
        return (await catalog.http.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})).status_code

    assert await asked(if_none_match=first.headers["etag"]) == 304
    assert await asked(if_none_match=f'"99", W/{first.headers["etag"]}') == 304
    assert await asked(if_none_match="*") == 304
    assert await asked(if_none_match='"99"') == 200
    assert await asked(if_modified_since=first.headers["last-modified"]) == 304
    assert await asked(if_modified_since=format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)) == 200
    assert await asked(if_modified_since="yesterday") == 200
    assert await asked(if_modified_since="Sun, 01 Jan 2040 00:00:00 -0000") == 200
    # the tag decides where both are sent
    assert await asked(if_none_match='"99"', if_modified_since=first.headers["last-modified"]) == 200

    again = published(event.project, version=2, title="Un autre titre")
    await catalog.show(again)
    assert await asked(if_none_match=first.headers["etag"]) == 200


async def test_an_unpublished_sheet_is_gone_and_forgotten(catalog: Catalog) -> None:
    event = published(title="Un titre que plus personne ne doit lire")
    await catalog.show(event, unpublished(event.project, 2))
    answer = await catalog.http.get(f"/projects/{event.project}")
    assert answer.status_code == 410
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unpublished"
    async with catalog.database.connection() as connection:
        row = await connection.fetchrow("select * from project where id = $1", event.project)
    assert row is not None
    assert "titre" not in str(dict(row))

    await catalog.show(published(event.project, version=3))
    assert (await catalog.http.get(f"/projects/{event.project}")).status_code == 200


@pytest.mark.parametrize("unknown", [str(uuid4()), "x", "%00", "a%00b", "%ff", "a b", "é", "'--", "x" * 500, "..%2f.."])
async def test_what_was_never_published_is_not_found(catalog: Catalog, unknown: str) -> None:
    for room in ("projects", "authorities", "posts", "documents"):
        answer = await catalog.http.get(f"/{room}/{unknown}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


async def test_an_older_event_changes_nothing(catalog: Catalog) -> None:
    first = published(version=5, title="La dernière version")
    await catalog.show(first)
    marker = published()
    await catalog.show(
        published(first.project, version=4, title="Une version ancienne"),
        unpublished(first.project, 3),
        published(first.project, version=5, title="La même version"),
        marker,
    )
    await asyncio.sleep(0.3)
    assert (await catalog.http.get(f"/projects/{first.project}")).json()["title"] == "La dernière version"

    gone = str(uuid4())
    await catalog.show(unpublished(gone, 2), published(gone, version=1))
    await asyncio.sleep(0.3)
    assert (await catalog.http.get(f"/projects/{gone}")).status_code == 410


async def test_an_event_that_contradicts_itself_is_parked(catalog: Catalog) -> None:
    event = published()
    wrong = event.model_copy(update={"project": str(uuid4())})
    await catalog.send(wrong)
    other = published()
    await catalog.show(other)
    assert "says that it is" in (await catalog.parked_as_expected(wrong.project))[0].error
    assert (await catalog.http.get(f"/projects/{wrong.project}")).status_code == 404


async def listed(catalog: Catalog, path: str, **query: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = await catalog.http.get(path, params={**query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["cursor"]
        if cursor is None:
            return found


async def test_the_list_has_each_sheet_once_and_can_be_narrowed(catalog: Catalog) -> None:
    country = {"ref": "to-vavau", "country": "TO"}
    shown = [
        published(authority=country, themes=["health"]),
        published(authority=country, themes=["education", "health"], language="en"),
        published(authority=country, themes=["culture"]),
    ]
    hidden = published(authority=country)
    await catalog.show(*shown, hidden, unpublished(hidden.project, 2))
    a, b, c = (event.project for event in shown)

    async def ids(**query: Any) -> set[str]:
        found = [item["id"] for item in await listed(catalog, "/projects", country="TO", **query)]
        assert found == sorted(found)
        assert len(found) == len(set(found))
        return set(found)

    assert await ids(size=2) == {a, b, c}
    assert await ids(theme="health") == {a, b}
    assert await ids(theme=["education", "culture"]) == {b, c}
    assert await ids(theme="health", language="en") == {b}
    assert await ids(kind="offer") == set()
    assert await ids(continent=["oceania", "asia"]) == {a, b, c}
    assert await ids(continent="africa") == set()
    everything = [item["id"] for item in await listed(catalog, "/projects", size=1)]
    assert {a, b, c} <= set(everything)
    assert len(everything) == len(set(everything))


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"continent": "atlantis"}, {"continent.0"}),
        ({"theme": ["health", "nothing"], "country": "ZZ"}, {"theme.1", "country.0"}),
        ({"kind": "gift", "language": "xx"}, {"kind.0", "language.0"}),
        ({"size": "0"}, {"size"}),
        ({"size": "101"}, {"size"}),
        ({"size": "many"}, {"size"}),
        ({"cursor": "?"}, {"cursor"}),
        ({"cursor": "WzFd"}, {"cursor"}),
        ({"cursor": "WyJcdTAwMDAiXQ"}, {"cursor"}),
        ({"colour": "red"}, {"colour"}),
        ({"country": "\x00"}, {"country.0"}),
    ],
)
async def test_a_wrong_query_is_refused_by_name(catalog: Catalog, query: Mapping[str, Any], fields: set[str]) -> None:
    answer = await catalog.http.get("/projects", params=query)
    assert answer.status_code == 422, answer.text
    assert {error["field"] for error in answer.json()["errors"]} == fields


async def test_an_authority_is_shown_as_it_last_was_with_its_projects(catalog: Catalog) -> None:
    def of_tonga(version: int = 1, project: str | None = None, **authority: Any) -> ProjectPublished:
        return published(project, version=version, authority={"ref": "to-haapai", "country": "TO", **authority})

    first, second = of_tonga(name="Ancien nom"), of_tonga(name="Nouveau nom")
    await catalog.show(first, second)
    answer = await catalog.http.get("/authorities/to-haapai")
    assert answer.status_code == 200
    assert answer.json()["authority"]["name"] == "Nouveau nom"
    assert answer.json()["authority"]["contact"]["email"] == "cooperation@pikine.example.org"
    assert {card["id"] for card in answer.json()["projects"]} == {first.project, second.project}
    assert answer.json()["projects"][0]["title"] == first.sheet.title
    assert answer.json()["cursor"] is None

    page = (await catalog.http.get("/authorities/to-haapai", params={"size": 1})).json()
    rest = (await catalog.http.get("/authorities/to-haapai", params={"size": 1, "cursor": page["cursor"]})).json()
    assert {page["projects"][0]["id"], rest["projects"][0]["id"]} == {first.project, second.project}
    assert rest["cursor"] is None

    await catalog.show(unpublished(second.project, 2))
    assert (await catalog.http.get("/authorities/to-haapai")).json()["authority"]["name"] == "Ancien nom"
    await catalog.show(unpublished(first.project, 2))
    assert (await catalog.http.get("/authorities/to-haapai")).status_code == 404


async def test_posts_are_shown_with_their_contacts(catalog: Catalog) -> None:
    dakar, quito = post("test-dakar"), post("test-quito", countries=["EC"], country="EC", city="Quito")
    await catalog.show(dakar, quito)
    answer = await catalog.http.get("/posts/test-dakar")
    assert answer.status_code == 200
    assert answer.json() == json.loads(dakar.model_dump_json(exclude={"version", "occurred_at"}))
    again = await catalog.http.get("/posts/test-dakar", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304

    await catalog.show(post("test-dakar", version=3, city="Saly"))
    await catalog.send(post("test-dakar", version=2, city="Thiès"))
    await catalog.show(post("test-lima"))
    assert (await catalog.http.get("/posts/test-dakar")).json()["city"] == "Saly"
    assert [item["code"] for item in await listed(catalog, "/posts", country="EC")] == ["test-quito"]
    codes = [item["code"] for item in await listed(catalog, "/posts", size=1)]
    assert {"test-dakar", "test-lima", "test-quito"} <= set(codes)
    assert codes == sorted(codes)
    assert (await catalog.http.get("/posts", params={"country": "zz"})).status_code == 422


async def test_of_a_contact_of_a_post_only_what_is_public_is_kept(catalog: Catalog) -> None:
    event = post("test-praia")
    said = json.loads(event.model_dump_json())
    said["contacts"][0] |= {"note": "ligne directe", "mobile": "+221 77 000 00 00"}
    meta = EventMeta(
        id=str(uuid4()), type=event.TYPE, source="/bourse-projets/moderation", time=event.occurred_at, subject=event.key
    )
    value, headers = encode(meta, json.dumps(said).encode())
    producer: Any = catalog.producer
    await producer.send_and_wait(event.TOPIC.name, value, key=event.key.encode(), headers=headers)
    await catalog.taken(event)
    (contact,) = (await catalog.http.get("/posts/test-praia")).json()["contacts"]
    assert contact == event.contacts[0].model_dump()
    (shown,) = [one for one in await listed(catalog, "/posts") if one["code"] == "test-praia"]
    assert shown["contacts"] == [contact]
    async with catalog.database.connection() as connection:
        body = await connection.fetchval("select body from post where code = 'test-praia'")
    assert "note" not in body


async def test_the_checksum_is_that_of_the_events(catalog: Catalog) -> None:
    place = {"name": "Près de l’équateur", "lat": 1e-7, "lon": -0.0}
    budget = {"total": 1e11, "secured": 240000.0, "currency": "EUR"}
    await catalog.show(published(location=place, budget=budget), published(budget={"total": 0.1, "currency": "EUR"}))
    gone = published()
    await catalog.show(gone, unpublished(gone.project, 2))

    # as another reader of the topic computes it: from what it parsed of each event
    expected = SheetsChecksum()
    async with catalog.database.transaction() as tx:
        found = await checksum(tx)
        rows = await tx.fetch("select id, version, sheet from project where sheet is not null")
    for row in sorted(rows, key=lambda row: row["id"]):
        parsed = ProjectPublished.model_validate_json(
            json.dumps(
                {
                    "version": row["version"],
                    "occurred_at": "2026-01-01T00:00:00Z",
                    "project": row["id"],
                    "revision": 1,
                    "sheet": json.loads(row["sheet"]),
                }
            )
        )
        expected.add(parsed.project, parsed.version, parsed.sheet.model_dump(mode="json"))
    assert (found.count, found.hexdigest()) == (expected.count, expected.hexdigest())
    assert found.count >= 2


async def test_while_the_database_is_away_the_answer_says_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOURSE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    monkeypatch.setenv("BOURSE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    app, _ = build()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://catalog") as http:
        for path in ("/projects/x", "/projects", "/documents/x", "/export.csv", "/health/ready"):
            answer = await http.get(path)
            assert answer.status_code == 503, path
            assert answer.headers["retry-after"]
