"""What the search does with events: each becomes one document; a batch of them is written at once by the scope."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from backbone.consumer import HandlerMap, Scope
from backbone.contracts.events import AccountDeleted, ProjectPublished, ProjectUnpublished
from backbone.database import Transaction
from services.search import alerts_repository, documents, repository, saved_repository
from services.search.alerts_repository import Noted
from services.search.documents import Write
from services.search.index import Index

# moderation reads the time of the first publication on its database's clock, that of this one on its own
TWO_CLOCKS: Final = timedelta(minutes=1)


@dataclass
class Deps:
    """What handlers are given: the transaction, and what to write to the index before it commits, noted with it."""

    tx: Transaction
    writes: list[Write] = field(default_factory=list[Write])
    notes: list[Noted] = field(default_factory=list[Noted])


def scope_of(index: Index) -> Scope[Deps]:
    """The scope of a batch: its documents are found before its events count as handled."""

    @asynccontextmanager
    async def scope(tx: Transaction) -> AsyncGenerator[Deps, None]:
        await repository.share_index(tx)
        deps = Deps(tx)
        yield deps
        if deps.writes:
            await index.write(deps.writes)
            # only now: who saves a search before this moment hears of these sheets, who does after it has found them
            await alerts_repository.note(tx, _newest(deps.notes))

    return scope


def _newest(notes: Sequence[Noted]) -> list[Noted]:
    """Of each sheet, the newest note."""
    return list({note.project: note for note in sorted(notes, key=lambda note: note.version)}.values())


async def index_sheet(event: ProjectPublished, deps: Deps) -> None:
    """Index it, and queue it for the saved searches."""
    sheet = event.sheet
    deps.writes.append(documents.published(sheet.model_dump(mode="json"), event.version))
    is_first = sheet.published_at - sheet.first_published_at < TWO_CLOCKS
    since = None if is_first else sheet.first_published_at
    deps.notes.append(Noted(event.project, event.version, gone=False, since=since))


async def bury_sheet(event: ProjectUnpublished, deps: Deps) -> None:
    deps.writes.append(documents.unpublished(event.project, event.version))
    deps.notes.append(Noted(event.project, event.version, gone=True))


async def forget_account(event: AccountDeleted, deps: Deps) -> None:
    """Forget the searches of a deleted account, and what they found."""
    await saved_repository.forget_account(deps.tx, event.account)


HANDLERS: HandlerMap[Deps] = {
    ProjectPublished: index_sheet,
    ProjectUnpublished: bury_sheet,
    AccountDeleted: forget_account,
}
