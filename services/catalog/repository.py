"""SQL of the catalogue: one function per question."""

import json
import math
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Final

from backbone.contracts import amounts
from backbone.contracts.sheet import Document, PublicSheet
from backbone.database import Row, Transaction
from services.catalog.filters import Filters


async def put_sheet(
    tx: Transaction, *, version: int, revision: int, changed_at: datetime, sheet: PublicSheet, text: str
) -> bool:
    """Keep a published sheet; False where a version as new is known."""
    return bool(
        await tx.fetchval(
            """
        insert into project (id, version, revision, changed_at, sheet, kind, language, themes, countries, continents,
                             authority, status, sdgs, authority_type, has_documents, budget_total, budget_currency,
                             period_start, period_end)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
        on conflict (id) do update set
            version = excluded.version, revision = excluded.revision, changed_at = excluded.changed_at,
            sheet = excluded.sheet, kind = excluded.kind, language = excluded.language, themes = excluded.themes,
            countries = excluded.countries, continents = excluded.continents, authority = excluded.authority,
            status = excluded.status, sdgs = excluded.sdgs, authority_type = excluded.authority_type,
            has_documents = excluded.has_documents, budget_total = excluded.budget_total,
            budget_currency = excluded.budget_currency, period_start = excluded.period_start,
            period_end = excluded.period_end
        where project.version < excluded.version
        returning true
        """,
            sheet.id,
            version,
            revision,
            changed_at,
            text,
            sheet.kind,
            sheet.language,
            sheet.themes,
            sheet.countries,
            sheet.continents,
            sheet.authority.ref,
            sheet.status,
            sheet.sdgs,
            sheet.authority.type,
            bool(sheet.documents),
            sheet.budget.total if sheet.budget else None,
            sheet.budget.currency if sheet.budget else None,
            sheet.period.start,
            sheet.period.end,
        )
    )


async def put_gone(tx: Transaction, project: str, *, version: int, revision: int, changed_at: datetime) -> bool:
    """Note that a project is unpublished and forget its sheet but for its codes; False where a newer one is known."""
    return bool(
        await tx.fetchval(
            """
        insert into project (id, version, revision, changed_at) values ($1, $2, $3, $4)
        on conflict (id) do update set
            version = excluded.version, revision = excluded.revision, changed_at = excluded.changed_at,
            sheet = null, authority = null, status = '', sdgs = '{}', authority_type = '', has_documents = false,
            budget_total = null, budget_currency = null, period_start = '', period_end = null
        where project.version < excluded.version
        returning true
        """,
            project,
            version,
            revision,
            changed_at,
        )
    )


async def replace_documents(tx: Transaction, project: str, documents: Sequence[Document]) -> bool:
    """Keep these documents as the project's; whether files became obsolete (they are noted as such)."""
    obsolete = await tx.fetch(
        "insert into obsolete_file (sha256) select distinct sha256 from document"
        " where project = $1 and not gone and sha256 <> all($2::text[])"
        # an update and not nothing: it waits for a cleaner that is about to forget the older note
        " on conflict (sha256) do update set since = now() returning sha256",
        project,
        [document.sha256 for document in documents],
    )
    await tx.execute(
        "update document set gone = true, title = '' where project = $1 and id <> all($2::text[]) and not gone",
        project,
        [document.id for document in documents],
    )
    await tx.executemany(
        """
        insert into document (id, project, sha256, media_type, size, title) values ($1, $2, $3, $4, $5, $6)
        on conflict (project, id) do update set
            sha256 = excluded.sha256, media_type = excluded.media_type, size = excluded.size, title = excluded.title,
            gone = false
        """,
        [(d.id, project, d.sha256, d.media_type, d.size, d.title) for d in documents],
    )
    return bool(obsolete)


async def find_project(tx: Transaction, project: str) -> Row | None:
    """version, changed_at, sheet (its JSON text, null once unpublished), kind, themes, countries and continents."""
    return await tx.fetchrow(
        "select version, changed_at, sheet, kind, themes, countries, continents from project where id = $1", project
    )


# the amount in euros is null without a budget or without a rate
_MATCHING: Final = """
    from project
    cross join lateral (select round(budget_total / ($1::text::jsonb ->> budget_currency)::double precision) as euros) _
    where sheet is not null
    and (cardinality($2::text[]) = 0 or continents && $2)
    and (cardinality($3::text[]) = 0 or countries && $3)
    and (cardinality($4::text[]) = 0 or themes && $4)
    and (cardinality($5::text[]) = 0 or kind = any($5))
    and (cardinality($6::text[]) = 0 or language = any($6))
    and (cardinality($7::text[]) = 0 or status = any($7))
    and (cardinality($8::int[]) = 0 or sdgs && $8)
    and (cardinality($9::text[]) = 0 or authority_type = any($9))
    and (cardinality($10::text[]) = 0 or has_documents::text = any($10))
    and (cardinality($11::text[]) = 0 or 'none' = any($11) and euros is null or exists (
        select from unnest($12::double precision[], $13::double precision[]) as bracket (low, high)
        where euros >= low and euros < high))
    and ($14::double precision is null or euros >= $14)
    and ($15::double precision is null or euros <= $15)
    and (cardinality($16::text[]) = 0 or exists (
        select from unnest($16) as year
        where period_start <= year || '-12' and coalesce(period_end >= year || '-01', true)))
    and ($17::text is null or coalesce(period_end >= $17, true))
    and ($18::text is null or period_start <= $18)
"""


