"""What the search does with events: each becomes one document; a batch of them is written at once by the scope."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backbone.consumer import HandlerMap, Scope
from backbone.contracts.events import ProjectPublished, ProjectUnpublished
from backbone.database import Transaction
from services.search import documents, repository
from services.search.documents import Write
from services.search.index import Index


@dataclass
class Deps:
    """What handlers are given: the transaction, and what to write to the index before it commits."""

    tx: Transaction
    writes: list[Write] = field(default_factory=list[Write])


def scope_of(index: Index) -> Scope[Deps]:
    """The scope of a batch: its documents are found before its events count as handled."""

    @asynccontextmanager
    async def scope(tx: Transaction) -> AsyncGenerator[Deps, None]:
        await repository.share_index(tx)
        deps = Deps(tx)
        yield deps
        if deps.writes:
            await index.write(deps.writes)

    return scope


async def index_sheet(event: ProjectPublished, deps: Deps) -> None:
    deps.writes.append(documents.published(event.sheet.model_dump(mode="json"), event.version))


async def bury_sheet(event: ProjectUnpublished, deps: Deps) -> None:
    deps.writes.append(documents.unpublished(event.project, event.version))


HANDLERS: HandlerMap[Deps] = {
    ProjectPublished: index_sheet,
    ProjectUnpublished: bury_sheet,
}
