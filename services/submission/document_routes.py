"""The HTTP of a project's documents."""

from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from backbone import idempotency
from backbone.http import JSON, etag, router
from backbone.idempotency import fingerprint
from services.submission import documents
from services.submission.files import ALLOWED_TEXT, MAX_SIZE, attachment
from services.submission.routes import (
    ERRORS,
    PROBLEM,
    Depositor,
    IfMatch,
    Key,
    again,
    database_of,
    identity,
    store_of,
    to_remember,
)
from services.submission.sweep import release
from services.submission.uploads import Received, received

routes = router(prefix="/projects/{project}/documents", tags=["documents"])

_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": f"{ALLOWED_TEXT}."},
                        "title": {"type": "string", "maxLength": 200, "description": "The file's name if missing."},
                        "language": {"type": "string", "pattern": "^[a-z]{2,3}$"},
                    },
                }
            }
        },
    }
}
_UPLOAD_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    **ERRORS,
    413: {"description": f"More than {MAX_SIZE} bytes", "content": PROBLEM},
    415: {"description": "A type that is not taken", "content": PROBLEM},
}


class Document(BaseModel):
    """A deposited document: its entry in the sheet."""

    title: str
    language: str | None
    id: str
    media_type: str
    size: int
    sha256: str


@routes.post("", status_code=201, response_model=Document, responses=_UPLOAD_ERRORS, openapi_extra=_FORM)
async def attach(request: Request, who: Depositor, project: str, key: Key = None, if_match: IfMatch = None) -> Response:
    """Deposit a document. One announced in the sheet under the same title is then there; else it is added."""
    database, store, wanted = database_of(request), store_of(request), identity(project)
    async with database.connection() as connection:
        await documents.require_open(connection, who, wanted)
    async with received(request) as document:
        upload = document.upload
        await store.put(upload.sha256, upload.file)
        asked = _fingerprint(project, document)
        async with database.transaction() as tx:
            if done := await idempotency.replay(tx, who.account, key, asked):
                return again(done)
            made = await documents.attach(
                tx, store, who, wanted, upload, title=document.title, language=document.language, tag=if_match
            )
            headers = {
                "ETag": etag(made.row["edition"]),
                "Location": f"/projects/{wanted}/documents/{made.document['id']}",
            }
            response = JSON(made.document, status_code=201, headers=headers)
            await idempotency.remember(tx, who.account, key, asked, to_remember(response))
        return response


def _fingerprint(project: str, document: Received) -> bytes:
    parts = (project, document.title, document.language or "", document.upload.sha256)
    return fingerprint(*(part.encode() for part in parts))


@routes.get("/{document}", responses=ERRORS)
async def read(request: Request, who: Depositor, project: str, document: str) -> Response:
    """The file, as a download."""
    async with database_of(request).connection() as connection:
        file = await documents.readable(connection, who, identity(project), identity(document))
    headers = {
        "Content-Disposition": attachment(file.name),
        "Content-Length": str(file.size),
        "Content-Security-Policy": "sandbox",
        "Cache-Control": "private, no-store",
        "ETag": f'"{file.sha256}"',
    }
    content = await store_of(request).read(file.sha256)
    return StreamingResponse(content, headers=headers, media_type=file.media_type)


@routes.delete("/{document}", status_code=204, responses=ERRORS)
async def detach(request: Request, who: Depositor, project: str, document: str, if_match: IfMatch = None) -> Response:
    """Take a document out of the sheet."""
    database = database_of(request)
    async with database.transaction() as tx:
        changed = await documents.detach(tx, who, identity(project), identity(document), if_match)
    await release(database, store_of(request), changed.freed)
    return Response(status_code=204, headers={"ETag": etag(changed.row["edition"])})
