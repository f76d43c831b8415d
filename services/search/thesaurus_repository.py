"""SQL of the thesaurus's changes and of the searches that found nothing."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from backbone.database import Row, Transaction

Miss = tuple[date, str, str]  # day, language, folded query


async def newest_version(tx: Transaction) -> int:
    """Grows with every change; 0 before the first."""
    return await tx.fetchval("select coalesce(max(version), 0) from thesaurus_changes")


async def changes(tx: Transaction) -> list[Row]:
    return await tx.fetch("select id, concept, version from thesaurus_changes")


async def change_of(tx: Transaction, concept: str) -> Row | None:
    """The change of one concept, locked: who changes it next waits."""
    return await tx.fetchrow("select id, concept, version from thesaurus_changes where id = $1 for update", concept)


async def save_change(tx: Transaction, concept: str, content: Mapping[str, Any] | None, account: str) -> int:
    """Lay a concept over the thesaurus (None takes it away); its version."""
    return await tx.fetchval(
        "insert into thesaurus_changes (id, concept, changed_by) values ($1, $2, $3)"
        " on conflict (id) do update set concept = excluded.concept, changed_by = excluded.changed_by,"
        " version = nextval('thesaurus_versions'), changed_at = now() returning version",
        concept,
        content,
        account,
    )


async def add_misses(tx: Transaction, counted: Mapping[Miss, int]) -> None:
    # in one order: two replicas that count the same queries do not wait for each other in a circle
    rows = [(*miss, times) for miss, times in sorted(counted.items())]
    await tx.executemany(
        "insert into misses (day, language, q, times) values ($1, $2, $3, $4)"
        " on conflict (day, language, q) do update set times = misses.times + excluded.times",
        rows,
    )


async def list_misses(tx: Transaction, *, since: date, least: int, most: int) -> list[Row]:
    """What was looked for in vain at least so many times, the most frequent first."""
    return await tx.fetch(
        "select q, language, sum(times)::int as times, max(day) as last_day from misses where day >= $1"
        " group by q, language having sum(times) >= $2 order by times desc, q, language limit $3",
        since,
        least,
        most,
    )


async def forget_misses(tx: Transaction, *, before: date) -> None:
    await tx.execute("delete from misses where day < $1", before)
