"""Registration: what is asked, the confirmation of the address, what a stranger may learn."""

import asyncio
from typing import Any

import pytest
from dirty_equals import IsPartialDict

from tests.integration.accounts.conftest import Accounts

Registration = dict[str, Any]


async def token_of(accounts: Accounts, email: str, nth: int = -1) -> str:
    created = [event for event in await accounts.events(email) if event["type"] == "account.created.v1"]
    return str(created[nth]["verification_token"])


async def test_an_account_is_registered_confirmed_and_logs_in(accounts: Accounts, registration: Registration) -> None:
    registration["email"] = email = "Premiere@Example.org"
    answer = await accounts.http.post("/accounts", json=registration)
    assert (answer.status_code, answer.headers["location"]) == (201, "/me")
    assert answer.json() == {"email": "Premiere@example.org", "verified": False}
    created = (await accounts.events("Premiere@example.org"))[-1]
    assert created == IsPartialDict(type="account.created.v1", version=1, role="authority", language="fr")
    assert created["authority"]["ref"] == "sn-commune-dessai"

    early = await accounts.log_in(email, registration["password"])
    assert (early.status_code, early.json()["code"]) == (403, "email-not-verified")

    token = created["verification_token"]
    seen = await accounts.http.get("/accounts/verify", params={"token": token})
    assert seen.json() == {"email": "Premiere@example.org", "verified": False}
    for _ in range(2):  # people click twice
        answer = await accounts.http.post("/accounts/verify", json={"token": token})
        assert (answer.status_code, answer.json()["verified"]) == (200, True)
    types = [event["type"] for event in await accounts.events("Premiere@example.org")]
    assert types == ["account.created.v1", "account.verified.v1"]

    bearer = await accounts.bearer("premiere@example.org", registration["password"])
    me = (await accounts.http.get("/me", headers=bearer)).json()
    assert me == IsPartialDict(role="authority", name="Awa Ndiaye", demonstration=False, post=None)
    assert me["authority"]["ref"] == "sn-commune-dessai"


async def test_only_the_hash_of_a_verification_token_is_kept(accounts: Accounts, registration: Registration) -> None:
    registration["email"] = "hashed@example.org"
    await accounts.http.post("/accounts", json=registration)
    token = await token_of(accounts, "hashed@example.org")
    async with accounts.database.connection() as connection:
        rows = await connection.fetch("select * from accounts where email = 'hashed@example.org'")
    assert len(rows) == 1
    assert token not in str(rows)
    assert registration["password"] not in str(rows)


async def test_a_taken_address_is_not_revealed(accounts: Accounts, registration: Registration) -> None:
    free = await accounts.http.post("/accounts", json={**registration, "email": "nobody-yet@example.org"})
    taken = await accounts.http.post("/accounts", json={**registration, "email": "DAECT@example.org"})
    assert taken.status_code == free.status_code == 201
    assert set(taken.headers) == set(free.headers)
    assert taken.json() == {"email": "DAECT@example.org", "verified": False}
    assert await accounts.events("DAECT@example.org") == []
    assert (await accounts.log_in("daect@example.org")).status_code == 200


async def test_of_two_claims_the_one_confirmed_stays(accounts: Accounts, registration: Registration) -> None:
    registration["email"] = email = "contested@example.org"
    await accounts.http.post("/accounts", json={**registration, "password": "the password of a rival"})
    await accounts.http.post("/accounts", json=registration)
    first, second = await token_of(accounts, email, 0), await token_of(accounts, email, 1)
    answers = await asyncio.gather(
        *(accounts.http.post("/accounts/verify", json={"token": token}) for token in (first, second))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 404]
    won = answers[1].status_code == 200
    right, wrong = registration["password"], "the password of a rival"
    assert (await accounts.log_in(email, right if won else wrong)).status_code == 200
    assert (await accounts.log_in(email, wrong if won else right)).json()["error"] == "invalid_grant"
    types = [event["type"] for event in await accounts.events(email)]
    assert sorted(types) == [
        "account.created.v1",
        "account.created.v1",
        "account.deleted.v1",
        "account.verified.v1",
    ]


async def test_authorities_of_one_name_have_their_own_refs(accounts: Accounts, registration: Registration) -> None:
    registration["authority"]["name"] = "Homonyme"
    emails = [f"homonyme-{number}@example.org" for number in range(5)]
    answers = await asyncio.gather(
        *(accounts.http.post("/accounts", json={**registration, "email": email}) for email in emails)
    )
    assert {answer.status_code for answer in answers} == {201}
    refs = [(await accounts.events(email))[0]["authority"]["ref"] for email in emails]
    assert sorted(refs) == ["sn-homonyme", "sn-homonyme-2", "sn-homonyme-3", "sn-homonyme-4", "sn-homonyme-5"]


