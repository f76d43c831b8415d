"""Saving searches over HTTP: with an account or an address, confirmed, changed and ended by nobody but their owner."""

import secrets
from collections.abc import Generator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from backbone.throttle import Throttle
from services.search import saved, saved_repository, saved_routes, signed
from tests.integration.search.people import Person, member
from tests.integration.search.running import Running


def wrong(answer: httpx.Response, status: int = 422) -> list[str]:
    """The fields that a refusal names."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(error["detail"] and error["code"] for error in answer.json().get("errors", ()))
    return [error["field"] for error in answer.json().get("errors", ())]


async def post(running: Running, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await running.http.post("/saved-searches", json=body, headers=headers)


async def listed(person: Person, token: str | None = None) -> dict[str, Any]:
    params = {"token": token} if token else {}
    answer = await person.running.http.get("/saved-searches", params=params, headers={} if token else person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_account_saves_lists_changes_and_deletes(running: Running) -> None:
    person = member(running, language="en")
    assert await listed(person) == {"email": person.email, "language": "en", "items": []}
    made = await person.save({"q": "  eau   potable ", "theme": ["health", "water-sanitation", "health"]})
    assert made["state"] == "active"
    assert made["query"] == {"q": ["eau potable"], "theme": ["health", "water-sanitation"]}
    assert made["name"] == "“eau potable” · Water and sanitation or Health"
    path = f"/saved-searches/{made['id']}"
    changed = await running.http.patch(path, json={"frequency": "weekly", "name": "Eau"}, headers=person.headers)
    assert (changed.json()["frequency"], changed.json()["name"]) == ("weekly", "Eau")
    (shown,) = (await listed(person))["items"]
    assert shown == changed.json()
    assert (await running.http.delete(path, headers=person.headers)).status_code == 204
    assert (await listed(person))["items"] == []
    # who has none left is forgotten
    assert (await running.http.delete(path, headers=person.headers)).status_code == 404
    async with running.database.connection() as connection:
        assert not await connection.fetchval("select exists (select from subscribers where email = $1)", person.email)


async def test_an_address_has_to_be_confirmed_and_looking_at_the_link_confirms_nothing(running: Running) -> None:
    person = Person(running)
    made = await person.save({"country": "SN"}, "daily", language="pt")
    assert made == {
        "name": "Senegal", "query": {"country": ["SN"]}, "frequency": "daily", "state": "unconfirmed",
    }  # fmt: skip
    (asked,) = await person.requests()
    assert (asked.subscriber.language, asked.search.name, asked.search.frequency) == ("pt", "Senegal", "daily")
    for _ in range(2):
        seen = await running.http.get("/saved-searches/confirm", params={"token": asked.confirmation_token})
        assert (seen.json()["state"], seen.json()["email"]) == ("unconfirmed", person.email)
    first = await person.confirm()
    again = await person.confirm()
    assert first == again
    assert first["state"] == "active"
    assert [item["id"] for item in (await listed(person, first["manage_token"]))["items"]] == [first["id"]]
    wrong(await running.http.post("/saved-searches/confirm", json={"token": secrets.token_urlsafe(32)}), 404)


async def test_the_answer_tells_nothing_of_an_address(running: Running) -> None:
    known, unknown, full = member(running), Person(running), Person(running)
    await known.save({})
    for _ in range(saved.MOST_UNCONFIRMED + 3):
        await full.save({"q": "eau"})
    answers = [
        await post(running, {"query": {"q": "eau"}, "frequency": "daily", "email": person.email})
        for person in (known, unknown, full)
    ]
    assert len({(answer.status_code, answer.text, tuple(sorted(answer.headers))) for answer in answers}) == 1
    # and an address is not flooded with more than it can be asked to confirm
    assert len(await full.requests()) == saved.MOST_UNCONFIRMED


async def test_an_account_finds_what_its_address_saved_before(running: Running) -> None:
    before = Person(running)
    await before.save({"q": "eau"})
    person = Person(running, account=str(uuid4()), email=before.email.upper())
    made = await person.save({"q": "ville"})
    found = await listed(person)
    assert [item["state"] for item in found["items"]] == ["unconfirmed", "active"]
    assert found["items"][1]["id"] == made["id"]
    # under another address, it is still one person
    moved = Person(running, account=person.account)
    await moved.save({"q": "port"})
    assert len((await listed(moved))["items"]) == 3
    assert (await listed(moved))["email"] == moved.email


async def test_others_see_and_change_nothing(running: Running) -> None:
    owner, other = member(running), member(running)
    made = await owner.save({"q": "eau"})
    await other.save({"q": "eau"})
    path = f"/saved-searches/{made['id']}"
    for headers in (other.headers, member(running).headers):
        wrong(await running.http.patch(path, json={"frequency": "daily"}, headers=headers), 404)
        wrong(await running.http.delete(path, headers=headers), 404)
    for answer in (
        await running.http.get("/saved-searches"),
        await running.http.patch(path, json={"frequency": "daily"}),
        await running.http.delete(path),
    ):
        wrong(answer, 401)
    async with running.database.transaction() as tx:
        key = await saved_repository.link_key(tx)
    assert key is not None
    unsubscribe = signed.sign(key, "unsubscribe", made["id"])
    forged = signed.sign(b"x" * 32, "manage", made["id"])
    for token in (unsubscribe, forged, "x", "é", "a" * 44, unsubscribe[:-2] + "AA"):
        wrong(await running.http.get("/saved-searches", params={"token": token}), 404)
        wrong(await running.http.delete(path, params={"token": token}), 404)
    for identity in ("x", "00000000-0000-0000-0000-000000000000", made["id"].replace("-", "")):
        wrong(await running.http.delete(f"/saved-searches/{identity}", headers=owner.headers), 404)
    assert len((await listed(owner))["items"]) == 1


async def test_one_click_ends_one_search_or_all_and_again_is_as_good(running: Running) -> None:
    person = Person(running)
    for word in ("eau", "ville", "port"):
        await person.save({"q": word})
    requests = await person.requests()
    ids = [await person.confirm(number) for number in range(3)]
    one_click = {"List-Unsubscribe": "One-Click"}
    path = "/saved-searches/unsubscribe"
    token = requests[0].search.unsubscribe_token
    looked = await running.http.get(path, params={"token": token})
    assert looked.json() == {"scope": "search", "names": ["«\u00a0eau\u00a0»"]}
    for ended in (1, 0):
        answer = await running.http.post(path, params={"token": token}, data=one_click)
        assert (answer.status_code, answer.json()) == (200, {"ended": ended})
    manage = requests[0].subscriber.manage_token
    assert [item["id"] for item in (await listed(person, manage))["items"]] == [ids[1]["id"], ids[2]["id"]]
    looked = await running.http.get(path, params={"token": manage})
    assert looked.json() == {"scope": "all", "names": ["«\u00a0ville\u00a0»", "«\u00a0port\u00a0»"]}
    for ended in (2, 0):
        answer = await running.http.post(path, params={"token": manage}, data=one_click)
        assert (answer.status_code, answer.json()) == (200, {"ended": ended})
    wrong(await running.http.get("/saved-searches", params={"token": manage}), 404)
    wrong(await running.http.post(path, params={"token": "x"}), 404)
    assert wrong(await running.http.post(path)) == ["token"]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"query": {"theme": "magic"}}, ["query.theme"]),
        ({"query": {"nope": "1"}}, ["query.nope"]),
        ({"query": {"sort": "newest", "size": "5"}}, ["query.sort", "query.size"]),
        ({"query": {"q": 5}}, ["query.q"]),
        ({"query": {"q": ["a", None]}}, ["query.q"]),
        ({"query": {"q": ["a", "b"]}}, ["query.q"]),
        ({"query": {"q": "x" * 201}}, ["query.q"]),
        ({"query": {"q": "a\x00b"}}, ["query.q"]),
        ({"query": {"bbox": "1,2,3"}}, ["query.bbox"]),
        ({"query": {"budget_min": "5", "budget_max": "1"}}, ["query.budget_max"]),
        ({"query": {"country": ["SN"] * 501}}, ["query."]),
        ({"query": "q=eau"}, ["query"]),
        ({"frequency": "hourly"}, ["frequency"]),
        ({"name": ""}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": "a\nb"}, ["name"]),
        ({"language": "de"}, ["language"]),
        ({"email": "nobody"}, ["email"]),
        ({"email": "a@example.org\r\nBcc: b@example.org"}, ["email"]),
        ({"email": None}, ["email"]),
        ({"extra": 1}, ["extra"]),
    ],
)
async def test_bad_input_is_named(running: Running, change: dict[str, Any], fields: list[str]) -> None:
    body: dict[str, Any] = {"query": {}, "frequency": "daily", "email": "someone@example.org", **change}
    assert wrong(await post(running, body)) == fields


async def test_an_account_gives_no_address(running: Running) -> None:
    person = member(running)
    body: dict[str, Any] = {"query": {}, "frequency": "daily", "email": "other@example.org"}
    assert wrong(await post(running, body, **person.headers)) == ["email"]
    wrong(await post(running, body, Authorization="Bearer x"), 401)


async def test_what_is_typed_is_not_sent_to_an_address_that_is_not_confirmed(running: Running) -> None:
    person = Person(running)
    await person.save({"q": "https://evil.example.org", "country": "SN"}, language="en")
    await person.save({"q": "eau"}, name="Win now: evil.example.org")
    await person.save({"q": "l’eau, à Kédougou"}, name="Chez nous (Kédougou)")
    names = [asked.search.name for asked in await person.requests()]
    assert names == ["Senegal", "Toutes les publications", "Chez nous (Kédougou)"]
    # its owner sees it all
    token = (await person.confirm())["manage_token"]
    items = (await listed(person, token))["items"]
    assert [item["name"] for item in items][:2] == ["“https://evil.example.org” · Senegal", "Win now: evil.example.org"]


async def test_at_most_so_many_searches(running: Running) -> None:
    person, other = member(running), Person(running)
    for number in range(saved.MOST_SEARCHES):
        await person.save({"q": f"mot{number}"})
    refused = await post(running, {"query": {}, "frequency": "daily"}, **person.headers)
    assert wrong(refused, 409) == []
    assert refused.json()["code"] == "too-many-saved-searches"
    other.email = person.email
    await other.save({"q": "un de plus"})
    token = (await other.requests())[-1:]
    assert token == []


async def test_a_key_makes_it_once(running: Running) -> None:
    person = Person(running)
    body: dict[str, Any] = {"query": {"q": "eau"}, "frequency": "daily", "email": person.email}
    key = {"Idempotency-Key": uuid4().hex}
    answers = [await post(running, body, **key) for _ in range(3)]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert {answer.status_code for answer in answers} == {201}
    assert len(await person.requests()) == 1
    wrong(await post(running, {**body, "frequency": "weekly"}, **key), 409)


@pytest.fixture
def throttled(running: Running) -> Generator[None, None, None]:
    state = running.state
    off, state.throttle = state.throttle, Throttle()
    yield
    state.throttle = off


@pytest.mark.usefixtures("throttled")
async def test_an_address_is_asked_only_so_often(running: Running) -> None:
    person = Person(running)
    body: dict[str, Any] = {"query": {}, "frequency": "daily", "email": person.email}
    for _ in range(saved_routes.SAVES_OF_ADDRESS.amount):
        assert (await post(running, body)).status_code == 201
    refused = await post(running, {**body, "email": person.email.upper()})
    wrong(refused, 429)
    assert int(refused.headers["retry-after"]) > 0


async def test_what_is_old_goes(running: Running) -> None:
    waiting, active = Person(running), member(running)
    await waiting.save({"q": "eau"})
    made = await active.save({"q": "eau"})
    async with running.database.transaction() as tx:
        await tx.execute("update saved_searches set created_at = now() - interval '8 days'")
        await tx.execute("update subscribers set created_at = now() - interval '8 days'")
        await tx.execute(
            "insert into matches (search, project, found_at, due_at, told_at) select $1::uuid, p, f, f, f"
            " from (values ('old', now() - interval '401 days'), ('new', now() - interval '399 days')) v (p, f)",
            made["id"],
        )
        await saved_repository.purge(tx, unconfirmed_days=7, matches_days=400)
        rows = await tx.fetch("select project from matches where search = $1::uuid", made["id"])
        assert [row["project"] for row in rows] == ["new"]
        left = await tx.fetch("select email from subscribers where email = any($1)", [waiting.email, active.email])
        assert [row["email"] for row in left] == [active.email]
    assert len((await listed(active))["items"]) == 1
