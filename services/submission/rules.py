"""The rules of a deposit that need neither the network nor a database."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from pydantic import ValidationError

from backbone.contracts.events import (
    Review,
    ReviewChangesRequested,
    ReviewClosed,
    ReviewOpened,
    ReviewRejected,
    ReviewReopened,
)
from backbone.contracts.sheet import Record, errors_of
from backbone.errors import Conflict, FieldError, Invalid, NotFound, field_errors
from services.submission.files import Deposited

State = Literal[
    "draft", "submitted", "in_review", "changes_requested", "rejected", "published", "unpublished", "withdrawn"
]
STATES: Final = get_args(State)

Json = dict[str, Any]

_WAITING = "waits for the post's decision: withdraw it first, or wait for that decision"
_ENDED = {
    "submitted": _WAITING,
    "in_review": _WAITING,
    "rejected": "was rejected; only the post can reopen it",
    "unpublished": "was unpublished; only the post can reopen it",
    "withdrawn": "was withdrawn; deposit a new one",
}


def absent() -> NotFound:
    """The answer for what is not there and for what is not the caller's to see: one and the same."""
    return NotFound("there is no such thing among your projects")


# -- what may be done in which state ---------------------------------------------------------------------------------


def require_editable(state: str) -> None:
    """Drafts, sheets with changes requested, and published ones (whose next revision is then prepared)."""
    if state in _ENDED:
        raise Conflict(f"this project {_ENDED[state]}", code="not-editable", state=state)


def require_submittable(state: str) -> None:
    if state in _ENDED:
        raise Conflict(f"this project {_ENDED[state]}", code="not-submittable", state=state)


def require_deletable(state: str, revision: int) -> None:
    if state != "draft" or revision:
        raise Conflict("a project that was submitted is withdrawn, not deleted", code="not-deletable", state=state)


def require_withdrawable(state: str, published_revision: int | None) -> None:
    """What was submitted and is not over; or still public, whatever became of its later revisions."""
    if state == "draft":
        raise Conflict("a draft is deleted, not withdrawn", code="not-withdrawable", state=state)
    if state not in ("submitted", "in_review", "changes_requested", "published") and published_revision is None:
        raise Conflict(f"this project {_ENDED[state]}", code="not-withdrawable", state=state)
    if state == "withdrawn":
        raise Conflict("this project was already withdrawn", code="not-withdrawable", state=state)


# -- what is written -------------------------------------------------------------------------------------------------


def merge_patch(target: object, patch: object) -> object:
    """RFC 7396: what `target` becomes under `patch`; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(cast(Json, target)) if isinstance(target, dict) else {}
    for name, value in cast(Json, patch).items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _seeks_in_vain(project: Mapping[str, Any]) -> bool:
    return project.get("kind") == "demand" and bool(project.get("countries_sought"))


def wrong(authority: Mapping[str, Any], project: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong in a draft: whatever is there must be right, whatever is not may come later."""
    found = errors_of({"authority": authority, "project": project}, draft=True)
    return _named(project, field_errors([error for error in found if error["type"] != "offer_only"]))


def complete(authority: Mapping[str, Any], project: Mapping[str, Any]) -> Record:
    """The record to submit; raises `Invalid` with all that is missing or wrong."""
    try:
        record = Record.model_validate({"authority": authority, "project": project})
    except ValidationError as refused:
        found = refused.errors(include_url=False, include_input=False)
        errors = field_errors([error for error in found if error["type"] != "offer_only"])
        raise Invalid("the project cannot be submitted yet", errors=_named(project, errors)) from refused
    return record


def _named(project: Mapping[str, Any], errors: list[FieldError]) -> list[FieldError]:
    # the model says this of the whole project, and only once all the rest of it is right
    if _seeks_in_vain(project):
        errors.append(FieldError("project.countries_sought", "is for offers only", "offer_only"))
    return errors