async def test_a_repeated_request_makes_one_account(accounts: Accounts, registration: Registration) -> None:
    registration["email"] = email = "repeated@example.org"
    key = {"Idempotency-Key": "repeated-1"}
    answers = await asyncio.gather(*(accounts.http.post("/accounts", json=registration, headers=key) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {201}
    assert len(await accounts.events(email)) == 1
    other = await accounts.http.post("/accounts", json={**registration, "name": "Another"}, headers=key)
    assert other.status_code == 409


async def test_a_link_too_old_is_gone_and_an_old_claim_forgotten(
    accounts: Accounts, registration: Registration
) -> None:
    registration["email"] = email = "late@example.org"
    registration["authority"]["name"] = "Tardive"
    await accounts.http.post("/accounts", json=registration)
    token = await token_of(accounts, email)

    async def age(days: int) -> None:
        async with accounts.database.transaction() as tx:
            await tx.execute(
                "update accounts set created_at = now() - make_interval(days => $2) where email = $1", email, days
            )

    await age(3)
    assert (await accounts.http.post("/accounts/verify", json={"token": token})).status_code == 410
    await age(8)
    await accounts.http.post("/accounts", json={**registration, "email": "later@example.org"})
    assert (await accounts.http.post("/accounts/verify", json={"token": token})).status_code == 404
    assert (await accounts.events(email))[-1]["type"] == "account.deleted.v1"
    # the ref that nobody used is free again, the next of that name has it or the one after
    assert (await accounts.events("later@example.org"))[0]["authority"]["ref"].startswith("sn-tardive")


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"password": "short"}, "password", "must have at least 12 characters"),
        ({"password": "p" * 129}, "password", "must have at most 128 characters"),
        ({"password": "MAIRIE@example.org"}, "password", "must not be the e-mail address"),
        ({"email": "not an address"}, "email", None),
        ({"email": "a" * 300 + "@example.org"}, "email", None),
        ({"name": "Two\nlines"}, "name", "must be on one line, without tabs"),
        ({"language": "xx"}, "language", None),
        ({"role": "admin"}, "role", "is not a field of this record"),
    ],
)
async def test_a_wrong_field_is_named(
    accounts: Accounts, registration: Registration, change: dict[str, Any], field: str, said: str | None
) -> None:
    answer = await accounts.http.post("/accounts", json={**registration, **change})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    errors = answer.json()["errors"]
    assert [error["field"] for error in errors] == [field]
    assert said is None or errors[0]["detail"] == said


async def test_every_wrong_field_is_named_at_once(accounts: Accounts, registration: Registration) -> None:
    registration["authority"] |= {"ref": "sn-pikine", "country": "ZZ", "population": "many", "extra": 1}
    del registration["name"]
    answer = await accounts.http.post("/accounts", json={**registration, "password": "short", "email": "x"})
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {
        "email",
        "password",
        "name",
        "authority.ref",
        "authority.country",
        "authority.population",
        "authority.extra",
    }
    assert "short" not in answer.text


async def test_a_deleted_account_is_erased_and_its_ref_kept(accounts: Accounts, registration: Registration) -> None:
    registration["email"] = email = "leaving@example.org"
    registration["authority"]["name"] = "Partante"
    await accounts.http.post("/accounts", json=registration)
    await accounts.http.post("/accounts/verify", json={"token": await token_of(accounts, email)})
    bearer = await accounts.bearer(email, registration["password"])
    assert (await accounts.http.delete("/me", headers=bearer)).status_code == 204
    assert (await accounts.http.delete("/me", headers=bearer)).status_code == 204
    assert (await accounts.http.get("/me", headers=bearer)).status_code == 401
    assert (await accounts.log_in(email, registration["password"])).json()["error"] == "invalid_grant"
    assert (await accounts.events(email))[-1] == IsPartialDict(type="account.deleted.v1", version=3)
    async with accounts.database.connection() as connection:
        assert await connection.fetchval("select count(*) from accounts where email = $1", email) == 0
        assert await connection.fetchval("select record from authorities where ref = 'sn-partante'") is None

    await accounts.http.post("/accounts", json=registration)
    assert (await accounts.events(email))[-1]["authority"]["ref"] == "sn-partante-2"


async def test_without_a_token_there_is_no_me(accounts: Accounts) -> None:
    assert (await accounts.http.get("/me")).status_code == 401
    assert (await accounts.http.delete("/me")).status_code == 401
    assert (await accounts.http.get("/me", headers={"Authorization": "Bearer x.y.z"})).status_code == 401
