"""SQL of saved searches and of those who saved them: one function per question."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backbone.database import Row, Transaction

Query = Mapping[str, Sequence[str]]

_SEARCH = (
    "select s.id::text, s.subscriber::text, s.name, s.query, s.frequency, s.created_at, s.confirmed_at,"
    " p.email, p.language, p.account from saved_searches s join subscribers p on p.id = s.subscriber"
)


async def lock_address(tx: Transaction, email_key: str) -> None:
    """One at a time among those who write about this address, until the transaction ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended('subscriber:' || $1, 0))", email_key)


async def is_forgotten(tx: Transaction, account: str) -> bool:
    """Whether this account was deleted."""
    return await tx.fetchval("select exists (select from forgotten_accounts where account = $1)", account)


async def subscriber_of_address(tx: Transaction, email: str, email_key: str, language: str) -> str:
    """The subscriber with this address, made where there is none; its id."""
    return await tx.fetchval(
        "insert into subscribers (email, email_key, language) values ($1, $2, $3)"
        " on conflict (email_key) do update set email_key = excluded.email_key returning id::text",
        email,
        email_key,
        language,
    )


async def subscriber_of_account(tx: Transaction, account: str, email: str, email_key: str, language: str) -> str:
    """The subscriber of an account under its present address, made where there is none; its id.

    Searches that were saved with that address before the account was there are the account's from now on, and so are
    those that the account saved under an address that it had before.
    """
    kept: str = await tx.fetchval(
        "insert into subscribers (email, email_key, language) values ($1, $2, $3)"
        " on conflict (email_key) do update set email = excluded.email, language = excluded.language"
        " returning id::text",
        email,
        email_key,
        language,
    )
    await tx.execute(
        "update saved_searches set subscriber = $2::uuid from subscribers p"
        " where p.account = $1 and p.id <> $2::uuid and subscriber = p.id",
        account,
        kept,
    )
    await tx.execute("delete from subscribers where account = $1 and id <> $2::uuid", account, kept)
    await tx.execute("update subscribers set account = $1 where id = $2::uuid", account, kept)
    return kept


async def count(tx: Transaction, subscriber: str) -> tuple[int, int]:
    """How many searches a subscriber has: confirmed, and not yet confirmed."""
    row = await tx.fetchrow(
        "select count(confirmed_at) as confirmed, count(*) - count(confirmed_at) as unconfirmed"
        " from saved_searches where subscriber = $1::uuid",
        subscriber,
    )
    return (row["confirmed"], row["unconfirmed"]) if row else (0, 0)


async def add(
    tx: Transaction,
    *,
    subscriber: str,
    name: str,
    query: Query,
    keys: Sequence[str],
    frequency: str,
    confirmation: bytes | None,
) -> Row:
    """A new search: confirmed at once where there is no `confirmation` (the digest of a token) to wait for."""
    rows = await tx.fetch(
        "insert into saved_searches (subscriber, name, query, keys, frequency, confirmation, confirmed_at)"
        " values ($1::uuid, $2, $3, $4, $5, $6, case when $6::bytea is null then clock_timestamp() end)"
        " returning id::text, created_at, confirmed_at",
        subscriber,
        name,
        {name: list(values) for name, values in query.items()},
        list(keys),
        frequency,
        confirmation,
    )
    return rows[0]


async def find_by_confirmation(tx: Transaction, digest: bytes) -> Row | None:
    return await tx.fetchrow(_SEARCH + " where s.confirmation = $1", digest)


async def confirm(tx: Transaction, search: str) -> datetime:
    """Since when it hears of publications: from now, or from when it was confirmed before."""
    return await tx.fetchval(
        "update saved_searches set confirmed_at = coalesce(confirmed_at, clock_timestamp()) where id = $1::uuid"
        " returning confirmed_at",
        search,
    )


async def next_version(tx: Transaction, subscriber: str) -> Row:
    """The subscriber (id, version, account, email, language), locked, for an event about it."""
    rows = await tx.fetch(
        "update subscribers set version = version + 1 where id = $1::uuid"
        " returning id::text, version, account, email, language",
        subscriber,
    )
    return rows[0]


