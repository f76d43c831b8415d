"""SQL of the mail ledger: one function per question."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from backbone.database import Row, Transaction

State = Literal["pending", "leased", "sent", "failed", "dropped"]


@dataclass(frozen=True)
class NewMail:
    """A mail to be kept. `message` is None where it could not be addressed: then it is kept as failed, with `error`."""

    event_id: str
    recipient: str
    template: str
    thread: str
    account: str | None
    author: str | None
    language: str
    message_id: str
    message: bytes | None
    forget: bool = False
    error: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True)
class Leased:
    """A mail that this replica may send now; `attempts` counts this one, `refusals` those that the server refused."""

    id: int
    recipient: str
    template: str
    message: bytes
    attempts: int
    refusals: int
    age_s: float
    traceparent: str | None


@dataclass(frozen=True)
class Outcome:
    """How a leased mail came back: settled, or pending again for `wait_s` seconds; `refused` by the server itself."""

    id: int
    template: str
    state: Literal["sent", "failed", "pending"]
    error: str | None = None
    wait_s: float = 0.0
    refused: bool = False


class Session(Protocol):
    """A connection, pooled or not."""

    async def fetchval(self, query: str, /, *args: object) -> object: ...


async def add(tx: Transaction, mails: Sequence[NewMail]) -> list[tuple[str, State]]:
    """Keep mails: template and state of each, save those there already and those whose addressee was deleted."""
    rows = await tx.fetchmany(
        "insert into mails (event_id, recipient, template, thread, account, author, language, message_id, message,"
        " forget, error, traceparent, state, settled_at)"
        " select $1, $2, $3, $4, $5, $6, $7, $8, $9,"
        "   $10 or exists (select from forgotten_accounts where account = $6), $11, $12,"
        "   case when $9::bytea is null then 'failed' else 'pending' end,"
        "   case when $9::bytea is null then clock_timestamp() end"
        " where not exists (select from forgotten_accounts where account = $5)"
        " on conflict (event_id, recipient, template) do nothing returning template, state",
        [
            (
                mail.event_id,
                mail.recipient,
                mail.template,
                mail.thread,
                mail.account,
                mail.author,
                mail.language,
                mail.message_id,
                mail.message,
                mail.forget,
                mail.error,
                mail.traceparent,
            )
            for mail in mails
        ],
    )
    return [(row["template"], row["state"]) for row in rows]


async def take_lock(connection: Session) -> int:
    """An advisory lock of this session's own: what it leases is free again as soon as the session is gone."""
    while True:
        key = random.getrandbits(63)
        if await connection.fetchval("select pg_try_advisory_lock($1)", key):
            return key


async def lease(tx: Transaction, lock: int, limit: int) -> list[Leased]:
    """Up to `limit` mails that are due, the first of each thread and recipient, leased for a minute."""
    rows = await tx.fetch(
        "with due as materialized (select m.id from mails m where m.state = 'pending' and m.due_at <= clock_timestamp()"
        "   and not exists (select from mails e where e.thread = m.thread and e.recipient = m.recipient"
        "     and e.id < m.id and e.state in ('pending', 'leased'))"
        "   order by m.due_at, m.id limit $2 for update skip locked)"
        " update mails m set state = 'leased', lease = $1, leased_until = clock_timestamp() + interval '60 s',"
        "  attempts = attempts + 1"
        " from due where m.id = due.id"
        " returning m.id, recipient, template, message, attempts, refusals, traceparent,"
        "   extract(epoch from clock_timestamp() - created_at)::float8 as age_s",
        lock,
        limit,
    )
    return sorted((Leased(**dict(row)) for row in rows), key=lambda mail: mail.id)


async def settle(tx: Transaction, outcomes: Sequence[Outcome]) -> None:
    """Write down how leased mails came back. One that was settled meanwhile stays as it is."""
    await tx.execute(
        "update mails m set state = o.state, error = o.error, lease = null, leased_until = null,"
        "  refusals = m.refusals + o.refused::int,"
        "  due_at = clock_timestamp() + make_interval(secs => o.wait_s),"
        "  settled_at = case when o.state <> 'pending' then clock_timestamp() end,"
        "  message = case when o.state = 'sent' and m.forget then null else m.message end"
        " from unnest($1::bigint[], $2::text[], $3::text[], $4::float8[], $5::bool[]) as o (id, state, error, wait_s,"
        "   refused)"
        " where m.id = o.id and m.state = 'leased'",
        [outcome.id for outcome in outcomes],
        [outcome.state for outcome in outcomes],
        [outcome.error for outcome in outcomes],
        [outcome.wait_s for outcome in outcomes],
        [outcome.refused for outcome in outcomes],
    )


