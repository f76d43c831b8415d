"""The rules of a review: who may see it, what may follow what, and what each step tells the others."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from backbone import outbox
from backbone.contracts import vocabularies
from backbone.contracts.events import (
    FieldRemark,
    Person,
    ProjectPublished,
    ProjectStateChanged,
    ProjectUnpublished,
    ProjectWithdrawn,
    Review,
    ReviewChangesRequested,
    ReviewClosed,
    ReviewOpened,
    ReviewRejected,
    ReviewReopened,
    Submission,
)
from backbone.contracts.sheet import Contact, Record, public_sheet
from backbone.database import Row, Transaction
from backbone.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from backbone.http import if_match
from backbone.tokens import Principal
from services.moderation import posts, repository

Action = Literal["publish", "request-changes", "reject", "reopen", "unpublish"]

# action → the states from which it is possible and the state that it leads to
STEPS: Final[dict[Action, tuple[frozenset[str], str]]] = {
    "publish": (frozenset({"in_review"}), "published"),
    "request-changes": (frozenset({"in_review"}), "changes_requested"),
    "reject": (frozenset({"in_review"}), "rejected"),
    "reopen": (frozenset({"changes_requested", "rejected", "unpublished"}), "in_review"),
    "unpublish": (frozenset({"published"}), "unpublished"),
}
STATES: Final = ("in_review", "changes_requested", "rejected", "published", "unpublished", "withdrawn")


def may_see(who: Principal, review: Row) -> bool:
    """The post in charge and the DAECT."""
    return who.role == "daect" or (who.role == "agent" and who.post == review["post"])


def possible(action: Action, review: Row) -> bool:
    """Whether the review's state allows the action; what is public can be withdrawn from the public at any time."""
    if action == "unpublish" and review["published_revision"] is not None:
        return True
    return review["state"] in STEPS[action][0]


async def open_review(tx: Transaction, event: Submission, *, daect_email: str, resubmitted: bool) -> None:
    """Put a submitted revision into the queue of the post in charge."""
    before = await repository.lock_review(tx, event.project)
    if before is not None and event.version <= before["submission_version"]:
        return
    review = await repository.open_review(tx, event, await _post_for(tx, event.record))
    from_state = before["state"] if before else "draft"
    await repository.add_audit(
        tx, review, actor=event.author.account, role="author", action="submit", from_state=from_state
    )
    await outbox.emit(
        tx, ReviewOpened(**await _state(tx, review, daect_email), resubmitted=resubmitted or before is not None)
    )
    await outbox.emit(tx, _changed(review, from_state))


async def withdraw(tx: Transaction, event: ProjectWithdrawn, *, daect_email: str) -> None:
    """Close the review of a sheet that its author withdrew, and take it from the public."""
    before = await repository.lock_review(tx, event.project)
    if before is None or event.version <= before["submission_version"]:
        return
    review = await repository.decide(
        tx, event.project, state="withdrawn", reason=None, submission_version=event.version
    )
    await repository.add_audit(
        tx, review, actor=event.author.account, role="author", action="withdraw", from_state=before["state"]
    )
    if before["published_revision"] is not None:
        await outbox.emit(tx, _unpublished(review))
    await outbox.emit(tx, ReviewClosed(**await _state(tx, review, daect_email), outcome="withdrawn"))
    await outbox.emit(tx, _changed(review, before["state"]))


async def decide(
    tx: Transaction,
    who: Principal,
    project: str,
    action: Action,
    *,
    daect_email: str,
    match: str | None,
    reason: str | None = None,
    fields: Sequence[FieldRemark] = (),
) -> Row:
    """One step of a review by its post or the DAECT. Raises `NotFound`, `Conflict`, `Stale`."""
    before = await repository.lock_review(tx, project)
    if before is None or not may_see(who, before):
        raise NotFound(f"there is no review of {project[:64]}")
    if_match(match, before["version"])
    if not possible(action, before):
        raise Conflict(f"a review that is {before['state']} cannot be changed by {action}", state=before["state"])
    review = await repository.decide(
        tx,
        project,
        state=STEPS[action][1],
        reason=reason,
        fields=[remark.model_dump() for remark in fields],
    )
    await repository.add_audit(tx, review, actor=who.account, role=who.role, action=action, from_state=before["state"])
    if action == "publish":
        await outbox.emit(tx, await _published(tx, review))
    elif action == "unpublish":
        await outbox.emit(tx, _unpublished(review))
    await outbox.emit(tx, _OUTCOMES[action](await _state(tx, review, daect_email), reason, fields))
    await outbox.emit(tx, _changed(review, before["state"]))
    return review


