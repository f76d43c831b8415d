"""The rules of saved searches: who may save what, the confirmation of an address, change and end."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from backbone.addresses import email_key
from backbone.contracts import labels
from backbone.contracts.events import SearchConfirmationRequested
from backbone.contracts.vocabularies import Frequency
from backbone.database import Row, Transaction
from backbone.errors import Conflict, NotFound, Unauthorized
from backbone.outbox import emit
from backbone.tokens import Principal
from services.search import alerts_repository, links, matching, naming, saved_repository, signed, telling
from services.search.parameters import Filters
from services.search.schedule import due

MOST_SEARCHES: Final = 50  # of a person
MOST_UNCONFIRMED: Final = 10  # that wait for the confirmation of one address


@dataclass(frozen=True)
class Wanted:
    """A search to be saved: its `filters`, the `query` that is kept of them; `name` empty where none was given."""

    filters: Filters
    query: Mapping[str, Sequence[str]]
    name: str
    frequency: Frequency
    language: str

    @property
    def shown_name(self) -> str:
        return self.name or naming.describe(self.filters, self.language)

    @property
    def harmless_name(self) -> str:
        """The name as it may be sent to an address that somebody typed: no link, nothing but words."""
        if naming.is_harmless(self.name + self.filters.q):
            return self.shown_name
        return naming.describe(replace(self.filters, q=""), self.language)


def digest(token: str) -> bytes:
    """What is stored of a token that was mailed. It is random: a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def save_for_account(tx: Transaction, caller: Principal, wanted: Wanted) -> dict[str, Any]:
    """Save a search of an account, whose address is confirmed. Raises `Conflict` past the limit."""
    key = email_key(caller.email)
    await saved_repository.lock_address(tx, key)
    if await saved_repository.is_forgotten(tx, caller.account):
        raise Unauthorized("the account of this token is gone", headers={"WWW-Authenticate": "Bearer"})
    language = caller.language if caller.language in labels.LANGUAGES else labels.DEFAULT_LANGUAGE
    subscriber = await saved_repository.subscriber_of_account(tx, caller.account, caller.email, key, language)
    await _check_limit(tx, subscriber)
    await alerts_repository.confirming(tx)
    row = await _add(tx, subscriber, wanted, None)
    return {"id": row["id"], **_answer(wanted), "state": "active", "created_at": _time(row["created_at"])}


async def save_for_address(tx: Transaction, email: str, wanted: Wanted, *, demonstration: bool) -> dict[str, Any]:
    """Save a search that the owner of this address has to confirm; the answer tells nothing of what is known of it."""
    answer = {**_answer(wanted), "state": "unconfirmed"}
    key = email_key(email)
    await saved_repository.lock_address(tx, key)
    subscriber = await saved_repository.subscriber_of_address(tx, email, key, wanted.language)
    confirmed, unconfirmed = await saved_repository.count(tx, subscriber)
    if confirmed >= MOST_SEARCHES or unconfirmed >= MOST_UNCONFIRMED:
        return answer
    token = secrets.token_urlsafe(32)
    row = await _add(tx, subscriber, wanted, digest(token))
    person = await saved_repository.next_version(tx, subscriber)
    key_of_links = await links.signing_key(tx)
    shown: dict[str, Any] = {**_answer(wanted), "name": wanted.harmless_name}
    await emit(
        tx,
        SearchConfirmationRequested(
            version=person["version"],
            occurred_at=row["created_at"],
            # in the language of the page where it was asked for, whatever was chosen before
            subscriber=telling.subscriber(person, key_of_links).model_copy(update={"language": wanted.language}),
            demonstration=demonstration,
            search=telling.saved_search(row["id"], shown, key_of_links),
            confirmation_token=token,
        ),
    )
    return answer


async def _check_limit(tx: Transaction, subscriber: str) -> None:
    confirmed, _ = await saved_repository.count(tx, subscriber)
    if confirmed >= MOST_SEARCHES:
        raise Conflict(
            f"at most {MOST_SEARCHES} searches can be saved: delete one first", code="too-many-saved-searches"
        )


async def _add(tx: Transaction, subscriber: str, wanted: Wanted, confirmation: bytes | None) -> Row:
    return await saved_repository.add(
        tx,
        subscriber=subscriber,
        name=wanted.shown_name,
        query=wanted.query,
        keys=matching.keys_of(wanted.filters.selections),
        frequency=wanted.frequency,
        confirmation=confirmation,
    )


def _answer(wanted: Wanted) -> dict[str, Any]:
    return {"name": wanted.shown_name, "query": dict(wanted.query), "frequency": wanted.frequency}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


# -- confirmation -----------------------------------------------------------------------------------------------------


async def find_unconfirmed(tx: Transaction, token: str) -> Row:
    """The search that a confirmation link was mailed for. Raises `NotFound`."""
    row = await saved_repository.find_by_confirmation(tx, digest(token))
    if row is None:
        raise NotFound("no search waits for this link: it is wrong, older than a week, or the search was deleted")
    return row


