"""What the notifier does with each event: it writes letters."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from backbone.consumer import HandlerMap, current_event
from backbone.contracts.events import (
    AccountCreated,
    AccountDeleted,
    Review,
    ReviewChangesRequested,
    ReviewClosed,
    ReviewOpened,
    ReviewRejected,
    ReviewReopened,
    SearchConfirmationRequested,
    SearchMatched,
)
from backbone.database import Transaction
from services.notifier import alert_emails, emails, service
from services.notifier.emails import Desk, Email
from services.notifier.service import Letter


@dataclass(frozen=True)
class Deps:
    """The transaction of the message and the desk that writes."""

    tx: Transaction
    desk: Desk

    async def write(self, event: Review, *letters: Letter) -> None:
        """Write letters about the event being handled."""
        await service.write_about(self.tx, current_event(), self.desk, event, letters)

    def to_author(self, event: Review, email: Email) -> Letter:
        """A letter to the author, answered to the post."""
        return Letter(email, service.author_of(event), service.post_of(event, self.desk))

    def to_post(self, event: Review, email: Email) -> Letter:
        """A letter to the post in charge, answered to the author."""
        return Letter(email, service.post_of(event, self.desk), service.author_of(event))


def scope(desk: Desk) -> Callable[[Transaction], AbstractAsyncContextManager[Deps]]:
    """What makes the handlers' dependencies for each batch."""

    @asynccontextmanager
    async def within(tx: Transaction) -> AsyncGenerator[Deps, None]:
        yield Deps(tx, desk)

    return within


async def announce_review(event: ReviewOpened, deps: Deps) -> None:
    """To the post, to the DAECT (once, where it stands in for the post), and an acknowledgement to the author."""
    letters = [deps.to_post(event, emails.review_opened)]
    if letters[0].to.email != deps.desk.daect.email:
        letters.append(Letter(emails.review_opened_daect, deps.desk.daect, service.author_of(event)))
    await deps.write(event, *letters, deps.to_author(event, emails.submission_received))


async def ask_for_changes(event: ReviewChangesRequested, deps: Deps) -> None:
    await deps.write(event, deps.to_author(event, emails.changes_requested))


async def tell_rejection(event: ReviewRejected, deps: Deps) -> None:
    await deps.write(event, deps.to_author(event, emails.review_rejected))


async def tell_reopening(event: ReviewReopened, deps: Deps) -> None:
    await deps.write(
        event, deps.to_author(event, emails.review_reopened), deps.to_post(event, emails.review_reopened_post)
    )


async def tell_end(event: ReviewClosed, deps: Deps) -> None:
    """Published or withdrawn: to both sides; unpublished: to the author, whose post decided it."""
    match event.outcome:
        case "published":
            letters = [deps.to_author(event, emails.published), deps.to_post(event, emails.published_post)]
        case "withdrawn":
            letters = [deps.to_post(event, emails.withdrawn_post), deps.to_author(event, emails.withdrawn)]
        case "unpublished":
            letters = [deps.to_author(event, emails.unpublished)]
    await deps.write(event, *letters)


async def confirm_account(event: AccountCreated, deps: Deps) -> None:
    await service.confirm_account(deps.tx, current_event(), deps.desk, event)


async def tell_matches(event: SearchMatched, deps: Deps) -> None:
    await service.write_to_subscriber(deps.tx, current_event(), deps.desk, event, alert_emails.alert)


async def confirm_search(event: SearchConfirmationRequested, deps: Deps) -> None:
    await service.write_to_subscriber(deps.tx, current_event(), deps.desk, event, alert_emails.alert_confirmation)


async def forget_account(event: AccountDeleted, deps: Deps) -> None:
    await service.forget_account(deps.tx, event.account)


HANDLERS: Final[HandlerMap[Deps]] = {
    ReviewOpened: announce_review,
    ReviewChangesRequested: ask_for_changes,
    ReviewRejected: tell_rejection,
    ReviewReopened: tell_reopening,
    ReviewClosed: tell_end,
    AccountCreated: confirm_account,
    AccountDeleted: forget_account,
    SearchConfirmationRequested: confirm_search,
    SearchMatched: tell_matches,
}
