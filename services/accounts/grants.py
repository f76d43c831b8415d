"""The two OAuth 2 grants: a password, and a refresh token that is changed for another at each use."""

import secrets
import time
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from backbone.addresses import email_key
from backbone.database import Row, Transaction
from backbone.errors import BadRequest, Forbidden
from backbone.tokens import AUDIENCE, ISSUER
from services.accounts import keys, repository
from services.accounts.passwords import Passwords
from services.accounts.service import digest

_LONGEST_ADDRESS: Final = 254


@dataclass(frozen=True)
class Grant:
    """What a successful token call hands out; `expires_in` in seconds, of the access token."""

    access_token: str
    refresh_token: str
    expires_in: int


class InvalidGrant(BadRequest):
    """RFC 6749's `invalid_grant`: the same words whether the address, the password or the token is wrong."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, code="invalid-grant", error="invalid_grant")


class EmailNotVerified(Forbidden):
    """Said only to who knows the password."""

    def __init__(self) -> None:
        super().__init__(
            "confirm your e-mail address first, by the link that was sent to it",
            code="email-not-verified",
            error="invalid_grant",
        )


async def find_user(tx: Transaction, username: str) -> Row | None:
    """The account that this name may log in to; what cannot be an address is nobody's."""
    if len(username) > _LONGEST_ADDRESS or any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in username):
        return None
    return await repository.find_by_email(tx, email_key(username))


async def check_password(passwords: Passwords, user: Row | None, password: str) -> Row:
    """The user, once the password is theirs. Raises `InvalidGrant` and `EmailNotVerified`. Needs no transaction."""
    if not await passwords.verify(password, user["password_hash"] if user else None) or user is None:
        raise InvalidGrant("the e-mail address or the password is wrong")
    if user["verified_at"] is None:
        raise EmailNotVerified
    return user


async def log_in(tx: Transaction, user: Row, *, refresh_days: int) -> Grant:
    """A first pair of tokens. Raises `InvalidGrant` where the account was deleted meanwhile."""
    await repository.drop_expired_refresh_tokens(tx, user["id"])
    grant = await _issue(tx, user, family=str(uuid4()), refresh_days=refresh_days)
    if grant is None:
        raise InvalidGrant("the e-mail address or the password is wrong")
    return grant


async def refresh(tx: Transaction, token: str, *, refresh_days: int) -> Grant | None:
    """The next pair of tokens, or None: to be told after the commit, since a reused token revokes its family."""
    hashed = digest(token)
    row = await repository.lock_refresh_token(tx, hashed)
    if row is None or row["expires_at"] < datetime.now(UTC):
        return None
    if row["used_at"] is not None:
        # its owner or a thief holds the successor, and nobody can say which
        await repository.revoke_family(tx, row["family"])
        return None
    await repository.mark_refresh_token_used(tx, hashed)
    user = await repository.find_account(tx, row["account"])
    return await _issue(tx, user, family=row["family"], refresh_days=refresh_days) if user else None


async def _issue(tx: Transaction, user: Row, *, family: str, refresh_days: int) -> Grant | None:
    token = secrets.token_urlsafe(32)
    expires_at = datetime.now(UTC) + timedelta(days=refresh_days)
    if not await repository.add_refresh_token(tx, digest(token), family, user["id"], expires_at):
        return None
    seconds = int(keys.TOKEN_LIFE.total_seconds())
    return Grant(await keys.sign(tx, claims(user, int(time.time()), seconds)), token, seconds)


def claims(user: Row, now: int, seconds: int) -> dict[str, Any]:
    """What a token says of its owner, so that no service asks back; `backbone.tokens` reads it."""
    said: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": user["id"],
        "iat": now,
        "exp": now + seconds,
        "role": user["role"],
        "email": user["email"],
        "name": user["name"],
        "lang": user["language"],
        "demo": user["demonstration"],
    }
    if user["authority"] is not None:
        said["authority"] = user["authority"]
    if user["post"] is not None:
        said |= {"post": user["post"], "countries": list(user["countries"])}
    return said