async def confirm(tx: Transaction, token: str) -> dict[str, Any]:
    """Confirm a search; again is as good. Raises `NotFound`, `Conflict` past the limit."""
    row = await find_unconfirmed(tx, token)
    await saved_repository.lock_subscriber(tx, row["subscriber"])
    if row["confirmed_at"] is None:
        await _check_limit(tx, row["subscriber"])
    await alerts_repository.confirming(tx)
    confirmed_at = await saved_repository.confirm(tx, row["id"])
    manage = signed.sign(await links.signing_key(tx), "manage", row["subscriber"])
    return {**shown(row), "state": "active", "confirmed_at": _time(confirmed_at), "manage_token": manage}


# -- one's own --------------------------------------------------------------------------------------------------------


def shown(row: Row) -> dict[str, Any]:
    """A saved search as its owner sees it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "query": row["query"],
        "frequency": row["frequency"],
        "state": "active" if row["confirmed_at"] else "unconfirmed",
        "created_at": _time(row["created_at"]),
        "confirmed_at": _time(row["confirmed_at"]),
    }


async def _of_link(tx: Transaction, token: str | None) -> Row:
    if token is None:
        raise Unauthorized("a token is needed: in the header, or that of a link in an e-mail as `token`")
    claim = signed.read(await links.signing_key(tx), token)
    found = await saved_repository.find_subscriber(tx, claim.id) if claim and claim.purpose == "manage" else None
    if found is None:
        raise NotFound("this link is wrong, or all searches of its owner are deleted")
    return found


async def owner(tx: Transaction, caller: Principal | None, token: str | None) -> Row | None:
    """The subscriber that a token or a manage link stands for; None for an account that saved nothing yet.

    Raises `Unauthorized` without either, `NotFound` where the link is wrong or its subscriber gone.
    """
    if caller is None:
        return await _of_link(tx, token)
    return await saved_repository.subscriber_with_account(tx, caller.account)


async def searches_of(tx: Transaction, caller: Principal | None, token: str | None) -> dict[str, Any]:
    """All searches of their owner, with the address that they are told to. Raises as `owner`."""
    if caller is None:
        subscriber = await _of_link(tx, token)
    else:
        subscriber = await saved_repository.subscriber_with_account(tx, caller.account)
        if subscriber is None:
            return {"email": caller.email, "language": caller.language, "items": []}
    items = await saved_repository.searches_of(tx, subscriber["id"])
    return {"email": subscriber["email"], "language": subscriber["language"], "items": [shown(row) for row in items]}


async def _own(tx: Transaction, subscriber: Row | None, search: str) -> Row:
    """A search of this subscriber, who is locked. Raises `NotFound`, for another's too."""
    if subscriber is None or not _is_id(search):
        raise NotFound
    await saved_repository.lock_subscriber(tx, subscriber["id"])
    row = await saved_repository.find_search(tx, search)
    if row is None or row["subscriber"] != subscriber["id"]:
        raise NotFound
    return row


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


async def change(
    tx: Transaction, subscriber: Row | None, search: str, *, name: str | None, frequency: Frequency | None, hour: int
) -> dict[str, Any]:
    """Give a search another name or frequency, which what it has found already follows. Raises `NotFound`."""
    row = await _own(tx, subscriber, search)
    await saved_repository.change(tx, row["id"], name, frequency)
    if frequency is not None and frequency != row["frequency"]:
        pending = await saved_repository.pending_since(tx, row["id"])
        dates = [due(frequency, one["found_at"], hour) for one in pending]
        await saved_repository.set_due(tx, row["id"], [one["project"] for one in pending], dates)
    return shown(await _own(tx, subscriber, search))


async def delete(tx: Transaction, subscriber: Row | None, search: str) -> None:
    """End a search. Raises `NotFound`."""
    row = await _own(tx, subscriber, search)
    await saved_repository.delete_search(tx, row["id"])


# -- one click --------------------------------------------------------------------------------------------------------


async def _claim(tx: Transaction, token: str) -> signed.Signed:
    claim = signed.read(await links.signing_key(tx), token)
    if claim is None:
        raise NotFound("this link is wrong")
    return claim


async def look_at_unsubscription(tx: Transaction, token: str) -> dict[str, Any]:
    """What a link would end: `{scope, names}`; nothing where it is ended already. Raises `NotFound`."""
    claim = await _claim(tx, token)
    if claim.purpose == "unsubscribe":
        row = await saved_repository.find_search(tx, claim.id)
        return {"scope": "search", "names": [row["name"]] if row else []}
    rows = await saved_repository.searches_of(tx, claim.id)
    return {"scope": "all", "names": [row["name"] for row in rows]}


async def unsubscribe(tx: Transaction, token: str) -> int:
    """End the search of a link, or all of its person; how many ended now. Raises `NotFound`."""
    claim = await _claim(tx, token)
    if claim.purpose == "manage":
        await saved_repository.lock_subscriber(tx, claim.id)
        return await saved_repository.delete_subscriber(tx, claim.id)
    row = await saved_repository.find_search(tx, claim.id)
    if row is None:
        return 0
    await saved_repository.lock_subscriber(tx, row["subscriber"])
    await saved_repository.delete_search(tx, claim.id)
    return 1
