"""The HTTP of moderation: the queue, the decisions, the posts."""

from datetime import datetime
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Header, Query, Request
from pydantic import EmailStr, Field, StringConstraints

from backbone.contracts.events import FieldRemark
from backbone.contracts.sheet import Contact
from backbone.contracts.text import Country, Line, Prose
from backbone.database import Database, Row
from backbone.errors import FieldError, Invalid, NotFound
from backbone.http import JSON, Body, etag, router
from backbone.paging import bad_cursor, decode_cursor, encode_cursor
from backbone.tokens import Principal, require
from services.moderation import posts, repository, service
from services.moderation.settings import Settings

reviews = router(tags=["reviews"])
Reader = Annotated[Principal, Depends(require("agent", "daect"))]
PostReader = Annotated[Principal, Depends(require("agent", "daect", "admin"))]
IfMatch = Annotated[str | None, Header()]
Reason = Annotated[Prose, Field(max_length=2_000)]
FieldPath = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(?:\.[a-z0-9_]+)*$", max_length=100)]

MAX_PAGE: Final = 100


class Nothing(Body):
    """An action that needs no word: an empty object, or no body at all."""


class Reasoned(Body):
    """An action with its reason, which is mailed to the author; at most 2,000 characters."""

    reason: Reason


class Remark(Body):
    """A field to change, by its path, and what about it."""

    field: FieldPath
    remark: Annotated[Prose, Field(max_length=500)] = ""


class ChangesRequest(Reasoned):
    """What is to be changed: a reason, and the fields concerned (paths such as `project.budget`, or remarks)."""

    fields: Annotated[list[FieldPath | Remark], Field(max_length=50)] = []  # noqa: RUF012 - Pydantic copies it

    def remarks(self) -> list[FieldRemark]:
        """The fields, all in one form."""
        return [
            FieldRemark(field=field) if isinstance(field, str) else FieldRemark(field=field.field, remark=field.remark)
            for field in self.fields
        ]


class PostUpdate(Body):
    """What a post covers (ISO 3166-1 alpha-2; the DAECT's to change), its useful contacts and its mail address."""

    countries: Annotated[list[Country], Field(max_length=50)] | None = None
    contacts: Annotated[list[Contact], Field(max_length=30)]
    email: EmailStr | None = None


@reviews.get("/reviews")
async def list_reviews(
    request: Request,
    who: Reader,
    state: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
    country: Annotated[list[Country], Query()] = [],  # noqa: B006
    q: Annotated[Line, Query(max_length=200)] | None = None,
    size: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: str | None = None,
) -> JSON:
    """The queue of one's post (all posts for the DAECT), what waits longest first."""
    unknown = set(state) - set(service.STATES)
    if unknown:
        raise Invalid(errors=[FieldError("state", f"must be one of {', '.join(service.STATES)}", "unknown_state")])
    async with _database(request).connection() as tx:
        rows = await repository.list_reviews(
            tx,
            post=who.post or "" if who.role == "agent" else None,
            states=state,
            countries=country,
            words=q,
            after=_after(cursor),
            size=size + 1,
        )
    page = rows[:size]
    more = len(rows) > size
    following = encode_cursor([page[-1]["submitted_at"].isoformat(), page[-1]["project"]]) if more else None
    return JSON({"items": [dict(row) for row in page], "cursor": following})


@reviews.get("/reviews/{project}")
async def read_review(request: Request, who: Reader, project: str) -> JSON:
    """One review: the sheet, its history, its contacts and the sheets that it may duplicate."""
    async with _database(request).connection() as tx:
        review, history, duplicates = await service.read(tx, who, project)
    record = review["record"]
    body = {
        **_summary(review),
        "authority": record["authority"],
        "sheet": record["project"],
        "history": [dict(row) for row in history],
        "contacts": {"author": review["author"], "authority": record["authority"]["contact"]},
        "duplicates": duplicates,
    }
    return JSON(body, headers={"ETag": etag(review["version"])})


