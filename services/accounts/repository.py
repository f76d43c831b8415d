"""SQL of the accounts service: one function per question."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backbone.database import Row, Transaction

_ACCOUNT = """
select a.id::text, a.version, a.email, a.name, a.language, a.role, a.password_hash, a.authority as authority_ref,
       o.record as authority, a.post, a.countries, a.demonstration, a.verified_at, a.created_at
from accounts a left join authorities o on o.ref = a.authority
"""


async def lock_email(tx: Transaction, email_key: str) -> None:
    """One at a time among those who register or confirm this address, until the transaction ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended('email:' || $1, 0))", email_key)


async def find_by_email(tx: Transaction, email_key: str) -> Row | None:
    """The confirmed account of this address, else the last that claimed it."""
    return await tx.fetchrow(
        _ACCOUNT + " where a.email_key = $1 order by a.verified_at nulls last, a.created_at desc limit 1", email_key
    )


async def find_account(tx: Transaction, account: str) -> Row | None:
    """A confirmed account by its id."""
    return await tx.fetchrow(_ACCOUNT + " where a.id = $1::uuid and a.verified_at is not null", account)


async def find_by_verification(tx: Transaction, hashed: bytes) -> Row | None:
    return await tx.fetchrow(
        "select id::text, email, email_key, name, language, created_at, verified_at from accounts"
        " where verification = $1",
        hashed,
    )


async def is_taken(tx: Transaction, email_key: str) -> bool:
    """Whether a confirmed account has this address."""
    return bool(await tx.fetchval("select 1 from accounts where email_key = $1 and verified_at is not null", email_key))


async def reserve_ref(tx: Transaction, ref: str, record: Mapping[str, Any]) -> bool:
    """Whether `ref` was free, and now is this authority's."""
    return bool(
        await tx.fetchval(
            "insert into authorities (ref, record) values ($1, $2) on conflict do nothing returning true", ref, record
        )
    )


async def add_account(
    tx: Transaction,
    *,
    email: str,
    email_key: str,
    name: str,
    language: str,
    password_hash: str,
    authority: str,
    verification: bytes,
) -> Row:
    """An account of an authority, its address not yet confirmed; id, version and created_at."""
    rows = await tx.fetch(
        "insert into accounts (email, email_key, name, language, role, password_hash, authority, verification)"
        " values ($1, $2, $3, $4, 'authority', $5, $6, $7) returning id::text, version, created_at",
        email,
        email_key,
        name,
        language,
        password_hash,
        authority,
        verification,
    )
    return rows[0]


async def mark_verified(tx: Transaction, account: str) -> Row | None:
    """The account's version and verified_at; None where it was confirmed already."""
    return await tx.fetchrow(
        "update accounts set verified_at = now(), version = version + 1"
        " where id = $1::uuid and verified_at is null returning version, verified_at",
        account,
    )


async def rival_claims(tx: Transaction, email_key: str) -> list[str]:
    """Accounts that claim this address without having confirmed it."""
    rows = await tx.fetch("select id::text from accounts where email_key = $1 and verified_at is null", email_key)
    return [row["id"] for row in rows]


async def stale_claims(tx: Transaction, before: datetime) -> list[str]:
    """Some accounts older than `before` whose address nobody confirmed."""
    rows = await tx.fetch(
        "select id::text from accounts where verified_at is null and created_at < $1"
        " order by created_at limit 20 for update skip locked",
        before,
    )
    return [row["id"] for row in rows]


async def delete_account(tx: Transaction, account: str) -> Row | None:
    """What is left of a deleted account: version (grown), authority_ref, and whether it was confirmed."""
    return await tx.fetchrow(
        "delete from accounts where id = $1::uuid returning version + 1 as version, authority as authority_ref,"
        " verified_at is not null as verified",
        account,
    )


async def forget_authority(tx: Transaction, ref: str, *, keep_ref: bool) -> None:
    """Erase an authority without members; `keep_ref` where it may have been published under it."""
    without_members = " where ref = $1 and not exists (select 1 from accounts where authority = $1)"
    change = "update authorities set record = null" if keep_ref else "delete from authorities"
    await tx.execute(change + without_members, ref)


async def set_password_hash(tx: Transaction, account: str, password_hash: str) -> None:
    await tx.execute("update accounts set password_hash = $2 where id = $1::uuid", account, password_hash)


