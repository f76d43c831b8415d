"""The rules of the catalogue: what is shown of what was published, and what no more."""

import re
from typing import Any, Final, Protocol

import orjson

from backbone import database
from backbone.contracts.checksum import SheetsChecksum
from backbone.contracts.events import PostUpdated, ProjectPublished, ProjectUnpublished
from backbone.contracts.sheet import Document, PublicSheet
from backbone.database import Row, Transaction
from backbone.errors import Gone, NotFound
from backbone.paging import bad_cursor, decode_cursor, encode_cursor
from services.catalog import repository
from services.catalog.filters import AddressesPage, Filters, PostsPage, SheetsPage

OBSOLETE: Final = "obsolete files"
# what ids and codes are made of: anything else is nobody's, and is not asked for
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
# what a card shows: as the items of a search, but for the authority, which is the same for all of them
_CARD: Final = (
    *("id", "kind", "status", "language", "title", "summary", "themes", "sdgs", "countries", "continents"),
    *("location", "budget", "period", "published_at", "demonstration"),
)
NEWEST: Final = 50


class Copies(Protocol):
    """Where the files of published documents are put."""

    async def publish(self, sha256: str) -> None: ...

    async def remove(self, sha256: str) -> None: ...


# -- what comes --------------------------------------------------------------------------------------------------------


async def publish(tx: Transaction, copies: Copies, event: ProjectPublished) -> None:
    """Show a sheet and its documents. The files are there before the sheet is."""
    if event.sheet.id != event.project:
        raise ValueError(f"the sheet of {event.project} says that it is {event.sheet.id}")
    kept = await repository.put_sheet(
        tx,
        version=event.version,
        revision=event.revision,
        changed_at=event.occurred_at,
        sheet=event.sheet,
        text=event.sheet.model_dump_json(),
    )
    if not kept:
        return
    documents = deposited(event.sheet)
    await _replace_documents(tx, event.project, documents)
    for sha256 in sorted({str(document.sha256) for document in documents}):
        # against a removal that was decided before this sheet named the file
        await repository.lock_file(tx, sha256)
        await copies.publish(sha256)


async def unpublish(tx: Transaction, event: ProjectUnpublished) -> None:
    """Forget a sheet but for its id; its files are removed once this is committed."""
    kept = await repository.put_gone(
        tx, event.project, version=event.version, revision=event.revision, changed_at=event.occurred_at
    )
    if kept:
        await _replace_documents(tx, event.project, [])


async def _replace_documents(tx: Transaction, project: str, documents: list[Document]) -> None:
    if await repository.replace_documents(tx, project, documents):
        database.ring(OBSOLETE)


def deposited(sheet: PublicSheet) -> list[Document]:
    """The documents of a sheet that have a file; the others are announced by their title alone."""
    with_file = [document for document in sheet.documents if document.id]
    for document in with_file:
        if not (document.sha256 and document.media_type and document.size):
            raise ValueError(f"document {document.id} lacks its sha256, media_type or size")
    return with_file


async def keep_post(tx: Transaction, event: PostUpdated) -> None:
    body = event.model_dump_json(exclude={"version", "occurred_at"})
    await repository.put_post(
        tx, event.code, version=event.version, changed_at=event.occurred_at, countries=event.countries, body=body
    )


async def remove_obsolete(tx: Transaction, copies: Copies) -> bool:
    """Remove one file that no published sheet names any more; whether there was one to look at."""
    sha256 = await repository.next_obsolete(tx)
    if sha256 is None:
        return False
    await repository.lock_file(tx, sha256)
    if not await repository.is_published(tx, sha256):
        await copies.remove(sha256)
    await repository.forget_obsolete(tx, sha256)
    return True


# -- what is asked -----------------------------------------------------------------------------------------------------


async def project(tx: Transaction, project_id: str) -> Row:
    """version, changed_at and sheet (JSON text). Raises `NotFound`, and `Gone` once it is unpublished."""
    row = await repository.find_project(tx, project_id) if _ID.fullmatch(project_id) else None
    if row is None:
        raise NotFound()
    if row["sheet"] is None:
        # what it was about, so that others like it can be offered
        codes = {name: row[name] for name in ("kind", "themes", "countries", "continents")}
        raise Gone("this sheet is no longer published", code="unpublished", **codes)
    return row


