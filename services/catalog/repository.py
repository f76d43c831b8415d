"""SQL of the catalogue: one function per question."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime

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
                             authority)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (id) do update set
            version = excluded.version, revision = excluded.revision, changed_at = excluded.changed_at,
            sheet = excluded.sheet, kind = excluded.kind, language = excluded.language, themes = excluded.themes,
            countries = excluded.countries, continents = excluded.continents, authority = excluded.authority
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
            sheet = null, authority = null
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


_MATCHING = """
    sheet is not null
    and (cardinality($1::text[]) = 0 or continents && $1)
    and (cardinality($2::text[]) = 0 or countries && $2)
    and (cardinality($3::text[]) = 0 or themes && $3)
    and (cardinality($4::text[]) = 0 or kind = any($4))
    and (cardinality($5::text[]) = 0 or language = any($5))
"""


async def sheets(tx: Transaction, filters: Filters, after: str, limit: int) -> list[Row]:
    """id and sheet (JSON text) of the published projects that fit the filters, by id, from the first after `after`."""
    return await tx.fetch(
        f"select id, sheet from project where {_MATCHING} and id > $6 order by id limit $7",  # noqa: S608 - a constant
        filters.continent,
        filters.country,
        filters.theme,
        filters.kind,
        filters.language,
        after,
        limit,
    )


async def newest(tx: Transaction, filters: Filters, limit: int) -> list[Row]:
    """changed_at and sheet (JSON text) of the projects that fit the filters, those published last first."""
    return await tx.fetch(
        f"select changed_at, sheet from project where {_MATCHING}"  # noqa: S608 - a constant
        " order by changed_at desc, id desc limit $6",
        filters.continent,
        filters.country,
        filters.theme,
        filters.kind,
        filters.language,
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