async def add_refresh_token(tx: Transaction, hashed: bytes, family: str, account: str, expires_at: datetime) -> bool:
    """False where the account is gone."""
    return bool(
        await tx.fetchval(
            "insert into refresh_tokens (hash, family, account, expires_at)"
            " select $1, $2::uuid, id, $4 from accounts where id = $3::uuid for share returning true",
            hashed,
            family,
            account,
            expires_at,
        )
    )


async def lock_refresh_token(tx: Transaction, hashed: bytes) -> Row | None:
    return await tx.fetchrow(
        "select family::text, account::text, expires_at, used_at from refresh_tokens where hash = $1 for update", hashed
    )


async def mark_refresh_token_used(tx: Transaction, hashed: bytes) -> None:
    await tx.execute("update refresh_tokens set used_at = now() where hash = $1", hashed)


async def revoke_family(tx: Transaction, family: str) -> None:
    await tx.execute("delete from refresh_tokens where family = $1::uuid", family)


async def drop_expired_refresh_tokens(tx: Transaction, account: str) -> None:
    await tx.execute("delete from refresh_tokens where account = $1::uuid and expires_at < now()", account)


async def lock_keys(tx: Transaction) -> None:
    """One at a time among those who make signing keys, until the transaction ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended('signing_keys', 0))")


async def signing_keys(tx: Transaction) -> list[Row]:
    """Every key, in the order in which they sign."""
    return await tx.fetch("select kid, jwk, active_from from signing_keys order by active_from, kid")


async def current_signing_key(tx: Transaction) -> Row | None:
    return await tx.fetchrow(
        "select kid, jwk from signing_keys where active_from <= now() order by active_from desc, kid desc limit 1"
    )


async def add_signing_key(tx: Transaction, kid: str, jwk: Mapping[str, Any], active_from: datetime) -> None:
    await tx.execute("insert into signing_keys (kid, jwk, active_from) values ($1, $2, $3)", kid, jwk, active_from)


async def drop_signing_keys(tx: Transaction, *, superseded_before: datetime) -> None:
    await tx.execute(
        "delete from signing_keys k where exists"
        " (select 1 from signing_keys n where n.active_from > k.active_from and n.active_from < $1)",
        superseded_before,
    )


async def drop_all_signing_keys(tx: Transaction) -> None:
    await tx.execute("delete from signing_keys")


async def lock_seeding(tx: Transaction) -> None:
    """One at a time among replicas that make the demonstration accounts, until the transaction ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended('seeding', 0))")


async def demonstration_hash(tx: Transaction) -> str | None:
    """The hash that the demonstration accounts have now."""
    return await tx.fetchval("select password_hash from accounts where demonstration limit 1")


async def seed_authorities(tx: Transaction, records: Sequence[Mapping[str, Any]]) -> None:
    await tx.execute(
        "insert into authorities (ref, record) select r ->> 'ref', r from jsonb_array_elements($1) r"
        " on conflict (ref) do update set record = excluded.record where authorities.record is distinct from"
        " excluded.record",
        records,
    )


async def seed_accounts(tx: Transaction, accounts: Sequence[Mapping[str, Any]], password_hash: str) -> None:
    """Make these confirmed demonstration accounts, or bring them up to date."""
    await tx.execute(
        "insert into accounts (id, email, email_key, name, language, role, password_hash, authority, post, countries,"
        " demonstration, verified_at)"
        " select id, email, email, name, language, role, $2, authority, post, countries, true, now()"
        " from jsonb_to_recordset($1) as a (id uuid, email text, name text, language text, role text, authority text,"
        " post text, countries text[])"
        " on conflict (email_key) where verified_at is not null do update set name = excluded.name,"
        " language = excluded.language, role = excluded.role, password_hash = excluded.password_hash,"
        " authority = excluded.authority, post = excluded.post, countries = excluded.countries"
        " where accounts.demonstration",
        accounts,
        password_hash,
    )


async def demonstration_accounts(tx: Transaction) -> list[Row]:
    """Who can be tried in a demonstration, by role and address."""
    return await tx.fetch(
        "select a.email, a.name, a.role, a.language, a.countries, o.record ->> 'country' as country"
        " from accounts a left join authorities o on o.ref = a.authority where a.demonstration order by a.role, a.email"
    )
