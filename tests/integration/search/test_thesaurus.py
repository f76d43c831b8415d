"""The thesaurus as the DAECT manages it: searches follow at once, without a restart or a new index."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.search.misses import Misses, countable
from tests.integration.search.running import Running, until
from tests.integration.search.sheets import publication

FORMS = {"forms": {"fr": ["zorbelage", "grand zorbelage"], "en": ["zorbeling"]}, "theme": "culture"}


@pytest.fixture
async def concept(running: Running) -> Any:
    """A concept that the DAECT just added."""
    name = f"zorbelage-{uuid4().hex[:8]}"
    answer = await running.http.put(f"/synonyms/{name}", json=FORMS, headers=running.signer.bearer("daect"))
    assert answer.status_code == 201, answer.text
    yield name
    await running.http.delete(f"/synonyms/{name}", headers=running.signer.bearer("admin"))


async def test_a_new_word_finds_what_says_it_otherwise_at_once(running: Running, concept: str) -> None:
    project = str(uuid4())
    await running.send(publication(project, title="Un atelier de zorbeling", language="en"))
    await until(lambda: running.has(project))
    index = await running.index.current()

    async def found() -> bool:
        return project in await running.ids(("q", "zorbelage"))

    async def lost() -> bool:
        return not await found()

    await until(found)
    assert project in await running.ids(("q", "grands zorbelages"))
    answer = await running.http.delete(f"/synonyms/{concept}", headers=running.signer.bearer("daect"))
    assert answer.status_code == 204
    await until(lost)
    assert await running.index.current() == index


async def test_a_concept_of_the_seed_is_changed_and_taken_away(running: Running) -> None:
    daect = running.signer.bearer("daect")
    before = await running.http.get("/synonyms/library")
    assert (before.status_code, before.json()["origin"]) == (200, "seed")
    changed = {"forms": {"fr": ["bibliothèque"]}, "theme": "culture", "near": ["books-reading"]}
    stale = await running.http.put("/synonyms/library", json=changed, headers={**daect, "If-Match": '"7"'})
    assert stale.status_code == 412
    answer = await running.http.put(
        "/synonyms/library", json=changed, headers={**daect, "If-Match": before.headers["etag"]}
    )
    assert (answer.status_code, answer.json()["origin"]) == (200, "changed")
    assert answer.json()["forms"] == {"fr": ["bibliothèque"]}
    assert (await running.http.get("/synonyms/library")).headers["etag"] == answer.headers["etag"]
    assert (await running.http.delete("/synonyms/library", headers=daect)).status_code == 204
    assert (await running.http.get("/synonyms/library")).status_code == 404
    assert (await running.http.delete("/synonyms/library", headers=daect)).status_code == 404
    again = {name: value for name, value in before.json().items() if name not in ("id", "origin")}
    answer = await running.http.put("/synonyms/library", json=again, headers=daect)
    assert answer.status_code == 201


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("authority", 403), ("agent", 403)])
async def test_only_the_daect_writes(running: Running, role: str | None, status: int) -> None:
    headers = running.signer.bearer(role) if role else {}
    assert (await running.http.put("/synonyms/x", json=FORMS, headers=headers)).status_code == status
    assert (await running.http.delete("/synonyms/library", headers=headers)).status_code == status
    assert (await running.http.get("/zero-results", headers=headers)).status_code == status
    assert (await running.http.get("/synonyms", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["forms"]),
        ({"forms": {}}, ["forms"]),
        ({"forms": {"fr": []}}, ["forms"]),
        ({"forms": {"fr": ["un deux trois quatre cinq six"]}}, ["forms.fr.0"]),
        ({"forms": {"fr": ["eau", "!!!"]}}, ["forms.fr.1"]),
        ({"forms": {"fr": ["x"] * 51}}, ["forms.fr"]),
        ({"forms": {"fr": ["a\u0000b"]}}, ["forms.fr.0"]),
        ({"forms": {"de": ["Wasser"]}}, ["forms.de.[key]"]),
        ({"forms": {"fr": ["eau"]}, "theme": "fishing"}, ["theme"]),
        ({"forms": {"fr": ["eau"]}, "near": ["no-such-concept"]}, ["near.0"]),
        ({"forms": {"fr": ["eau"]}, "countries": ["XX"]}, ["countries.0"]),
        ({"forms": {"fr": ["eau"]}, "more": 1}, ["more"]),
    ],
)
async def test_bad_concepts_are_refused_by_field(running: Running, body: dict[str, Any], fields: list[str]) -> None:
    answer = await running.http.put("/synonyms/some-concept", json=body, headers=running.signer.bearer("daect"))
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert (await running.http.get("/synonyms/some-concept")).status_code == 404


async def test_concepts_are_listed_by_name_and_by_page(running: Running) -> None:
    first = (await running.http.get("/synonyms", params={"size": 100})).json()
    second = (await running.http.get("/synonyms", params={"size": 100, "cursor": first["cursor"]})).json()
    ids = [item["id"] for item in (*first["items"], *second["items"])]
    assert ids == sorted(set(ids))
    assert len(ids) == 200
    found = (await running.http.get("/synonyms", params={"q": "Bibliothèques"})).json()["items"]
    assert "library" in [item["id"] for item in found]
    assert (await running.http.get("/synonyms", params={"cursor": "x"})).status_code == 422


async def test_what_was_looked_for_in_vain_is_counted_without_saying_by_whom(running: Running) -> None:
    q = f"xylo{uuid4().hex[:4]}phage".translate(str.maketrans("0123456789", "abcdefghij"))
    for typed in (q, q.upper(), q, "quelqu.un@example.org", "06 12 34 56 78"):
        answer = (await running.http.get("/projects", params={"q": typed, "country": "MC"})).json()
        assert answer["total"] == 0
    daect = running.signer.bearer("daect")

    async def shown() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await running.http.get("/zero-results", headers=daect)).json()["items"]
        return [item for item in items if item["q"] == q or "@" in item["q"] or "06" in item["q"]]

    async def written() -> bool:
        return bool(await shown())

    await until(written)
    today = datetime.now(UTC).date().isoformat()
    assert await shown() == [{"q": q, "language": "fr", "times": 3, "last_day": today}]


async def test_what_could_not_be_written_is_written_later(running: Running) -> None:
    misses = Misses(running.database)
    misses.count("raréfié", "fr")
    await misses.write()
    async with running.database.connection() as connection:
        assert await connection.fetchval("select sum(times) from misses where q = 'rarefie'") >= 1


@pytest.mark.parametrize(
    ("q", "counted"),
    [
        ("Eau  potable", "eau potable"),
        ("S.I.G.", "sig"),
        ("quelqu.un@example.org", None),
        ("+221 33 800 00 00", None),
        ("un deux trois quatre cinq six sept", None),
        ("x" * 61, None),
        ("ODD 6", "odd 6"),
    ],
)
def test_what_may_say_something_of_a_person_is_not_counted(q: str, counted: str | None) -> None:
    assert countable(q) == counted
