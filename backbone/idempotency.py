"""`Idempotency-Key`: a POST that creates, sent again with its key, gets its first answer and creates nothing."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from backbone.database import Transaction
from backbone.errors import Conflict, FieldError, Invalid

MAX_KEY = 255


@dataclass(frozen=True)
class Answer:
    """An answer to be given again: status, headers that matter, body as sent."""

    status: int
    headers: Mapping[str, str]
    body: str


def fingerprint(*parts: bytes) -> bytes:
    """What tells one request from another under the same key."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


async def replay(tx: Transaction, who: str, key: str | None, request: bytes) -> Answer | None:
    """The answer already given to this request under this key, if any.

    Holds the key until the end of the transaction, so that the same request sent twice at once is done once. Raises
    `Conflict` where the key was used for another request.
    """
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise Invalid(
            errors=[FieldError("Idempotency-Key", f"must have 1 to {MAX_KEY} printable characters", "header")]
        )
    await tx.execute("select pg_advisory_xact_lock(hashtextextended($1, 1))", f"{who}\n{key}")
    row = await tx.fetchrow(
        "select fingerprint, status, headers, body from idempotency where who = $1 and key = $2", who, key
    )
    if row is None:
        return None
    if row["fingerprint"] != request:
        raise Conflict("this Idempotency-Key was used for another request", code="idempotency-key-reused")
    return Answer(row["status"], row["headers"], row["body"])


async def remember(tx: Transaction, who: str, key: str | None, request: bytes, answer: Answer) -> None:
    """Keep the answer with what it did, in the same transaction."""
    if key is None:
        return
    await tx.execute(
        "insert into idempotency (who, key, fingerprint, status, headers, body) values ($1, $2, $3, $4, $5, $6)",
        who,
        key,
        request,
        answer.status,
        dict(answer.headers),
        answer.body,
    )
