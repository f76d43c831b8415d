"""SQL of alerts: what is published, what is to be matched, what was found and what was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backbone import database
from backbone.database import Row, Transaction

CHANNEL: Final = "to_match"
CONFIRMING: Final = 0x636F6E66  # "conf"


@dataclass(frozen=True)
class Noted:
    """The newest that is known of a sheet; `since` when it was first published, None where that was this version."""

    project: str
    version: int
    gone: bool
    since: datetime | None = None


async def note(tx: Transaction, sheets: Sequence[Noted]) -> None:
    """Note what can be found and what no longer, each sheet once; what is published is queued to be matched.

    A sheet can be found since now where this is its first publication or where it was gone before.
    """
    rows = await tx.fetch(
        "insert into published_sheets as p (project, version, gone, since)"
        " select project, version, gone, coalesce(since, clock_timestamp())"
        " from unnest($1::text[], $2::bigint[], $3::bool[], $4::timestamptz[]) s (project, version, gone, since)"
        " order by project"
        " on conflict (project) do update set version = excluded.version, gone = excluded.gone,"
        "   since = case when p.gone then clock_timestamp() else p.since end"
        " where p.version < excluded.version returning project, gone",
        [sheet.project for sheet in sheets],
        [sheet.version for sheet in sheets],
        [sheet.gone for sheet in sheets],
        [sheet.since for sheet in sheets],
    )
    published = [row["project"] for row in rows if not row["gone"]]
    if published:
        await tx.execute("insert into to_match (project) select unnest($1::text[])", published)
        database.ring(CHANNEL)


async def take(tx: Transaction, limit: int) -> list[Row]:
    """Some publications to be matched, which no other replica has taken: id, project."""
    return await tx.fetch("select id, project from to_match order by id limit $1 for update skip locked", limit)


async def done(tx: Transaction, ids: Sequence[int]) -> None:
    await tx.execute("delete from to_match where id = any($1::bigint[])", list(ids))


async def waiting(tx: Transaction) -> int:
    """Publications that wait to be matched."""
    return await tx.fetchval("select count(*) from to_match")


async def confirming(tx: Transaction) -> None:
    """Until the transaction ends, a search is being confirmed: to be called before its time is read."""
    await tx.execute("select pg_advisory_xact_lock_shared($1)", CONFIRMING)


async def await_confirmations(tx: Transaction) -> None:
    """Wait for the searches that are being confirmed: those confirmed before now are seen by the next statement."""
    savepoint = tx.transaction()
    await savepoint.start()
    await tx.execute("select pg_advisory_xact_lock($1)", CONFIRMING)
    # which gives the lock back: only the wait was wanted
    await savepoint.rollback()


async def since(tx: Transaction, projects: Sequence[str], days: int) -> dict[str, datetime]:
    """Since when each of these sheets can be found; without those gone, and those found for longer than `days`."""
    rows = await tx.fetch(
        "select project, since from published_sheets where project = any($1::text[]) and not gone"
        " and since > clock_timestamp() - make_interval(days => $2)",
        list(projects),
        days,
    )
    return {row["project"]: row["since"] for row in rows}


async def candidates(tx: Transaction, keys: Sequence[str], before: datetime, after: str, limit: int) -> list[Row]:
    """Confirmed searches that any of these keys concerns, a page in the order of ids: id, query, frequency, …"""
    return await tx.fetch(
        "select id::text, query, frequency, confirmed_at from saved_searches"
        " where confirmed_at < $2 and keys && $1::text[] and id > $3::uuid order by id limit $4",
        list(keys),
        before,
        after,
        limit,
    )


async def add_matches(tx: Transaction, found: Sequence[tuple[str, str, datetime, datetime]]) -> int:
    """Note what searches found (search, project, found_at, due_at); how many of it is new."""
    searches, projects, found_at, due_at = zip(*found, strict=True) if found else ((), (), (), ())
    rows = await tx.fetch(
        "insert into matches (search, project, found_at, due_at)"
        # not a search that was deleted since it was read
        " select s.id, f.project, f.found_at, f.due_at"
        " from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])"
        "   f (search, project, found_at, due_at)"
        " join (select id from saved_searches where id = any($1::uuid[]) order by id for key share) s"
        "   on s.id = f.search"
        " order by s.id, f.project on conflict do nothing returning 1",
        list(searches),
        list(projects),
        list(found_at),
        list(due_at),
    )
    return len(rows)


async def lock_due(tx: Transaction, now: datetime, limit: int) -> list[Row]:
    """Some subscribers with something to tell, whom no other replica has taken; their version counts one more."""
    return await tx.fetch(
        "update subscribers set version = version + 1 where id in ("
        "  select id from subscribers where id in ("
        "    select s.subscriber from matches m join saved_searches s on s.id = m.search"
        "    join published_sheets b on b.project = m.project and not b.gone"
        "    where m.told_at is null and m.due_at <= $1)"
        "  order by id limit $2 for update skip locked)"
        " returning id::text, version, account, email, language",
        now,
        limit,
    )


async def to_tell(tx: Transaction, subscribers: Sequence[str], now: datetime) -> list[Row]:
    """All that these subscribers are told: of each sheet that is due, every search that found it.

    One that finds it for a later digest is named with the others now, so that no sheet is told twice.
    """
    return await tx.fetch(
        "with pending as ("
        "  select s.subscriber, s.id as search, s.name, s.query, s.frequency, m.project, m.due_at, m.found_at"
        "  from saved_searches s join matches m on m.search = s.id"
        "  join published_sheets b on b.project = m.project and not b.gone"
        "  where s.subscriber = any($1::uuid[]) and m.told_at is null)"
        " select subscriber::text, search::text, name, query, frequency, project from pending p"
        " where exists (select from pending d"
        "   where d.subscriber = p.subscriber and d.project = p.project and d.due_at <= $2)"
        " order by min(found_at) over (partition by subscriber, project), project, search",
        list(subscribers),
        now,
    )


async def told(tx: Transaction, pairs: Sequence[tuple[str, str]], now: datetime) -> None:
    """These matches (search, project) are in an e-mail."""
    searches, projects = zip(*pairs, strict=True)
    await tx.execute(
        "update matches m set told_at = $3 from unnest($1::uuid[], $2::text[]) t (search, project)"
        " where m.search = t.search and m.project = t.project",
        list(searches),
        list(projects),
        now,
    )


async def postpone(tx: Transaction, pairs: Sequence[tuple[str, str]], until: datetime) -> None:
    """Tell these matches (search, project) later."""
    searches, projects = zip(*pairs, strict=True)
    await tx.execute(
        "update matches m set due_at = $3 from unnest($1::uuid[], $2::text[]) t (search, project)"
        " where m.search = t.search and m.project = t.project and m.told_at is null",
        list(searches),
        list(projects),
        until,
    )


async def untold(tx: Transaction) -> int:
    """Matches that wait for their e-mail."""
    return await tx.fetchval("select count(*) from matches where told_at is null")
