"""The e-mails: each is a function that returns its context, and a folder of its name in `templates/<language>/`.

A function takes the event, the one it is for and the desk that writes; `labels.py` holds what fields are called.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from backbone.contracts.events import (
    AccountCreated,
    Review,
    ReviewChangesRequested,
    ReviewClosed,
    ReviewOpened,
    ReviewRejected,
    ReviewReopened,
)
from services.notifier.labels import WORDS, Language, field_label
from services.notifier.presentation import present

Context = dict[str, object]


@dataclass(frozen=True)
class Correspondent:
    """Someone who is written to, in `language`; `account` where it is the owner of one."""

    name: str
    email: str
    language: Language
    account: str | None = None


@dataclass(frozen=True)
class Desk:
    """Who writes: the sender, the portal that links lead to, the DAECT; `demonstration` where all of it is one."""

    sender: str
    portal: str
    daect: Correspondent
    demonstration: bool = False

    def public_page(self, project: str) -> str:
        """The sheet on the portal; its author sees it there before it is public."""
        return f"{self.portal.rstrip('/')}/projects/{quote(project, safe='')}"

    def review_page(self, project: str) -> str:
        return f"{self.portal.rstrip('/')}/reviews/{quote(project, safe='')}"

    def alert_page(self, name: str, language: Language, token: str) -> str:
        """A page of saved searches: `confirm`, `manage` or `unsubscribe`."""
        return f"{self.portal.rstrip('/')}/{language}/alerts/{name}?token={quote(token, safe='')}"

    def sheet_page(self, project: str, language: Language) -> str:
        """The published sheet in the reader's language."""
        return f"{self.portal.rstrip('/')}/{language}/projects/{quote(project, safe='')}"

    def search_page(self, query: str, language: Language) -> str:
        """A search, by its query string."""
        # encoded already, and once more what no query string has: it stands in a mail
        asked = quote(query, safe="=&%+-._~*")
        return f"{self.portal.rstrip('/')}/{language}/projects" + (f"?{asked}" if asked else "")

    def verify_page(self, token: str) -> str:
        return f"{self.portal.rstrip('/')}/verify?token={quote(token, safe='')}"


@dataclass(frozen=True)
class Remark:
    """What is asked about one field, which is named as people call it."""

    label: str
    text: str


def post_name(event: Review, language: Language) -> str:
    """The post in charge, as the language calls it."""
    name = event.post.name
    return name.get(language) or name.get("fr") or next(iter(name.values()), event.post.code)


def _review(event: Review, to: Correspondent, link: str, *, other: str, whole: bool = False) -> Context:
    return {
        "sheet": present(event.project, event.record, to.language, whole=whole),
        "demonstration": WORDS[to.language]["demonstration"] if event.demonstration else "",
        "link": link,
        "reader": to.name,
        "post": post_name(event, to.language),
        "other": other,
    }


def _to_author(event: Review, to: Correspondent, desk: Desk, *, whole: bool = False) -> Context:
    other = post_name(event, to.language)
    return _review(event, to, desk.public_page(event.project), other=other, whole=whole)


def _to_post(event: Review, to: Correspondent, desk: Desk, *, whole: bool = False) -> Context:
    return _review(event, to, desk.review_page(event.project), other=event.author.name, whole=whole)


def review_opened(event: ReviewOpened, to: Correspondent, desk: Desk) -> Context:
    """To the post in charge: a sheet to review."""
    return {**_to_post(event, to, desk, whole=True), "resubmitted": event.resubmitted}


def review_opened_daect(event: ReviewOpened, to: Correspondent, desk: Desk) -> Context:
    """To the DAECT: a sheet that a post reviews."""
    return {**_to_post(event, to, desk, whole=True), "resubmitted": event.resubmitted}


def submission_received(event: ReviewOpened, to: Correspondent, desk: Desk) -> Context:
    """To the author: what was received."""
    return {**_to_author(event, to, desk, whole=True), "resubmitted": event.resubmitted}


def changes_requested(event: ReviewChangesRequested, to: Correspondent, desk: Desk) -> Context:
    """To the author: why, and field by field what."""
    remarks = [Remark(field_label(remark.field, to.language), remark.remark.strip()) for remark in event.fields]
    return {**_to_author(event, to, desk), "reason": event.reason, "remarks": remarks}


def review_rejected(event: ReviewRejected, to: Correspondent, desk: Desk) -> Context:
    """To the author: not accepted, and why."""
    return {**_to_author(event, to, desk), "reason": event.reason}


def review_reopened(event: ReviewReopened, to: Correspondent, desk: Desk) -> Context:
    """To the author: the review goes on."""
    return _to_author(event, to, desk)


def review_reopened_post(event: ReviewReopened, to: Correspondent, desk: Desk) -> Context:
    """To the post: the sheet is back in its queue."""
    return _to_post(event, to, desk)


def published(event: ReviewClosed, to: Correspondent, desk: Desk) -> Context:
    """To the author: where the public reads the sheet."""
    return _to_author(event, to, desk)


def published_post(event: ReviewClosed, to: Correspondent, desk: Desk) -> Context:
    """To the post: where the public reads the sheet."""
    return {**_to_post(event, to, desk), "link": desk.public_page(event.project)}


def unpublished(event: ReviewClosed, to: Correspondent, desk: Desk) -> Context:
    """To the author: no longer public, and why."""
    return {**_to_author(event, to, desk), "reason": (event.reason or "").strip()}


def withdrawn(event: ReviewClosed, to: Correspondent, desk: Desk) -> Context:
    """To the author: the withdrawal is confirmed."""
    return {**_to_author(event, to, desk), "reason": (event.reason or "").strip()}


def withdrawn_post(event: ReviewClosed, to: Correspondent, desk: Desk) -> Context:
    """To the post: nothing left to review."""
    return {**_to_post(event, to, desk), "reason": (event.reason or "").strip()}


def account_confirmation(event: AccountCreated, to: Correspondent, desk: Desk) -> Context:
    """To the one who registered: the link that confirms the address."""
    return {
        "sheet": None,
        "demonstration": WORDS[to.language]["demonstration_account"] if desk.demonstration else "",
        "link": desk.verify_page(event.verification_token),
        "reader": to.name,
        "authority": event.authority.name if event.authority else "",
    }


Email = Callable[[Any, Correspondent, Desk], Context]

EMAILS: Final[tuple[Email, ...]] = (
    review_opened,
    review_opened_daect,
    submission_received,
    changes_requested,
    review_rejected,
    review_reopened,
    review_reopened_post,
    published,
    published_post,
    unpublished,
    withdrawn,
    withdrawn_post,
    account_confirmation,
)
