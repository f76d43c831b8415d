"""What the catalogue does with the events."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backbone.consumer import HandlerMap, Scope
from backbone.contracts.events import PostUpdated, ProjectPublished, ProjectUnpublished
from backbone.database import Transaction
from services.catalog import service
from services.catalog.service import Copies


@dataclass(frozen=True)
class Deps:
    """What the handlers are given."""

    tx: Transaction
    copies: Copies


def scope(copies: Copies) -> Scope[Deps]:
    """Makes the handlers' dependencies for one batch."""

    @asynccontextmanager
    async def within(tx: Transaction) -> AsyncGenerator[Deps, None]:
        yield Deps(tx, copies)

    return within


async def show_sheet(event: ProjectPublished, deps: Deps) -> None:
    await service.publish(deps.tx, deps.copies, event)


async def forget_sheet(event: ProjectUnpublished, deps: Deps) -> None:
    await service.unpublish(deps.tx, event)


async def keep_post(event: PostUpdated, deps: Deps) -> None:
    await service.keep_post(deps.tx, event)


HANDLERS: HandlerMap[Deps] = {
    ProjectPublished: show_sheet,
    ProjectUnpublished: forget_sheet,
    PostUpdated: keep_post,
}
