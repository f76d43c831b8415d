"""What the reviews say: it becomes the state that the author sees."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backbone.consumer import HandlerMap
from backbone.contracts.events import (
    Review,
    ReviewChangesRequested,
    ReviewClosed,
    ReviewOpened,
    ReviewRejected,
    ReviewReopened,
)
from backbone.database import Transaction
from services.submission import service


@dataclass(frozen=True)
class Deps:
    """What the handlers are given."""

    tx: Transaction


@asynccontextmanager
async def scope(tx: Transaction) -> AsyncGenerator[Deps, None]:
    """The batch's transaction is all that is needed."""
    yield Deps(tx)


async def follow_review(event: Review, deps: Deps) -> None:
    await service.follow(deps.tx, event)


HANDLERS: HandlerMap[Deps] = {
    ReviewOpened: follow_review,
    ReviewChangesRequested: follow_review,
    ReviewRejected: follow_review,
    ReviewReopened: follow_review,
    ReviewClosed: follow_review,
}
