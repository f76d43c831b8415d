"""The SQL of moderation: reviews and their audit trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backbone.contracts.events import Submission
from backbone.database import Row, Transaction


async def lock_review(tx: Transaction, project: str) -> Row | None:
    """A review, locked until the end of the transaction."""
    return await tx.fetchrow("select * from reviews where project = $1 for update", project)


async def find_review(tx: Transaction, project: str) -> Row | None:
    return await tx.fetchrow("select * from reviews where project = $1", project)


async def open_review(tx: Transaction, event: Submission, post: str) -> Row:
    """The review of a submitted revision, in the queue of `post`; what was published before stays noted."""
    record = event.record
    row = await tx.fetchrow(
        """
        insert into reviews (project, revision, submission_version, state, post, kind, countries, title, authority_ref,
                             authority_name, record, author, on_behalf, demonstration, submitted_at)
        values ($1, $2, $3, 'in_review', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        on conflict (project) do update set
            version = reviews.version + 1, revision = excluded.revision,
            submission_version = excluded.submission_version, state = 'in_review', post = excluded.post,
            kind = excluded.kind, countries = excluded.countries, title = excluded.title,
            authority_ref = excluded.authority_ref, authority_name = excluded.authority_name,
            record = excluded.record, author = excluded.author, on_behalf = excluded.on_behalf,
            demonstration = excluded.demonstration, submitted_at = excluded.submitted_at,
            reason = null, fields = '[]', decided_at = null
        returning *
        """,
        event.project,
        event.revision,
        event.version,
        post,
        record.project.kind,
        record.countries(),
        record.project.title,
        record.authority.ref or "",
        record.authority.name,
        record.model_dump(mode="json"),
        event.author.model_dump(mode="json"),
        event.on_behalf,
        event.demonstration,
        event.occurred_at,
    )
    if row is None:
        raise LookupError(event.project)
    return row


async def decide(
    tx: Transaction,
    project: str,
    *,
    state: str,
    reason: str | None,
    fields: Sequence[dict[str, str]] = (),
    submission_version: int | None = None,
) -> Row:
    """Move a review to `state`; publishing and unpublishing note what is public from now on."""
    row = await tx.fetchrow(
        """
        update reviews set version = version + 1, state = $2, reason = $3, fields = $4, decided_at = clock_timestamp(),
            submission_version = coalesce($5, submission_version),
            published_revision = case when $2 = 'published' then revision
                                      when $2 in ('unpublished', 'withdrawn') then null
                                      else published_revision end,
            first_published_at = case when $2 = 'published' then coalesce(first_published_at, clock_timestamp())
                                      else first_published_at end
        where project = $1 returning *
        """,
        project,
        state,
        reason,
        list(fields),
        submission_version,
    )
    if row is None:
        raise LookupError(project)
    return row


async def add_audit(
    tx: Transaction,
    review: Row,
    *,
    actor: str,
    role: str,
    action: str,
    from_state: str,
) -> None:
    """Note what was done to a review; its state, reason and fields are those that it has now."""
    await tx.execute(
        "insert into audit (project, revision, actor, role, action, from_state, to_state, reason, fields)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        review["project"],
        review["revision"],
        actor,
        role,
        action,
        from_state,
        review["state"],
        review["reason"],
        review["fields"],
    )


async def history(tx: Transaction, project: str) -> list[Row]:
    return await tx.fetch(
        "select revision, at, role, action, from_state, to_state, reason, fields from audit"
        " where project = $1 order by id",
        project,
    )


async def list_reviews(
    tx: Transaction,
    *,
    post: str | None,
    states: Sequence[str],
    countries: Sequence[str],
    words: str | None,
    after: tuple[datetime, str] | None,
    size: int,
) -> list[Row]:
    """The queue, what waits longest first; `post` None for all posts."""
    return await tx.fetch(
        r"""
        select project, revision, version, state, post, kind, countries, title, authority_ref, authority_name,
               demonstration, submitted_at, decided_at, published_revision
        from reviews
        where ($1::text is null or post = $1)
          and (cardinality($2::text[]) = 0 or state = any($2))
          and (cardinality($3::text[]) = 0 or countries && $3)
          and ($4::text is null or
               unaccent(lower(title || ' ' || authority_name)) like
               '%' || replace(replace(replace(unaccent(lower($4)), '\', '\\'), '%', '\%'), '_', '\_') || '%')
          and ($5::timestamptz is null or (submitted_at, project) > ($5, $6))
        order by submitted_at, project
        limit $7
        """,
        post,
        list(states),
        list(countries),
        words,
        after[0] if after else None,
        after[1] if after else None,
        size,
    )


async def likely_duplicates(tx: Transaction, review: Row) -> list[dict[str, Any]]:
    """Other sheets of the same countries whose title resembles this one's, most alike first."""
    rows = await tx.fetch(
        "select project, title, authority_name, state, similarity(title, $2) as similarity from reviews"
        " where project <> $1 and title % $2 and countries && $3 and similarity(title, $2) >= 0.45"
        " order by similarity desc, project limit 5",
        review["project"],
        review["title"],
        review["countries"],
    )
    return [{**dict(row), "similarity": round(row["similarity"], 2)} for row in rows]
