"""What depositors do with their projects, and what the reviews say of them; each within the given transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from backbone.contracts.events import Person, ProjectRevised, ProjectSubmitted, ProjectWithdrawn, Review
from backbone.contracts.sheet import Record
from backbone.database import Row, Transaction
from backbone.errors import Conflict, FieldError, Forbidden, Invalid
from backbone.http import if_match
from backbone.outbox import emit
from backbone.paging import bad_cursor, decode_cursor, encode_cursor
from backbone.tokens import Principal
from services.submission import repository, rules
from services.submission.files import Deposited
from services.submission.rules import Json

# the DAECT deposits for countries that have no post
DAECT = "daect"


@dataclass(frozen=True)
class Changed:
    """A project as changed, and the checksums of the files that it let go."""

    row: Row
    freed: Sequence[str] = ()


# -- who ---------------------------------------------------------------------------------------------------------------


def own_authority(who: Principal) -> Json:
    """The authority that an account belongs to, with its reference."""
    if who.authority is None:
        raise Forbidden("this account belongs to no authority")
    return _with_reference(who.authority.model_dump(mode="json", exclude_none=True))


def owner_of(who: Principal) -> tuple[str | None, str | None]:
    """What makes projects one's own: the authority's reference, or the post that deposited them."""
    if who.role == "authority":
        return rules.reference(own_authority(who)), None
    return None, DAECT if who.role == "daect" else who.post


def owns(who: Principal, row: Row) -> bool:
    """Whether a project belongs to the caller's authority, or was deposited by the caller's post."""
    authority_ref, post = owner_of(who)
    if authority_ref is not None:
        return row["authority_ref"] == authority_ref
    return post is not None and row["post"] == post


async def locked(tx: Transaction, who: Principal, project: UUID, tag: str | None) -> Row:
    """One's own project, locked, in the state that the caller's `If-Match` knows."""
    row = await repository.lock_project(tx, project)
    if row is None or not owns(who, row):
        raise rules.absent()
    if_match(tag, row["edition"])
    return row


def _with_reference(authority: Mapping[str, Any]) -> Json:
    ref = rules.reference(authority)
    return {**authority, "ref": ref} if ref else dict(authority)


def _require_country(who: Principal, authority: Mapping[str, Any]) -> None:
    country = authority.get("country")
    if who.role == "agent" and country and country not in who.countries:
        error = FieldError("authority.country", "is not a country of your post", "not_covered")
        raise Forbidden("your post does not cover this country", errors=[error])


def _person(who: Principal) -> Person:
    return Person(account=who.account, email=who.email, name=who.name, language=who.language)


# -- drafts ------------------------------------------------------------------------------------------------------------


async def deposit(tx: Transaction, who: Principal, authority: Json | None, project: Json) -> Row:
    """Begin a draft: what is there must be right, anything may be missing."""
    errors = _authority_errors(who, given=authority is not None)
    own = own_authority(who) if who.role == "authority" else authority or {}
    errors += rules.wrong(own, project)
    project, errors = _with_documents(project, {}, errors)
    if errors:
        raise Invalid(errors=errors)
    _require_country(who, own)
    own = _with_reference(own)
    return await repository.insert_project(
        tx,
        authority_ref=rules.reference(own),
        post=None if who.role == "authority" else owner_of(who)[1],
        account=who.account,
        demonstration=who.demonstration,
        authority=own,
        project=project,
    )


def _authority_errors(who: Principal, *, given: bool) -> list[FieldError]:
    if who.role == "authority":
        sentence = "is that of your account: leave it out"
        return [FieldError("authority", sentence, "not_allowed")] if given else []
    sentence = "is missing: you deposit on behalf of an authority"
    return [] if given else [FieldError("authority", sentence, "missing")]


def _with_documents(
    project: Json, files: Mapping[str, Deposited], errors: list[FieldError]
) -> tuple[Json, list[FieldError]]:
    # a list that is wrong in itself was said to be so already
    if "documents" not in project or any(error.field.startswith("project.documents") for error in errors):
        return project, errors
    documents, unknown = rules.own_documents(project, files)
    return {**project, "documents": documents}, [*errors, *unknown]


async def find(tx: Transaction, who: Principal, project: UUID) -> Row:
    """One's own project. Raises `NotFound` for those of others, too."""
    row = await repository.find_project(tx, project)
    if row is None or not owns(who, row):
        raise rules.absent()
    return row


async def list_mine(
    tx: Transaction, who: Principal, *, states: Sequence[str], cursor: str | None, size: int
) -> tuple[list[Row], str | None]:
    """One's own projects, newest first, and the cursor of the next page."""
    authority_ref, post = owner_of(who)
    rows = await repository.list_projects(
        tx, authority_ref=authority_ref, post=post, states=states, before=_before(cursor), limit=size + 1
    )
    more = len(rows) > size
    return rows[:size], encode_cursor([str(rows[size - 1]["id"])]) if more else None