async def find_subscriber(tx: Transaction, subscriber: str) -> Row | None:
    return await tx.fetchrow("select id::text, email, language from subscribers where id = $1::uuid", subscriber)


async def subscriber_with_account(tx: Transaction, account: str) -> Row | None:
    return await tx.fetchrow("select id::text, email, language from subscribers where account = $1", account)


async def searches_of(tx: Transaction, subscriber: str) -> list[Row]:
    """A subscriber's searches, oldest first."""
    return await tx.fetch(_SEARCH + " where s.subscriber = $1::uuid order by s.id", subscriber)


async def find_search(tx: Transaction, search: str) -> Row | None:
    return await tx.fetchrow(_SEARCH + " where s.id = $1::uuid", search)


async def change(tx: Transaction, search: str, name: str | None, frequency: str | None) -> None:
    await tx.execute(
        "update saved_searches set name = coalesce($2, name), frequency = coalesce($3, frequency) where id = $1::uuid",
        search,
        name,
        frequency,
    )


async def pending_since(tx: Transaction, search: str) -> list[Row]:
    """What a search found and has not told: project, found_at."""
    return await tx.fetch(
        "select project, found_at from matches where search = $1::uuid and told_at is null for update", search
    )


async def set_due(tx: Transaction, search: str, projects: Sequence[str], due: Sequence[datetime]) -> None:
    await tx.execute(
        "update matches m set due_at = d.due from unnest($2::text[], $3::timestamptz[]) d (project, due)"
        " where m.search = $1::uuid and m.project = d.project",
        search,
        list(projects),
        list(due),
    )


async def lock_subscriber(tx: Transaction, subscriber: str) -> None:
    """Before its searches or their matches are written: whoever tells its alerts locks it first, too."""
    await tx.execute("select from subscribers where id = $1::uuid for update", subscriber)


async def delete_search(tx: Transaction, search: str) -> None:
    """Its subscriber, locked before, is forgotten with its last search."""
    subscriber = await tx.fetchval("delete from saved_searches where id = $1::uuid returning subscriber::text", search)
    await tx.execute(
        "delete from subscribers p where id = $1::uuid"
        " and not exists (select from saved_searches s where s.subscriber = p.id)",
        subscriber,
    )


async def delete_subscriber(tx: Transaction, subscriber: str) -> int:
    """Forget a subscriber with all its searches; how many it had."""
    rows = await tx.fetch("delete from saved_searches where subscriber = $1::uuid returning id", subscriber)
    await tx.execute("delete from subscribers where id = $1::uuid", subscriber)
    return len(rows)


async def forget_account(tx: Transaction, account: str) -> None:
    """Forget all of a deleted account, and that it was one."""
    await tx.execute("insert into forgotten_accounts (account) values ($1) on conflict do nothing", account)
    await tx.execute("delete from subscribers where account = $1", account)


async def link_key(tx: Transaction) -> bytes | None:
    """The key that links are signed with."""
    return await tx.fetchval("select key from link_key")


async def add_link_key(tx: Transaction, fresh: bytes) -> None:
    """Where another replica was first, its key stays."""
    await tx.execute("insert into link_key (key) values ($1) on conflict do nothing", fresh)


async def purge(tx: Transaction, *, unconfirmed_days: int, matches_days: int) -> Mapping[str, Any]:
    """Delete what nobody confirmed in time, subscribers without a search, matches of long ago; how many of each."""
    searches = await tx.fetch(
        "delete from saved_searches where confirmed_at is null"
        " and created_at < clock_timestamp() - make_interval(days => $1) returning id",
        unconfirmed_days,
    )
    # not one whose first search is being saved in this moment
    subscribers = await tx.fetch(
        "delete from subscribers p where created_at < clock_timestamp() - interval '1 hour'"
        " and not exists (select from saved_searches s where s.subscriber = p.id) returning id"
    )
    matches = await tx.fetch(
        "delete from matches where found_at < clock_timestamp() - make_interval(days => $1) returning project",
        matches_days,
    )
    # tokens live for minutes
    await tx.execute("delete from forgotten_accounts where forgotten_at < clock_timestamp() - interval '1 day'")
    return {"searches": len(searches), "subscribers": len(subscribers), "matches": len(matches)}
