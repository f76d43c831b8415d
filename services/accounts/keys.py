"""The keys that sign tokens: made at the first start, rotated by command, published as a JWK set.

Which key signs and which are published follows from `active_from` alone, so that replicas agree without a word: a new
key is published before its time has come, and an old one until the tokens that it signed have expired.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey

from backbone import tokens
from backbone.database import Transaction
from services.accounts import repository

TOKEN_LIFE: Final = timedelta(minutes=10)
# how long the other services may keep the key set before they ask again
PUBLISHED_BEFORE: Final = timedelta(minutes=5)
LEEWAY: Final = timedelta(minutes=1)


_REGISTRY: Final = tokens.registry()


async def ensure_key(tx: Transaction) -> None:
    """Make the first key where there is none; two replicas that start together make one."""
    await repository.lock_keys(tx)
    if not await repository.signing_keys(tx):
        await _add(tx, datetime.now(UTC))


async def rotate(tx: Transaction, *, compromised: bool = False) -> str:
    """Add a key that signs once every service has had time to know it; its `kid`.

    Where the old ones are `compromised` they go and the new one signs at once: every token out there dies with them.
    """
    await repository.lock_keys(tx)
    if compromised:
        await repository.drop_all_signing_keys(tx)
        return await _add(tx, datetime.now(UTC))
    return await _add(tx, datetime.now(UTC) + PUBLISHED_BEFORE)


async def _add(tx: Transaction, active_from: datetime) -> str:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": tokens.ALGORITHM}, private=True, auto_kid=True)
    jwk = key.as_dict(private=True)
    await repository.add_signing_key(tx, str(jwk["kid"]), jwk, active_from)
    await repository.drop_signing_keys(tx, superseded_before=datetime.now(UTC) - TOKEN_LIFE - LEEWAY)
    return str(jwk["kid"])


async def key_set(tx: Transaction) -> dict[str, Any]:
    """The published keys, as in RFC 7517."""
    rows = await repository.signing_keys(tx)
    return {"keys": [_public(row["jwk"]) for row in _published(rows, datetime.now(UTC))]}


def _published(rows: Sequence[Any], now: datetime) -> list[Any]:
    """Keys that sign, will sign, or signed tokens that may still be shown; `rows` ordered by `active_from`."""
    ends = [row["active_from"] + TOKEN_LIFE + LEEWAY for row in rows[1:]] + [None]
    return [row for row, end in zip(rows, ends, strict=True) if end is None or end > now]


def _public(jwk: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name != "d"}


async def sign(tx: Transaction, claims: dict[str, Any]) -> str:
    """A JWT of these claims, by the key whose turn it is."""
    row = await repository.current_signing_key(tx)
    if row is None:
        raise LookupError("there is no signing key yet")
    jwk = row["jwk"]
    key = _key(jwk["kid"], jwk["x"], jwk["y"], jwk["d"])
    return jwt.encode({"alg": tokens.ALGORITHM, "kid": jwk["kid"]}, claims, key, registry=_REGISTRY)


@lru_cache(maxsize=8)
def _key(kid: str, x: str, y: str, d: str) -> ECKey:
    return ECKey.import_key({"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y, "d": d})