def reference(authority: Mapping[str, Any]) -> str | None:
    """The permanent identifier of an authority: its own, else made of its country and name; None while they lack."""
    if authority.get("ref"):
        return str(authority["ref"])
    if not authority.get("country") or not authority.get("name"):
        return None
    plain = unicodedata.normalize("NFKD", str(authority["name"])).casefold()
    slug = re.sub(r"[^a-z0-9]+", "-", "".join(c for c in plain if not unicodedata.combining(c))).strip("-")
    # a name without any Latin letter still needs an identifier of its own
    slug = slug or re.sub(r"[^0-9a-z]+", "-", "-".join(f"{ord(c):x}" for c in plain.strip()))
    return f"{str(authority['country']).lower()}-{slug[:90].strip('-')}"


def own_documents(project: Mapping[str, Any], files: Mapping[str, Deposited]) -> tuple[list[Json], list[FieldError]]:
    """The documents of a sheet with what the Bourse knows of their files, and the errors.

    `files` are the deposited files of this project by id; what a client says of a file's type, size or checksum is
    not kept. Call it on documents that passed `wrong`.
    """
    kept: list[Json] = []
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, entry in enumerate(cast(Sequence[Json], project.get("documents") or [])):
        document = {name: entry[name] for name in ("title", "language") if name in entry}
        identity = entry.get("id")
        if identity is not None and identity not in files:
            errors.append(FieldError(f"project.documents.{index}.id", "is no document of this project", "unknown_id"))
        elif identity in seen:
            errors.append(FieldError(f"project.documents.{index}.id", "must not be named twice", "repeated"))
        elif identity is not None:
            seen.add(identity)
            document |= file_members(files[identity])
        kept.append(document)
    return kept, errors


def file_members(file: Deposited) -> Json:
    """What a sheet says of a deposited file."""
    return {"id": str(file.id), "media_type": file.media_type, "size": file.size, "sha256": file.sha256}


def announced(documents: Sequence[Mapping[str, Any]], title: str) -> int | None:
    """Where a document of this title is announced without a file yet."""
    wanted = _folded(title)
    for index, document in enumerate(documents):
        if document.get("id") is None and _folded(str(document.get("title", ""))) == wanted:
            return index
    return None


def _folded(title: str) -> str:
    return unicodedata.normalize("NFC", " ".join(title.split())).casefold()


# -- what the reviews say --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Followed:
    """What a project becomes under a review's event."""

    state: str
    published_revision: int | None
    review: Json | None
    review_version: int


def follow(
    event: Review,
    *,
    state: str,
    revision: int,
    published_revision: int | None,
    review: Json | None,
    review_version: int,
) -> Followed | None:
    """What becomes of a project; None where the event is older than what is known.

    An event about an earlier revision says what is published, and leaves the state to the later one; a withdrawn
    project stays withdrawn.
    """
    if event.version <= review_version:
        return None
    if isinstance(event, ReviewClosed):
        published_revision = event.revision if event.outcome == "published" else None
    if state == "withdrawn" or event.revision < revision:
        return Followed(state, published_revision, review, event.version)
    return Followed(_state_after(event), published_revision, _remarks(event), event.version)


def _state_after(event: Review) -> State:
    match event:
        case ReviewOpened() | ReviewReopened():
            return "in_review"
        case ReviewChangesRequested():
            return "changes_requested"
        case ReviewRejected():
            return "rejected"
        case ReviewClosed():
            return event.outcome
        case _:
            raise TypeError(f"no state is known after {type(event).__name__}")


def _remarks(event: Review) -> Json | None:
    """The reason of a decision and the fields it names, as the author reads them."""
    if not isinstance(event, ReviewChangesRequested | ReviewRejected | ReviewClosed) or not event.reason:
        return None
    fields = event.fields if isinstance(event, ReviewChangesRequested) else []
    return {
        "reason": event.reason,
        "fields": [remark.model_dump() for remark in fields],
        "at": event.occurred_at.isoformat(),
    }