async def recover(tx: Transaction, lock: int, in_hand: Collection[int]) -> int:
    """Free what a replica leased that is gone, or too long ago, or this one unknowingly; how many.

    `in_hand` are those that this replica is sending, or has sent and not yet settled.
    """
    rows = await tx.fetch(
        "update mails set state = 'pending', lease = null, leased_until = null, due_at = clock_timestamp()"
        " where state = 'leased' and id <> all($2::bigint[])"
        " and (lease = $1 or leased_until < clock_timestamp() or not exists ("
        "   select from pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 1"
        "   and l.database = (select oid from pg_database where datname = current_database())"
        "   and (l.classid::bigint << 32) | l.objid::bigint = mails.lease))"
        " returning id",
        lock,
        list(in_hand),
    )
    return len(rows)


async def queue(tx: Transaction) -> tuple[int, float]:
    """Mails that wait or are being sent, and the age of the oldest in seconds."""
    row = await tx.fetchrow(
        "select count(*) as waiting,"
        " coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as age"
        " from mails where state in ('pending', 'leased')"
    )
    return (row["waiting"], row["age"]) if row else (0, 0.0)


async def forget(tx: Transaction, account: str) -> list[str]:
    """Drop what waits for the owner of a deleted account, blank what is personal; the templates of those dropped."""
    await tx.execute("insert into forgotten_accounts (account) values ($1) on conflict do nothing", account)
    return await blank(tx)


async def blank(tx: Transaction) -> list[str]:
    """Keep nothing personal of deleted accounts; the templates of waiting mails that were dropped.

    A mail about one of them that still has to reach someone else is blanked once it has.
    """
    dropped = await tx.fetch(
        "update mails m set state = 'dropped', settled_at = clock_timestamp()"
        " from forgotten_accounts f where f.account = m.account and m.state = 'pending' returning m.template"
    )
    await tx.execute(
        "update mails m set forget = true from forgotten_accounts f where f.account = m.author and not m.forget"
    )
    await tx.execute(
        "update mails m set message = null, error = null,"
        "  recipient = case when m.account = f.account then 'forgotten:' || m.id else m.recipient end"
        " from forgotten_accounts f where f.account = m.author and m.settled_at is not null"
        "  and (m.message is not null or m.error is not null"
        "    or (m.account = f.account and m.recipient not like 'forgotten:%'))"
    )
    return [row["template"] for row in dropped]


async def purge(tx: Transaction, days: int) -> int:
    """Delete what was settled more than `days` days ago; how many."""
    rows = await tx.fetch(
        "delete from mails where settled_at < clock_timestamp() - make_interval(days => $1) returning id", days
    )
    return len(rows)


@dataclass(frozen=True)
class Entry:
    """A row of the ledger, as the administrators see it."""

    id: int
    event_id: str
    recipient: str
    template: str
    thread: str
    language: str
    message_id: str
    state: State
    attempts: int
    refusals: int
    due_at: datetime
    error: str | None
    created_at: datetime
    settled_at: datetime | None
    message: bytes | None = None


_ENTRY = (
    "select id, event_id, recipient, template, thread, language, message_id, state, attempts, refusals, due_at, error,"
    " created_at, settled_at"
)


def _entry(row: Row) -> Entry:
    return Entry(**dict(row))


async def list_mails(tx: Transaction, states: Sequence[str], thread: str | None, limit: int) -> list[Entry]:
    """The newest mails in these states (all where empty), of one project or account where given."""
    rows = await tx.fetch(
        _ENTRY
        + " from mails where (cardinality($1::text[]) = 0 or state = any($1)) and ($2::text is null or thread = $2)"
        " order by id desc limit $3",
        list(states),
        thread,
        limit,
    )
    return [_entry(row) for row in rows]


async def find_mail(tx: Transaction, mail_id: int) -> Entry | None:
    """One mail, with its message where it is still kept."""
    row = await tx.fetchrow(_ENTRY + ", message from mails where id = $1", mail_id)
    return _entry(row) if row else None


async def retry(tx: Transaction, mail_ids: Sequence[int]) -> int:
    """Send failed mails again, and those that wait at once; of all failed ones where none is named. How many."""
    rows = await tx.fetch(
        "update mails set state = 'pending', refusals = 0, due_at = clock_timestamp(), settled_at = null"
        " where message is not null and (id = any($1::bigint[]) or cardinality($1::bigint[]) = 0)"
        "   and (state = 'failed' or (state = 'pending' and cardinality($1::bigint[]) > 0)) returning id",
        list(mail_ids),
    )
    return len(rows)