def _arguments(filters: Filters) -> list[object]:
    """The arguments of `_MATCHING`."""
    brackets = [amounts.edges(name) for name in filters.budget if name != "none"]
    return [
        json.dumps(dict(amounts.rates())),
        filters.continent,
        filters.country,
        filters.theme,
        filters.kind,
        filters.language,
        filters.status,
        filters.sdg,
        filters.authority_type,
        filters.has_documents,
        filters.budget,
        [low for low, _ in brackets],
        [math.inf if high is None else high for _, high in brackets],
        filters.budget_min,
        filters.budget_max,
        filters.period,
        filters.period_from,
        filters.period_to,
    ]


async def sheets(tx: Transaction, filters: Filters, after: str, limit: int) -> list[Row]:
    """id and sheet (JSON text) of the published projects that fit the filters, by id, from the first after `after`."""
    return await tx.fetch(
        f"select id, sheet {_MATCHING} and id > $19 order by id limit $20",
        *_arguments(filters),
        after,
        limit,
    )


async def newest(tx: Transaction, filters: Filters, limit: int) -> list[Row]:
    """changed_at and sheet (JSON text) of the projects that fit the filters, those published last first."""
    return await tx.fetch(
        f"select changed_at, sheet {_MATCHING} order by changed_at desc, id desc limit $19",
        *_arguments(filters),
        limit,
    )


async def addressed(tx: Transaction, after: str, limit: int) -> list[Row]:
    """id, changed_at and sheet (JSON text) of the published projects, by id, from the first after `after`."""
    return await tx.fetch(
        "select id, changed_at, sheet from project where sheet is not null and id > $1 order by id limit $2",
        after,
        limit,
    )


async def all_sheets(tx: Transaction) -> AsyncGenerator[Row, None]:
    """id, version and sheet (JSON text) of all that is published, by id, as of one moment."""
    async for row in tx.cursor("select id, version, sheet from project where sheet is not null order by id"):
        yield row


async def latest_of_authority(tx: Transaction, ref: str) -> str | None:
    """The sheet (JSON text) of this authority that changed last."""
    return await tx.fetchval(
        "select sheet from project where authority = $1 and sheet is not null"
        " order by changed_at desc, id desc limit 1",
        ref,
    )


async def sheets_of_authority(tx: Transaction, ref: str, before: str | None, limit: int) -> list[Row]:
    """id and sheet (JSON text) of an authority's published projects, newest first, from the first before `before`."""
    return await tx.fetch(
        "select id, sheet from project where authority = $1 and sheet is not null and ($2::text is null or id < $2)"
        " order by id desc limit $3",
        ref,
        before,
        limit,
    )


async def find_document(tx: Transaction, document: str) -> Row | None:
    """sha256, media_type, size, title and gone; where several sheets have it, one that is published."""
    return await tx.fetchrow(
        "select sha256, media_type, size, title, gone from document where id = $1 order by gone limit 1", document
    )


async def lock_file(tx: Transaction, sha256: str) -> None:
    """One at a time among those who copy or remove this content, until the transaction ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended('file:' || $1, 0))", sha256)


async def next_obsolete(tx: Transaction) -> str | None:
    """A content that a sheet stopped naming, none that another replica is at."""
    return await tx.fetchval("select sha256 from obsolete_file order by since limit 1 for update skip locked")


async def is_published(tx: Transaction, sha256: str) -> bool:
    """Whether a published sheet names this content."""
    return await tx.fetchval("select exists (select 1 from document where sha256 = $1 and not gone)", sha256)


async def forget_obsolete(tx: Transaction, sha256: str) -> None:
    await tx.execute("delete from obsolete_file where sha256 = $1", sha256)


async def put_post(
    tx: Transaction, code: str, *, version: int, changed_at: datetime, countries: Sequence[str], body: str
) -> None:
    """Keep a post, unless a version as new is known."""
    await tx.execute(
        """
        insert into post (code, version, changed_at, countries, body) values ($1, $2, $3, $4, $5)
        on conflict (code) do update set
            version = excluded.version, changed_at = excluded.changed_at, countries = excluded.countries,
            body = excluded.body
        where post.version < excluded.version
        """,
        code,
        version,
        changed_at,
        countries,
        body,
    )


async def find_post(tx: Transaction, code: str) -> Row | None:
    """version, changed_at and body (JSON text)."""
    return await tx.fetchrow("select version, changed_at, body from post where code = $1", code)


async def posts(tx: Transaction, country: Sequence[str], after: str, limit: int) -> list[Row]:
    """code and body (JSON text) of the posts that cover one of these countries (of all where none), by code."""
    return await tx.fetch(
        "select code, body from post where (cardinality($1::text[]) = 0 or countries && $1) and code > $2"
        " order by code limit $3",
        country,
        after,
        limit,
    )