_OUTCOMES: Final[dict[Action, Callable[[dict[str, Any], str | None, Sequence[FieldRemark]], Review]]] = {
    "publish": lambda state, reason, _: ReviewClosed(**state, outcome="published", reason=reason),
    "unpublish": lambda state, reason, _: ReviewClosed(**state, outcome="unpublished", reason=reason),
    "request-changes": lambda state, reason, fields: ReviewChangesRequested(
        **state, reason=reason or "", fields=list(fields)
    ),
    "reject": lambda state, reason, _: ReviewRejected(**state, reason=reason or ""),
    "reopen": lambda state, _, __: ReviewReopened(**state),
}


async def read(tx: Transaction, who: Principal, project: str) -> tuple[Row, list[Row], list[dict[str, Any]]]:
    """A review with its history and its likely duplicates. Raises `NotFound`."""
    review = await repository.find_review(tx, project)
    if review is None or not may_see(who, review):
        raise NotFound(f"there is no review of {project[:64]}")
    return review, await repository.history(tx, project), await repository.likely_duplicates(tx, review)


async def update_post(
    tx: Transaction,
    who: Principal,
    code: str,
    *,
    countries: Sequence[str] | None,
    contacts: Sequence[Contact],
    email: str | None,
) -> Row:
    """Replace a post's contacts (its agents and the DAECT) and countries (the DAECT). Raises `Forbidden`, `Invalid`."""
    post = await posts.find_post(tx, code)
    if post is None or (who.role == "agent" and who.post != code):
        raise NotFound(f"there is no post {code[:64]}")
    wanted = sorted(set(post["countries"] if countries is None else countries))
    if who.role == "agent" and wanted != post["countries"]:
        raise Forbidden("which countries a post covers is for the DAECT to say")
    taken = await posts.covered_by_others(tx, code, wanted)
    if taken:
        raise Invalid(
            errors=[
                FieldError("countries", f"{country} is covered by {post}", "covered") for country, post in taken.items()
            ]
        )
    return await posts.save_post(tx, code, countries=wanted, contacts=contacts, email=email or post["email"])


async def _post_for(tx: Transaction, record: Record) -> str:
    if record.project.kind == "offer":
        return posts.DAECT
    return await posts.post_of(tx, record.authority.country) or posts.DAECT


async def _state(tx: Transaction, review: Row, daect_email: str) -> dict[str, Any]:
    return {
        "version": review["version"],
        "occurred_at": datetime.now(UTC),
        "project": review["project"],
        "revision": review["revision"],
        "record": Record.model_validate(review["record"]),
        "author": Person.model_validate(review["author"]),
        "post": await posts.in_charge(tx, review["post"], daect_email),
        "demonstration": review["demonstration"],
    }


async def _published(tx: Transaction, review: Row) -> ProjectPublished:
    now = datetime.now(UTC)
    post = await posts.find_post(tx, review["post"])
    sheet = public_sheet(
        Record.model_validate(review["record"]),
        project_id=review["project"],
        revision=review["revision"],
        post=posts.public_post(post) if post else None,
        first_published_at=review["first_published_at"],
        published_at=now,
        demonstration=review["demonstration"],
    )
    return ProjectPublished(
        version=review["version"], occurred_at=now, project=review["project"], revision=review["revision"], sheet=sheet
    )


def _unpublished(review: Row) -> ProjectUnpublished:
    return ProjectUnpublished(
        version=review["version"],
        occurred_at=datetime.now(UTC),
        project=review["project"],
        revision=review["revision"],
    )


def _changed(review: Row, from_state: str) -> ProjectStateChanged:
    return ProjectStateChanged(
        version=review["version"],
        occurred_at=datetime.now(UTC),
        project=review["project"],
        revision=review["revision"],
        kind=review["kind"],
        countries=review["countries"],
        continents=vocabularies.continents_of(review["countries"]),
        themes=review["record"]["project"]["themes"],
        from_state=from_state,
        to_state=review["state"],
    )
