"""What moderation does when a sheet is submitted, revised or withdrawn."""

from dataclasses import dataclass
from typing import Final

from backbone.consumer import HandlerMap
from backbone.contracts.events import ProjectRevised, ProjectSubmitted, ProjectWithdrawn
from backbone.database import Transaction
from services.moderation import service


@dataclass(frozen=True)
class Deps:
    """What a handler is given: the transaction and where the DAECT is written to."""

    tx: Transaction
    daect_email: str


async def open_first_review(event: ProjectSubmitted, deps: Deps) -> None:
    await service.open_review(deps.tx, event, daect_email=deps.daect_email, resubmitted=False)


async def open_next_review(event: ProjectRevised, deps: Deps) -> None:
    await service.open_review(deps.tx, event, daect_email=deps.daect_email, resubmitted=True)


async def close_review(event: ProjectWithdrawn, deps: Deps) -> None:
    await service.withdraw(deps.tx, event, daect_email=deps.daect_email)


HANDLERS: Final[HandlerMap[Deps]] = {
    ProjectSubmitted: open_first_review,
    ProjectRevised: open_next_review,
    ProjectWithdrawn: close_review,
}
