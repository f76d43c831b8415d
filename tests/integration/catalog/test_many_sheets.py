"""With 12,000 sheets the feed and the addresses read what they show, and not the rest."""

from collections.abc import AsyncGenerator, Callable
from typing import Final

import pytest

from backbone.database import Database, Transaction
from services.catalog import service
from services.catalog.filters import AddressesPage, FeedAsked
from tests.integration.catalog.conftest import published

SHEETS: Final = 12_000
# one in four is gone, one in eight is of Peru; published in another order than that of the ids
_FILL: Final = """
    insert into project (id, version, revision, changed_at, sheet, kind, language, themes, countries, continents,
                         authority)
    select to_char(n, 'FM00000'), 1, 1, timestamptz '2026-01-01Z' + n * 7919 % 12007 * interval '1 minute',
           case when n % 4 > 0 then replace($1, '{id}', to_char(n, 'FM00000')) end, 'demand', 'fr', '{health}',
           array[case when n % 8 = 1 then 'PE' else 'SN' end], '{africa}', 'sn-pikine'
    from generate_series(1, $2::int) n
"""


@pytest.fixture(scope="module")
async def many(new_database: Callable[[str], str]) -> AsyncGenerator[Database, None]:
    """A catalogue's database with as many sheets as the Bourse may have one day."""
    database = Database(new_database("catalog"), migrations="services.catalog")
    await database.start()
    text = published("{id}", description="Le marché est inondé trois mois par an. " * 150).sheet.model_dump_json()
    async with database.transaction() as tx:
        await tx.execute(_FILL, text, SHEETS)
    async with database.connection() as connection:
        await connection.execute("vacuum analyze project")
    yield database
    await database.stop()


async def rows_read(tx: Transaction) -> int:
    """How many rows of the table this connection has read of late, by whatever way: what counts is the difference."""
    return await tx.fetchval(
        "select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint from pg_stat_xact_user_tables"
        " where relname = 'project'"
    )


async def test_the_feed_reads_no_more_than_it_shows(many: Database) -> None:
    read: list[int] = []
    async with many.transaction() as tx:
        # narrow ones first, more often than PostgreSQL looks at the parameters before it settles for a plan
        for country in [["PE"]] * 10 + [list[str]()]:
            before = await rows_read(tx)
            rows = await service.newest(tx, FeedAsked(country=country))
            read.append(await rows_read(tx) - before)
            expected = await tx.fetch(
                "select changed_at from project where sheet is not null and countries @> $1 order by 1 desc limit 50",
                country,
            )
            assert len(rows) == 50
            assert [row["changed_at"] for row in rows] == [row["changed_at"] for row in expected]
    # one in six of what is published is of Peru
    assert max(read[:-1]) <= 450
    assert read[-1] <= 50


async def test_a_page_of_addresses_reads_no_more_than_it_shows(many: Database) -> None:
    async with many.transaction() as tx:
        before = await rows_read(tx)
        page = await service.page_of_addresses(tx, AddressesPage())
        read = await rows_read(tx) - before
    assert len(page["items"]) == 1_000
    # the ids by which it goes are those of the sheets that are gone too
    assert read <= 1_001 * 4 / 3 + 2


async def test_the_pages_of_addresses_have_every_sheet_once(many: Database) -> None:
    found: list[str] = []
    cursor: str | None = None
    async with many.transaction() as tx:
        while True:
            page = await service.page_of_addresses(tx, AddressesPage(cursor=cursor))
            found += [item["id"] for item in page["items"]]
            cursor = page["cursor"]
            if cursor is None:
                break
    assert found == [f"{n:05}" for n in range(1, SHEETS + 1) if n % 4]
