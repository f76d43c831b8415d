"""The documents of a project, each within the given transaction."""

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from backbone.contracts.sheet import DOCUMENTS
from backbone.database import Row, Transaction
from backbone.errors import FieldError, Invalid
from backbone.tokens import Principal
from services.submission import repository, rules
from services.submission.files import Deposited, Upload
from services.submission.rules import Json
from services.submission.service import Changed, find, locked, owns
from services.submission.store import DepositStore


@dataclass(frozen=True)
class Attached:
    """A project with its new document, as the sheet names it."""

    row: Row
    document: Json


async def require_open(tx: Transaction, who: Principal, project: UUID) -> None:
    """Refuse early, before a file is read, what would be refused after it."""
    row = await find(tx, who, project)
    rules.require_editable(row["state"])


async def attach(
    tx: Transaction,
    store: DepositStore,
    who: Principal,
    project: UUID,
    upload: Upload,
    *,
    title: str,
    language: str | None,
    tag: str | None,
) -> Attached:
    """Name a stored file in the sheet: where it was announced under this title, else at the end of the list."""
    row = await locked(tx, who, project, tag)
    rules.require_editable(row["state"])
    documents = cast("list[Json]", list(row["project"].get("documents") or ()))
    place = rules.announced(documents, title)
    if place is None:
        if len(documents) >= DOCUMENTS:
            error = FieldError("project.documents", f"must have at most {DOCUMENTS} entries", "too_long")
            raise Invalid("this project has all the documents that it may have", errors=[error])
        documents.append({"title": title})
        place = len(documents) - 1
    file = await repository.insert_document(tx, project, upload)
    documents[place] = {
        **documents[place],
        "language": language or documents[place].get("language") or row["project"].get("language"),
        **rules.file_members(file),
    }
    changed = await _keep(tx, row, documents)
    # the sweep may have taken the same content away since it was put, when nothing named it yet
    await repository.lock_content(tx, upload.sha256)
    if not await store.has(upload.sha256):
        await store.put(upload.sha256, upload.file)
    return Attached(changed, documents[place])


async def detach(tx: Transaction, who: Principal, project: UUID, document: UUID, tag: str | None) -> Changed:
    """Take a document out of the sheet; its file goes too, unless a submitted revision names it."""
    row = await locked(tx, who, project, tag)
    rules.require_editable(row["state"])
    before = cast("list[Json]", row["project"].get("documents") or [])
    after = [entry for entry in before if entry.get("id") != str(document)]
    if len(after) == len(before):
        raise rules.absent()
    freed = await repository.forget_documents(tx, project, [document])
    return Changed(await _keep(tx, row, after), freed)


async def _keep(tx: Transaction, row: Row, documents: list[Json]) -> Row:
    return await repository.update_project(
        tx,
        row["id"],
        authority_ref=row["authority_ref"],
        authority=row["authority"],
        content={**row["project"], "documents": documents},
    )


async def readable(tx: Transaction, who: Principal, project: UUID, document: UUID) -> Deposited:
    """A document's file, for its owner, and once submitted for those who review it."""
    row = await repository.find_project(tx, project)
    file = await repository.find_document(tx, project, document) if row is not None else None
    if row is None or file is None or not (owns(who, row) or (file.submitted and _reviews(who, row))):
        raise rules.absent()
    return file


def _reviews(who: Principal, row: Row) -> bool:
    return who.role == "daect" or (who.role == "agent" and row["review_country"] in who.countries)