@reviews.post("/reviews/{project}/publish")
async def publish(
    request: Request,
    who: Reader,
    project: str,
    body: Nothing | None = None,  # noqa: ARG001 - read only to refuse unknown fields
    if_match: IfMatch = None,
) -> JSON:
    """Publish the revision under review."""
    return await _decide(request, who, project, "publish", if_match)


@reviews.post("/reviews/{project}/request-changes")
async def request_changes(
    request: Request, who: Reader, project: str, body: ChangesRequest, if_match: IfMatch = None
) -> JSON:
    """Ask the author for changes; what is published stays published."""
    return await _decide(request, who, project, "request-changes", if_match, reason=body.reason, fields=body.remarks())


@reviews.post("/reviews/{project}/reject")
async def reject(request: Request, who: Reader, project: str, body: Reasoned, if_match: IfMatch = None) -> JSON:
    """Reject the revision under review."""
    return await _decide(request, who, project, "reject", if_match, reason=body.reason)


@reviews.post("/reviews/{project}/reopen")
async def reopen(
    request: Request,
    who: Reader,
    project: str,
    body: Nothing | None = None,  # noqa: ARG001 - read only to refuse unknown fields
    if_match: IfMatch = None,
) -> JSON:
    """Put a decided review back into the queue."""
    return await _decide(request, who, project, "reopen", if_match)


@reviews.post("/reviews/{project}/unpublish")
async def unpublish(request: Request, who: Reader, project: str, body: Reasoned, if_match: IfMatch = None) -> JSON:
    """Take a published sheet from the public."""
    return await _decide(request, who, project, "unpublish", if_match, reason=body.reason)


@reviews.get("/posts")
async def list_posts(request: Request, who: PostReader) -> JSON:
    """All posts, with the countries that each covers."""
    async with _database(request).connection() as tx:
        rows = await posts.list_posts(tx)
    return JSON({"items": [_post(row, who) for row in rows]})


@reviews.get("/posts/{code}")
async def read_post(request: Request, who: PostReader, code: str) -> JSON:
    """One post with its contacts."""
    async with _database(request).connection() as tx:
        row = await posts.find_post(tx, code)
    if row is None:
        raise NotFound(f"there is no post {code[:64]}")
    return JSON(_post(row, who), headers={"ETag": etag(row["version"])})


@reviews.put("/posts/{code}")
async def update_post(request: Request, who: PostReader, code: str, body: PostUpdate) -> JSON:
    """Replace what a post covers and its contacts."""
    async with _database(request).transaction() as tx:
        row = await service.update_post(
            tx, who, code, countries=body.countries, contacts=body.contacts, email=body.email
        )
    return JSON(_post(row, who), headers={"ETag": etag(row["version"])})


async def _decide(
    request: Request, who: Principal, project: str, action: service.Action, match: str | None, **words: Any
) -> JSON:
    settings = cast("Settings", request.app.state.settings)
    async with _database(request).transaction() as tx:
        review = await service.decide(tx, who, project, action, daect_email=settings.daect_email, match=match, **words)
    return JSON(_summary(review), headers={"ETag": etag(review["version"])})


def _database(request: Request) -> Database:
    return cast("Database", request.app.state.database)


def _after(cursor: str | None) -> tuple[datetime, str] | None:
    match decode_cursor(cursor):
        case None:
            return None
        case [str(submitted_at), str(project)]:
            try:
                return datetime.fromisoformat(submitted_at), project
            except ValueError as error:
                raise bad_cursor() from error
        case _:
            raise bad_cursor()


def _summary(review: Row) -> dict[str, Any]:
    shown = (
        "project revision version state post kind countries title authority_ref authority_name on_behalf demonstration"
        " reason fields submitted_at decided_at published_revision first_published_at"
    )
    return {"id": review["project"], **{name: review[name] for name in shown.split()}}


def _post(row: Row, who: Principal) -> dict[str, Any]:
    # another post's contacts are shown to an agent only where they are public
    own = who.role != "agent" or who.post == row["code"]
    contacts = posts.contacts_of(row) if own else posts.public_contacts(row)
    hidden = {"contacts"} if own else {"contacts", "email"}
    return {
        **{name: value for name, value in row.items() if name not in hidden},
        "contacts": [contact.model_dump(mode="json") for contact in contacts],
    }