async def page_of_sheets(tx: Transaction, asked: SheetsPage) -> bytes:
    """A page of sheets as JSON, in the order of their ids."""
    rows = await repository.sheets(tx, asked, _after(asked.cursor) or "", asked.size + 1)
    return _page([row["sheet"] for row in rows], [row["id"] for row in rows], asked.size)


async def batch_of_sheets(tx: Transaction, filters: Filters, after: str, size: int) -> tuple[list[str], str]:
    """The next sheets (JSON texts) in the order of their ids, and the id to go on after, empty at the end."""
    rows = await repository.sheets(tx, filters, after, size)
    return [row["sheet"] for row in rows], rows[-1]["id"] if len(rows) == size else ""


async def authority(tx: Transaction, ref: str, cursor: str | None, size: int) -> dict[str, Any]:
    """An authority as its last published sheet shows it, and its published projects. Raises `NotFound`."""
    latest = await repository.latest_of_authority(tx, ref) if _ID.fullmatch(ref) else None
    if latest is None:
        raise NotFound()
    rows = await repository.sheets_of_authority(tx, ref, _after(cursor), size + 1)
    cards = [_card(orjson.loads(row["sheet"])) for row in rows[:size]]
    following = encode_cursor([rows[size - 1]["id"]]) if len(rows) > size else None
    return {"authority": orjson.loads(latest)["authority"], "projects": cards, "cursor": following}


def _card(sheet: dict[str, Any]) -> dict[str, Any]:
    return {**{name: sheet.get(name) for name in _CARD}, "documents": len(sheet["documents"])}


async def newest(tx: Transaction, asked: Filters) -> list[Row]:
    """changed_at and sheet (JSON text) of what was published last, newest first."""
    return await repository.newest(tx, asked, NEWEST)


async def page_of_addresses(tx: Transaction, asked: AddressesPage) -> dict[str, Any]:
    """What an address is made of, for each published sheet: a page in the order of the ids."""
    rows = await repository.addressed(tx, _after(asked.cursor) or "", asked.size + 1)
    items = [_address(row) for row in rows[: asked.size]]
    return {"items": items, "cursor": encode_cursor([items[-1]["id"]]) if len(rows) > asked.size else None}


def _address(row: Row) -> dict[str, Any]:
    sheet = orjson.loads(row["sheet"])
    return {
        **{name: sheet[name] for name in ("id", "title", "language")},
        "authority": sheet["authority"]["ref"],
        "authority_name": sheet["authority"]["name"],
        "changed_at": row["changed_at"].isoformat(),
    }


async def document(tx: Transaction, document_id: str) -> Row:
    """sha256, media_type, size and title. Raises `NotFound`, and `Gone` once no published sheet has it."""
    row = await repository.find_document(tx, document_id) if _ID.fullmatch(document_id) else None
    if row is None:
        raise NotFound()
    if row["gone"]:
        raise Gone("this document is no longer published", code="unpublished")
    return row


async def post(tx: Transaction, code: str) -> Row:
    """version, changed_at and body (JSON text). Raises `NotFound`."""
    row = await repository.find_post(tx, code) if _ID.fullmatch(code) else None
    if row is None:
        raise NotFound()
    return row


async def page_of_posts(tx: Transaction, asked: PostsPage) -> bytes:
    """A page of posts as JSON, in the order of their codes."""
    rows = await repository.posts(tx, asked.country, _after(asked.cursor) or "", asked.size + 1)
    return _page([row["body"] for row in rows], [row["code"] for row in rows], asked.size)


def _after(cursor: str | None) -> str | None:
    values = decode_cursor(cursor)
    if values is None:
        return None
    if len(values) != 1 or not isinstance(values[0], str) or not _ID.fullmatch(values[0]):
        raise bad_cursor()
    return values[0]


def _page(texts: list[str], ids: list[str], size: int) -> bytes:
    # the texts are JSON already, as they were published
    following = orjson.dumps(encode_cursor([ids[size - 1]]) if len(ids) > size else None)
    return b'{"items":[' + ",".join(texts[:size]).encode() + b'],"cursor":' + following + b"}"


async def checksum(tx: Transaction) -> SheetsChecksum:
    """The checksum of all that is published, as of one moment."""
    found = SheetsChecksum()
    async for row in repository.all_sheets(tx):
        found.add(row["id"], row["version"], orjson.loads(row["sheet"]))
    return found
