"""The SQL of submission, one function for each question."""

from collections.abc import Sequence
from uuid import UUID

from backbone.database import Row, Transaction
from services.submission.files import Deposited, Upload
from services.submission.rules import Followed, Json

# -- projects --------------------------------------------------------------------------------------------------------


async def insert_project(
    tx: Transaction,
    *,
    authority_ref: str | None,
    post: str | None,
    account: str,
    demonstration: bool,
    authority: Json,
    project: Json,
) -> Row:
    row = await tx.fetchrow(
        "insert into project (authority_ref, post, account, demonstration, authority, project)"
        " values ($1, $2, $3, $4, $5, $6) returning *",
        authority_ref,
        post,
        account,
        demonstration,
        authority,
        project,
    )
    return _one(row)


async def find_project(tx: Transaction, project: UUID) -> Row | None:
    return await tx.fetchrow("select * from project where id = $1", project)


async def lock_project(tx: Transaction, project: UUID) -> Row | None:
    """The project, which nobody else changes until the end of the transaction."""
    return await tx.fetchrow("select * from project where id = $1 for update", project)


async def list_projects(
    tx: Transaction,
    *,
    authority_ref: str | None,
    post: str | None,
    states: Sequence[str],
    before: UUID | None,
    limit: int,
) -> list[Row]:
    """The projects of an authority, or those that a post deposited; newest first, from before `before` on."""
    # one of the two columns is given: a null matches nothing, so each query uses its own index
    return await tx.fetch(
        "select * from project where (authority_ref = $1 or post = $2)"
        " and (cardinality($3::text[]) = 0 or state = any($3)) and ($4::uuid is null or id < $4)"
        " order by id desc limit $5",
        authority_ref,
        post,
        list(states),
        before,
        limit,
    )


async def update_project(
    tx: Transaction, project: UUID, *, authority_ref: str | None, authority: Json, content: Json
) -> Row:
    """Keep the author's working copy."""
    row = await tx.fetchrow(
        "update project set authority_ref = $2, authority = $3, project = $4, edition = edition + 1,"
        " updated_at = now() where id = $1 returning *",
        project,
        authority_ref,
        authority,
        content,
    )
    return _one(row)


async def delete_project(tx: Transaction, project: UUID) -> None:
    await tx.execute("delete from project where id = $1", project)


async def insert_revision(
    tx: Transaction,
    project: UUID,
    *,
    record: Json,
    author: Json,
    on_behalf: bool,
    authority_ref: str,
    authority: Json,
    review_country: str | None,
    documents: Sequence[UUID],
) -> Row:
    """Make the working copy a submitted revision: the project first (its lock gives the order), in one round trip."""
    row = await tx.fetchrow(
        "with changed as ("
        " update project set state = 'submitted', revision = revision + 1, version = version + 1,"
        " edition = edition + 1, authority_ref = $2, authority = $3, review_country = $4, review = null,"
        " submitted_at = now(), updated_at = now() where id = $1 returning *),"
        " kept as (insert into revision (project, revision, record, author, on_behalf)"
        " select id, revision, $5, $6, $7 from changed),"
        " named as (update document set submitted = true where id = any($8::uuid[]) and project = $1)"
        " select * from changed",
        project,
        authority_ref,
        authority,
        review_country,
        record,
        author,
        on_behalf,
        list(documents),
    )
    return _one(row)


async def find_record(tx: Transaction, project: UUID, revision: int) -> Json | None:
    """The record that was submitted as this revision."""
    return await tx.fetchval("select record from revision where project = $1 and revision = $2", project, revision)


async def withdraw_project(tx: Transaction, project: UUID) -> Row:
    row = await tx.fetchrow(
        "update project set state = 'withdrawn', version = version + 1, edition = edition + 1, updated_at = now()"
        " where id = $1 returning *",
        project,
    )
    return _one(row)


async def keep_followed(tx: Transaction, project: UUID, followed: Followed) -> None:
    """Keep what a review says; neither the edition nor the version is touched: this is no write of the author's."""
    await tx.execute(
        "update project set state = $2, published_revision = $3, review = $4, review_version = $5 where id = $1",
        project,
        followed.state,
        followed.published_revision,
        followed.review,
        followed.review_version,
    )


# -- documents -------------------------------------------------------------------------------------------------------


async def files_of(tx: Transaction, project: UUID) -> dict[str, Deposited]:
    """The deposited files of a project, by document id."""
    rows = await tx.fetch("select * from document where project = $1", project)
    return {str(row["id"]): _deposited(row) for row in rows}


async def insert_document(tx: Transaction, project: UUID, upload: Upload) -> Deposited:
    row = await tx.fetchrow(
        "insert into document (project, sha256, size, media_type, name) values ($1, $2, $3, $4, $5) returning *",
        project,
        upload.sha256,
        upload.size,
        upload.media_type,
        upload.name,
    )
    return _deposited(_one(row))


async def find_document(tx: Transaction, project: UUID, document: UUID) -> Deposited | None:
    row = await tx.fetchrow("select * from document where id = $1 and project = $2", document, project)
    return _deposited(row) if row is not None else None


def _deposited(row: Row) -> Deposited:
    return Deposited(
        id=row["id"],
        sha256=row["sha256"],
        size=row["size"],
        media_type=row["media_type"],
        name=row["name"],
        submitted=row["submitted"],
    )


async def forget_documents(tx: Transaction, project: UUID, documents: Sequence[UUID]) -> list[str]:
    """Forget files that no revision names; the checksums of those forgotten."""
    rows = await tx.fetch(
        "delete from document where project = $1 and id = any($2::uuid[]) and not submitted returning sha256",
        project,
        list(documents),
    )
    return [row["sha256"] for row in rows]


async def lock_content(tx: Transaction, sha256: str) -> None:
    """Hold the content of this checksum: it is neither adopted nor removed by another transaction meanwhile."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended($1, 2))", sha256)


async def named_contents(tx: Transaction, sha256s: Sequence[str]) -> set[str]:
    """Of these checksums, those that a document names."""
    rows = await tx.fetch("select distinct sha256 from document where sha256 = any($1::text[])", list(sha256s))
    return {row["sha256"] for row in rows}


def _one(row: Row | None) -> Row:
    if row is None:
        raise LookupError("the row went away under its lock")
    return row
