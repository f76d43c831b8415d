"""Tokens: the two grants, their refusals, what a token says and who believes it."""

import asyncio
import base64
import json
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dirty_equals import IsPartialDict

from backbone.errors import Unauthorized
from backbone.throttle import Throttle
from backbone.tokens import TokenVerifier
from services.accounts import keys, repository, throttle
from tests.integration.accounts.conftest import PASSWORD, Accounts


def said(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


async def refresh(accounts: Accounts, token: str) -> Any:
    return await accounts.http.post("/token", data={"grant_type": "refresh_token", "refresh_token": token})


def verifier(accounts: Accounts) -> TokenVerifier:
    return TokenVerifier(f"{accounts.http.base_url}/.well-known/jwks.json")


async def test_a_token_says_who_its_owner_is(accounts: Accounts) -> None:
    answer = await accounts.log_in("agent-sn@example.org")
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    agent = said(body["access_token"])
    assert agent == IsPartialDict(
        iss="bourse-projets", aud="bourse", role="agent", email="agent-sn@example.org", demo=True, post="dakar"
    )
    assert "SN" in agent["countries"]
    assert agent["exp"] - agent["iat"] == 600
    assert "authority" not in agent

    principal = await verifier(accounts).principal(body["access_token"])
    assert (principal.role, principal.post, principal.demonstration) == ("agent", "dakar", True)


async def test_the_record_of_an_authority_rides_in_its_token(accounts: Accounts) -> None:
    token = (await accounts.log_in("HT-Jacmel@example.org")).json()["access_token"]
    principal = await verifier(accounts).principal(token)
    assert principal.authority is not None
    assert (principal.authority.ref, principal.authority.contact.public) == ("ht-jacmel", True)
    assert principal.countries == ()


@pytest.mark.parametrize("letter", ["م", "漢", "🏛"])
async def test_the_longest_record_fits_in_a_token(accounts: Accounts, letter: str) -> None:
    record = {
        "ref": f"eg-longest-{ord(letter)}",
        "name": letter * 200,
        "type": "commune",
        "country": "EG",
        "region": letter * 200,
        "languages": ["ar"],
        "presentation": letter * 2_000,
        "existing_partnerships": [letter * 200] * 50,
        "contact": {"name": letter * 200, "function": letter * 200, "email": "long@example.org"},
    }
    email = f"longest-{ord(letter)}@example.org"
    async with accounts.database.transaction() as tx:
        await repository.seed_authorities(tx, [record])
        hashed = await repository.demonstration_hash(tx)
        assert hashed is not None
        await tx.execute(
            "insert into accounts (email, email_key, name, language, role, password_hash, authority, verified_at)"
            " values ($1, $1, $2, 'ar', 'authority', $3, $4, now())",
            email,
            letter * 200,
            hashed,
            record["ref"],
        )
    bearer = await accounts.bearer(email)
    me = await accounts.http.get("/me", headers=bearer)
    assert me.status_code == 200
    assert me.json()["authority"]["presentation"] == letter * 2_000


async def test_wrong_and_unknown_are_the_same(accounts: Accounts) -> None:
    wrong = await accounts.log_in("daect@example.org", "not the password")
    unknown = await accounts.log_in("nobody@example.org", "not the password")
    assert wrong.status_code == unknown.status_code == 400
    assert wrong.json() == unknown.json()
    assert wrong.json() == IsPartialDict(error="invalid_grant", code="invalid-grant", status=400)
    assert wrong.headers["content-type"] == "application/problem+json"


async def test_an_unknown_address_takes_as_long_as_a_wrong_password(accounts: Accounts) -> None:
    async def fastest(email: str) -> float:
        times: list[float] = []
        for _ in range(7):
            started = time.perf_counter()
            await accounts.log_in(email, "not the password")
            times.append(time.perf_counter() - started)
        return min(times)

    known, unknown = await fastest("daect@example.org"), await fastest("nobody@example.org")
    assert 0.5 < known / unknown < 2


@pytest.mark.parametrize("username", ["a\x00b@example.org", "x" * 5_000, "\u202e", "' or 1=1 --", "\r\nBcc: x"])
async def test_a_username_that_cannot_be_is_nobodys(accounts: Accounts, username: str) -> None:
    answer = await accounts.log_in(username, "not the password")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"grant_type=password&username=a", "invalid_request"),
        (b"grant_type=password&username=a&password=", "invalid_request"),
        (b"grant_type=client_credentials", "unsupported_grant_type"),
        (b"grant_type=refresh_token", "invalid_request"),
        (b"grant_type=refresh_token&refresh_token=nonsense", "invalid_grant"),
        (b"username=a&username=b&password=c", "invalid_request"),
        (b"username=%ff&password=c", "invalid_request"),
        (b"\xff\xfe", "invalid_request"),
        (b"&".join(b"p%d=1" % number for number in range(100)), "invalid_request"),
        (b"", "invalid_request"),
    ],
)
async def test_a_bad_form_is_refused_as_the_rfc_says(accounts: Accounts, body: bytes, error: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await accounts.http.post("/token", content=body, headers=form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_only_a_form_of_reasonable_size_is_read(accounts: Accounts) -> None:
    as_json = await accounts.http.post("/token", json={"username": "a", "password": "b"})
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for size in (20_000, 2_000_000):
        answer = await accounts.http.post("/token", content=b"password=" + b"x" * size, headers=form)
        assert answer.status_code == 413


async def test_a_refresh_token_is_good_once_and_its_theft_revokes_the_family(accounts: Accounts) -> None:
    first = (await accounts.log_in("daect@example.org")).json()["refresh_token"]
    other = (await accounts.log_in("daect@example.org")).json()["refresh_token"]
    second = (await refresh(accounts, first)).json()
    assert said(second["access_token"])["role"] == "daect"
    third = (await refresh(accounts, second["refresh_token"])).json()["refresh_token"]

    stolen = await refresh(accounts, first)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert (await refresh(accounts, third)).status_code == 400
    assert (await refresh(accounts, other)).status_code == 200


async def test_of_two_refreshes_at_once_one_succeeds(accounts: Accounts) -> None:
    token = (await accounts.log_in("admin@example.org")).json()["refresh_token"]
    answers = await asyncio.gather(*(refresh(accounts, token) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]


async def test_an_expired_refresh_token_is_refused(accounts: Accounts) -> None:
    token = (await accounts.log_in("admin@example.org")).json()["refresh_token"]
    async with accounts.database.transaction() as tx:
        await tx.execute("update refresh_tokens set expires_at = now() - interval '1 s' where used_at is null")
    assert (await refresh(accounts, token)).status_code == 400


async def test_no_refresh_token_is_stored_as_handed_out(accounts: Accounts) -> None:
    token = (await accounts.log_in("admin@example.org")).json()["refresh_token"]
    async with accounts.database.connection() as connection:
        rows = await connection.fetch("select * from refresh_tokens")
    assert rows
    assert token not in str(rows)


async def test_the_key_set_has_no_secret(accounts: Accounts) -> None:
    answer = await accounts.http.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.json()["keys"]
    for key in answer.json()["keys"]:
        assert key == IsPartialDict(kty="EC", crv="P-256", alg="ES256", use="sig")
        assert "d" not in key


async def test_a_rotated_key_is_published_before_it_signs_and_the_old_one_after(accounts: Accounts) -> None:
    async def kids() -> list[str]:
        return [key["kid"] for key in (await accounts.http.get("/.well-known/jwks.json")).json()["keys"]]

    async def signing() -> str:
        token = (await accounts.log_in("admin@example.org")).json()["access_token"]
        header = token.split(".")[0]
        return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])

    async def move(kid: str, to: datetime) -> None:
        async with accounts.database.transaction() as tx:
            await tx.execute("update signing_keys set active_from = $2 where kid = $1", kid, to)

    old = await signing()
    before = (await accounts.log_in("admin@example.org")).json()["access_token"]
    async with accounts.database.transaction() as tx:
        new = await keys.rotate(tx)
    assert (await kids(), await signing()) == ([old, new], old)

    now = datetime.now(UTC)
    await move(old, now - timedelta(hours=2))
    await move(new, now)
    assert (await kids(), await signing()) == ([old, new], new)
    after = (await accounts.log_in("admin@example.org")).json()["access_token"]
    other_service = verifier(accounts)
    assert [(await other_service.principal(token)).role for token in (before, after)] == ["admin", "admin"]

    await move(new, now - timedelta(minutes=12))
    assert (await kids(), await signing()) == ([new], new)


async def test_compromised_keys_go_at_once(accounts: Accounts) -> None:
    forged = await accounts.log_in("admin@example.org")
    async with accounts.database.transaction() as tx:
        kid = await keys.rotate(tx, compromised=True)
    published = (await accounts.http.get("/.well-known/jwks.json")).json()["keys"]
    assert [key["kid"] for key in published] == [kid]
    with pytest.raises(Unauthorized):
        await verifier(accounts).principal(forged.json()["access_token"])


async def test_two_replicas_that_start_together_make_one_key(accounts: Accounts) -> None:
    async with accounts.database.transaction() as tx:
        await tx.execute("delete from signing_keys")

    async def start() -> None:
        async with accounts.database.transaction() as tx:
            await keys.ensure_key(tx)

    await asyncio.gather(*(start() for _ in range(5)))
    async with accounts.database.connection() as connection:
        assert await connection.fetchval("select count(*) from signing_keys") == 1


@pytest.fixture
def throttled(accounts: Accounts) -> Generator[None, None, None]:
    """The rate limits of production, from zero."""
    state = accounts.app.state
    off, state.throttle = state.throttle, Throttle()
    yield
    state.throttle = off


@pytest.mark.usefixtures("throttled")
async def test_guessing_is_slowed_down_and_says_how_long(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = throttle.FAILURES_OF_ACCOUNT.amount
    for _ in range(limit):
        assert (await accounts.log_in("agent-ml@example.org", "a guess too many")).status_code == 400
    answer = await accounts.log_in("agent-ml@example.org", PASSWORD)
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-requests")
    assert 1 <= int(answer.headers["retry-after"]) <= 600
    assert (await accounts.log_in("agent-sn@example.org")).status_code == 200


@pytest.mark.usefixtures("throttled")
async def test_registering_is_slowed_down(accounts: Accounts, registration: dict[str, Any]) -> None:
    registration["email"] = "eager@example.org"
    codes = [(await accounts.http.post("/accounts", json=registration)).status_code for _ in range(6)]
    assert codes == [201] * 5 + [429]
