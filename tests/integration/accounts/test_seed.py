"""The demonstration accounts: all there, one password, made again without harm."""

from services.accounts import repository, seed
from services.accounts.passwords import Passwords
from services.accounts.settings import DEMONSTRATION_DATA
from tests.integration.accounts.conftest import PASSWORD, Accounts


async def count(accounts: Accounts) -> int:
    async with accounts.database.connection() as connection:
        return int(await connection.fetchval("select count(*) from accounts where demonstration"))


async def test_every_role_is_there(accounts: Accounts) -> None:
    for email, role in {
        "daect@example.org": "daect",
        "admin@example.org": "admin",
        "agent-kh@example.org": "agent",
        "ht-jacmel@example.org": "authority",
    }.items():
        bearer = await accounts.bearer(email)
        me = (await accounts.http.get("/me", headers=bearer)).json()
        assert (me["role"], me["demonstration"]) == (role, True)
    assert (await accounts.events("daect@example.org")) == []


async def test_seeding_again_changes_nothing(accounts: Accounts) -> None:
    records = seed.authorities(DEMONSTRATION_DATA)
    before = await count(accounts)
    async with accounts.database.transaction() as tx:
        hashed = await repository.demonstration_hash(tx)
        made = await seed.seed(tx, Passwords(), PASSWORD, records)
        assert await repository.demonstration_hash(tx) == hashed
    assert await count(accounts) == before == made


async def test_a_changed_password_is_taken_over(accounts: Accounts) -> None:
    records = seed.authorities(DEMONSTRATION_DATA)

    async def change(password: str) -> None:
        async with accounts.database.transaction() as tx:
            await seed.seed(tx, Passwords(), password, records)

    await change("another password")
    assert (await accounts.log_in("daect@example.org", PASSWORD)).status_code == 400
    assert (await accounts.log_in("daect@example.org", "another password")).status_code == 200
    await change(PASSWORD)
    assert (await accounts.log_in("ht-jacmel@example.org")).status_code == 200


async def test_a_deleted_demonstration_account_comes_back(accounts: Accounts) -> None:
    bearer = await accounts.bearer("ht-jacmel@example.org")
    assert (await accounts.http.delete("/me", headers=bearer)).status_code == 204
    async with accounts.database.transaction() as tx:
        await seed.seed(tx, Passwords(), PASSWORD, seed.authorities(DEMONSTRATION_DATA))
    bearer = await accounts.bearer("ht-jacmel@example.org")
    me = (await accounts.http.get("/me", headers=bearer)).json()
    assert me["authority"]["ref"] == "ht-jacmel"


async def test_the_accounts_to_try_are_told_in_a_demonstration_only(accounts: Accounts) -> None:
    told = {account["email"]: account for account in (await accounts.http.get("/demonstration")).json()}
    assert told["agent-sn@example.org"]["country"] == "SN"
    assert told["ht-jacmel@example.org"]["country"] == "HT"
    assert told["daect@example.org"]["country"] is None
    assert "password" not in str(told)

    state = accounts.app.state
    demonstration, state.settings = state.settings, state.settings.model_copy(update={"demonstration": False})
    try:
        assert (await accounts.http.get("/demonstration")).status_code == 404
    finally:
        state.settings = demonstration