def _before(cursor: str | None) -> UUID | None:
    values = decode_cursor(cursor)
    if values is None:
        return None
    try:
        (value,) = values
        return UUID(value)
    except (ValueError, AttributeError, TypeError) as error:
        raise bad_cursor() from error


async def change(tx: Transaction, who: Principal, project: UUID, patch: Json, tag: str | None) -> Changed:
    """Apply a merge patch to {authority, project}; a document that the list no longer names is let go."""
    row = await locked(tx, who, project, tag)
    rules.require_editable(row["state"])
    merged = cast(
        Json, rules.merge_patch({"authority": row["authority"], "project": row["project"]}, cast(object, patch))
    )
    authority, content = cast(Json, merged.get("authority") or {}), cast(Json, merged.get("project") or {})
    errors = _authority_errors(who, given="authority" in (patch if who.role == "authority" else merged))
    errors += rules.wrong(authority, content)
    if "project" in patch and (patch["project"] is None or "documents" in patch["project"]):
        content, errors = _with_documents(content, await repository.files_of(tx, project), errors)
    if errors:
        raise Invalid(errors=errors)
    authority = _with_reference(authority)
    if "authority" in patch:
        _require_country(who, authority)
    if (authority, content) == (row["authority"], row["project"]):
        return Changed(row)
    freed = await repository.forget_documents(tx, project, _dropped(row["project"], content))
    return Changed(
        await repository.update_project(
            tx, project, authority_ref=rules.reference(authority), authority=authority, content=content
        ),
        freed,
    )


def document_ids(project: Mapping[str, Any]) -> list[UUID]:
    """The deposited files that a sheet names."""
    return [UUID(entry["id"]) for entry in project.get("documents") or () if entry.get("id")]


def _dropped(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[UUID]:
    kept = set(document_ids(after))
    return [identity for identity in document_ids(before) if identity not in kept]


async def discard(tx: Transaction, who: Principal, project: UUID, tag: str | None) -> list[str]:
    """Delete a draft that was never submitted; the checksums of its files."""
    row = await locked(tx, who, project, tag)
    rules.require_deletable(row["state"], row["revision"])
    files = await repository.files_of(tx, project)
    await repository.delete_project(tx, project)
    return sorted({file.sha256 for file in files.values()})


# -- submitted ---------------------------------------------------------------------------------------------------------


async def submit(tx: Transaction, who: Principal, project: UUID, tag: str | None) -> Row:
    """Make the working copy the next revision and tell the others. Raises `Invalid` with all that is missing."""
    row = await locked(tx, who, project, tag)
    rules.require_submittable(row["state"])
    # an account's authority may have been corrected since the draft
    authority = own_authority(who) if who.role == "authority" else _with_reference(row["authority"])
    _require_country(who, authority)
    record = rules.complete(authority, row["project"])
    kept = record.model_dump(mode="json")
    if row["state"] == "published" and kept == await repository.find_record(tx, project, row["revision"]):
        raise Conflict("nothing has changed since it was published", code="unchanged", state=row["state"])
    author = _person(who)
    changed = await repository.insert_revision(
        tx,
        project,
        record=kept,
        author=author.model_dump(),
        on_behalf=who.role != "authority",
        authority_ref=cast(str, record.authority.ref),
        authority=authority,
        review_country=record.authority.country if record.project.kind == "demand" else None,
        documents=document_ids(row["project"]),
    )
    await emit(tx, _submission(changed, record, author, on_behalf=who.role != "authority"))
    return changed


def _submission(row: Row, record: Record, author: Person, *, on_behalf: bool) -> ProjectSubmitted | ProjectRevised:
    event = ProjectSubmitted if row["revision"] == 1 else ProjectRevised
    return event(
        project=str(row["id"]),
        version=row["version"],
        revision=row["revision"],
        occurred_at=datetime.now(UTC),
        record=record,
        author=author,
        on_behalf=on_behalf,
        demonstration=row["demonstration"],
    )


async def withdraw(tx: Transaction, who: Principal, project: UUID, tag: str | None) -> Row:
    """Take a submitted project back, out of the review and of the public."""
    row = await locked(tx, who, project, tag)
    rules.require_withdrawable(row["state"], row["published_revision"])
    changed = await repository.withdraw_project(tx, project)
    await emit(
        tx,
        ProjectWithdrawn(
            project=str(project),
            version=changed["version"],
            revision=changed["revision"],
            occurred_at=datetime.now(UTC),
            author=_person(who),
        ),
    )
    return changed


async def follow(tx: Transaction, event: Review) -> None:
    """Keep what a review says of a project."""
    project = UUID(event.project)
    row = await repository.lock_project(tx, project)
    if row is None:
        raise LookupError(f"a review speaks of project {event.project}, which is not known here")
    followed = rules.follow(
        event,
        state=row["state"],
        revision=row["revision"],
        published_revision=row["published_revision"],
        review=row["review"],
        review_version=row["review_version"],
    )
    if followed is not None:
        await repository.keep_followed(tx, project, followed)
