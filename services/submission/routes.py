"""The HTTP of projects: drafts, submission, withdrawal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field

from backbone import idempotency
from backbone.database import Database, Row
from backbone.http import JSON, Body, etag, router
from backbone.idempotency import Answer, fingerprint
from backbone.tokens import Principal, require
from services.submission import service
from services.submission.rules import State, absent
from services.submission.store import DepositStore
from services.submission.sweep import release

routes = router(prefix="/projects", tags=["projects"])

Depositor = Annotated[Principal, Depends(require("authority", "agent", "daect"))]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the state that you saw.")]
Key = Annotated[str | None, Header(alias="Idempotency-Key", description="Sent again with it, nothing is done twice.")]

PROBLEM: dict[str, Any] = {"application/problem+json": {}}
ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"description": text, "content": PROBLEM}
    for code, text in {
        401: "No valid token",
        403: "Not with this role",
        404: "Not among your projects",
        409: "Not possible in this state",
        412: "Changed in the meantime",
        422: "Fields that are missing or wrong, each named",
    }.items()
}


class Deposit(Body):
    """A record in the format of `data/README.md`; anything in it may be missing until it is submitted."""

    authority: dict[str, Any] | None = Field(
        default=None, description="Only from an agent or the DAECT, who deposit on behalf of an authority."
    )
    project: dict[str, Any] = Field(default_factory=dict[str, Any])


class Patch(Body):
    """An RFC 7396 merge patch of the record."""

    authority: dict[str, Any] | None = Field(default=None, description="Only from an agent or the DAECT.")
    project: dict[str, Any] | None = None


class Remarks(BaseModel):
    """The last decision's reason, and the fields it names."""

    reason: str
    fields: list[dict[str, str]]
    at: datetime


class Project(BaseModel):
    """A project as its author sees it; `authority` and `project` are the working copy."""

    id: str
    revision: int
    state: State
    authority: dict[str, Any]
    project: dict[str, Any]
    review: Remarks | None
    published_revision: int | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None


class Page(BaseModel):
    """Some projects, and where the next ones begin."""

    items: list[Project]
    cursor: str | None


def shown(row: Row) -> dict[str, Any]:
    """What `Project` says of a row; written out, since every field is already known to be right."""
    return {
        "id": str(row["id"]),
        "revision": row["revision"],
        "state": row["state"],
        "authority": row["authority"],
        "project": row["project"],
        "review": row["review"],
        "published_revision": row["published_revision"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "submitted_at": row["submitted_at"],
    }


def identity(text: str) -> UUID:
    """The id in a path; what is none is not found, like any unknown one."""
    try:
        return UUID(text)
    except ValueError as error:
        raise absent() from error


def database_of(request: Request) -> Database:
    return cast(Database, request.app.state.database)


def store_of(request: Request) -> DepositStore:
    return cast(DepositStore, request.app.state.store)


def _answer(row: Row, status: int = 200, headers: Mapping[str, str] | None = None) -> JSON:
    return JSON(shown(row), status_code=status, headers={"ETag": etag(row["edition"]), **(headers or {})})


def again(answer: Answer) -> Response:
    """An answer given once more, as it was."""
    return Response(answer.body, answer.status, dict(answer.headers), media_type="application/json")


def to_remember(response: Response) -> Answer:
    kept = {name: response.headers[name] for name in ("etag", "location") if name in response.headers}
    return Answer(response.status_code, kept, bytes(response.body).decode())


@routes.post("", status_code=201, response_model=Project, responses=ERRORS)
async def deposit(request: Request, who: Depositor, body: Deposit, key: Key = None) -> Response:
    """Begin a draft. Any field may be missing or empty; what is there must be right."""
    asked = fingerprint(await request.body())
    database = database_of(request)
    # without a key it is one statement, a transaction by itself
    async with database.transaction() if key is not None else database.connection() as tx:
        if done := await idempotency.replay(tx, who.account, key, asked):
            return again(done)
        row = await service.deposit(tx, who, body.authority, body.project)
        response = _answer(row, 201, {"Location": f"/projects/{row['id']}"})
        await idempotency.remember(tx, who.account, key, asked, to_remember(response))
    return response


@routes.get("", response_model=Page, responses=ERRORS)
async def list_mine(
    request: Request,
    who: Depositor,
    state: Annotated[list[State] | None, Query(description="Only those in one of these states.")] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """One's own projects, newest first."""
    async with database_of(request).connection() as tx:
        rows, following = await service.list_mine(tx, who, states=state or (), cursor=cursor, size=size)
    return JSON({"items": [shown(row) for row in rows], "cursor": following})


@routes.get("/{project}", response_model=Project, responses=ERRORS)
async def read(request: Request, who: Depositor, project: str) -> Response:
    """One's own project."""
    async with database_of(request).connection() as tx:
        return _answer(await service.find(tx, who, identity(project)))


@routes.patch("/{project}", response_model=Project, responses=ERRORS)
async def change(request: Request, who: Depositor, project: str, body: Patch, if_match: IfMatch = None) -> Response:
    """Change a draft, a project with changes requested, or prepare the next revision of a published one."""
    database = database_of(request)
    async with database.transaction() as tx:
        changed = await service.change(tx, who, identity(project), body.model_dump(exclude_unset=True), if_match)
    await release(database, store_of(request), changed.freed)
    return _answer(changed.row)


@routes.delete("/{project}", status_code=204, responses=ERRORS)
async def discard(request: Request, who: Depositor, project: str, if_match: IfMatch = None) -> Response:
    """Delete a draft that was never submitted, with its documents."""
    database = database_of(request)
    async with database.transaction() as tx:
        freed = await service.discard(tx, who, identity(project), if_match)
    await release(database, store_of(request), freed)
    return Response(status_code=204)


@routes.post("/{project}/submit", response_model=Project, responses=ERRORS)
async def submit(request: Request, who: Depositor, project: str, if_match: IfMatch = None) -> Response:
    """Submit the project for review, or 422 with all that is missing or wrong."""
    async with database_of(request).transaction() as tx:
        return _answer(await service.submit(tx, who, identity(project), if_match))


@routes.post("/{project}/withdraw", response_model=Project, responses=ERRORS)
async def withdraw(request: Request, who: Depositor, project: str, if_match: IfMatch = None) -> Response:
    """Take a submitted project back, published or not."""
    async with database_of(request).transaction() as tx:
        return _answer(await service.withdraw(tx, who, identity(project), if_match))
