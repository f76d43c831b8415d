"""Registration, the confirmation of an address, and deletion."""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from backbone.addresses import email_key
from backbone.contracts.events import AccountCreated, AccountDeleted, AccountVerified
from backbone.contracts.sheet import Authority
from backbone.database import Row, Transaction
from backbone.errors import Gone, NotFound, Unauthorized
from backbone.outbox import emit
from services.accounts import repository

# letters that Unicode does not take apart into a plain one and a mark
_PLAIN: Final = str.maketrans(
    {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h"}
)
_LONGEST_SLUG: Final = 80
# someone may find a mail after days; a claim that nobody confirms is personal data without a purpose
_CLAIM_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True)
class Registration:
    """What someone registers with; `password_hash` instead of the password."""

    email: str
    name: str
    language: str
    authority: Authority
    password_hash: str


def digest(token: str) -> bytes:
    """What is stored of a token that was handed out. It is random: a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def ref_base(country: str, name: str) -> str:
    """`sn-ville-de-pikine` of SN and « Ville de Pikine »; a name without Latin letters gives `eg-authority`."""
    letters = unicodedata.normalize("NFKD", name.casefold().translate(_PLAIN))
    plain = letters.encode("ascii", "ignore").decode()
    slug = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].rstrip("-")
    return f"{country.lower()}-{slug or 'authority'}"


async def register(tx: Transaction, registration: Registration) -> None:
    """Make an account whose address is to be confirmed; where that is taken, do nothing and do not tell."""
    await _forget_stale_claims(tx)
    key = email_key(registration.email)
    await repository.lock_email(tx, key)
    if await repository.is_taken(tx, key):
        return
    token = secrets.token_urlsafe(32)
    authority = await _with_ref(tx, registration.authority)
    account = await repository.add_account(
        tx,
        email=registration.email,
        email_key=key,
        name=registration.name,
        language=registration.language,
        password_hash=registration.password_hash,
        authority=str(authority.ref),
        verification=digest(token),
    )
    await emit(
        tx,
        AccountCreated(
            version=account["version"],
            occurred_at=account["created_at"],
            account=account["id"],
            email=registration.email,
            name=registration.name,
            language=registration.language,
            role="authority",
            authority=authority,
            verification_token=token,
        ),
    )


async def _with_ref(tx: Transaction, authority: Authority) -> Authority:
    base = ref_base(authority.country, authority.name)
    number = 1
    while True:
        named = authority.model_copy(update={"ref": base if number == 1 else f"{base}-{number}"})
        if await repository.reserve_ref(tx, str(named.ref), named.model_dump(mode="json")):
            return named
        number += 1


async def verify(tx: Transaction, token: str, *, hours: int) -> Row:
    """Confirm the address that this token was sent to; again is as good. Raises `NotFound`, or `Gone` when too late."""
    claimed = await find_claim(tx, token, hours=hours)
    await repository.lock_email(tx, claimed["email_key"])
    verified = await repository.mark_verified(tx, claimed["id"])
    if verified is None:
        # confirmed already, by this link or, while we waited for the lock, by a rival's
        return await find_claim(tx, token, hours=hours)
    await emit(
        tx,
        AccountVerified(
            version=verified["version"],
            occurred_at=verified["verified_at"],
            account=claimed["id"],
            email=claimed["email"],
            name=claimed["name"],
            language=claimed["language"],
        ),
    )
    for rival in await repository.rival_claims(tx, claimed["email_key"]):
        await delete(tx, rival)
    return claimed


async def find_claim(tx: Transaction, token: str, *, hours: int) -> Row:
    """The account that a verification token belongs to. Raises `NotFound`, or `Gone` when too late."""
    claimed = await repository.find_by_verification(tx, digest(token))
    if claimed is None:
        raise NotFound("no account waits for this link: it is wrong, or the account was made anew since")
    if claimed["verified_at"] is None and claimed["created_at"] < datetime.now(UTC) - timedelta(hours=hours):
        raise Gone("this link is too old: register again to be sent another", code="link-expired")
    return claimed


async def _forget_stale_claims(tx: Transaction) -> None:
    for account in await repository.stale_claims(tx, datetime.now(UTC) - _CLAIM_KEPT):
        await delete(tx, account)


async def delete(tx: Transaction, account: str) -> None:
    """Erase an account; with the last member of an authority, its record too. An account already gone is no error."""
    gone = await repository.delete_account(tx, account)
    if gone is None:
        return
    if gone["authority_ref"] is not None:
        await repository.forget_authority(tx, gone["authority_ref"], keep_ref=gone["verified"])
    await emit(tx, AccountDeleted(version=gone["version"], occurred_at=datetime.now(UTC), account=account))


async def me(tx: Transaction, account: str) -> dict[str, Any]:
    """What the owner of an account may know of it. Raises `Unauthorized` where it was deleted since the token."""
    row = await repository.find_account(tx, account)
    if row is None:
        raise Unauthorized("the account of this token is gone", headers={"WWW-Authenticate": "Bearer"})
    shown = ("id", "email", "name", "language", "role", "authority", "post", "countries", "demonstration")
    return {**{name: row[name] for name in shown}, "created_at": row["created_at"].astimezone(UTC).isoformat()}


async def demonstration(tx: Transaction) -> list[dict[str, Any]]:
    """The demonstration accounts, each with its country: its authority's, or the one that an agent is named after."""
    return [
        {
            "email": row["email"],
            "name": row["name"],
            "role": row["role"],
            "language": row["language"],
            "country": row["country"] or _agents_country(row["email"], row["countries"]),
        }
        for row in await repository.demonstration_accounts(tx)
    ]


def _agents_country(email: str, countries: Sequence[str]) -> str | None:
    return next((country for country in countries if email.startswith(f"agent-{country.lower()}@")), None)
