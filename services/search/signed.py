"""The tokens in the links of e-mails: what they stand for, signed, so that none is kept.

Every mail needs them anew, and they have to work for as long as the mail lies in a mailbox: a hash alone would not do.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

Purpose = Literal["manage", "unsubscribe"]  # all searches of a person; the end of one search

_MARKS: Final[dict[Purpose, bytes]] = {"manage": b"m", "unsubscribe": b"u"}
_PURPOSES: Final[dict[bytes, Purpose]] = {mark: purpose for purpose, mark in _MARKS.items()}
_SIGNATURE: Final = 16  # bytes of the HMAC that are kept
KEY_BYTES: Final = 32


@dataclass(frozen=True)
class Signed:
    """What a token stands for: the id of a subscriber (`manage`) or of a search (`unsubscribe`)."""

    purpose: Purpose
    id: str


def sign(key: bytes, purpose: Purpose, identity: str) -> str:
    """The token, 44 letters that need no escape in an address."""
    claim = _MARKS[purpose] + UUID(identity).bytes
    return base64.urlsafe_b64encode(claim + _mac(key, claim)).decode()


def read(key: bytes, token: str) -> Signed | None:
    """What a token stands for; None where this key never signed it."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None  # not a token at all: nobody signed it
    claim, mac = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    if len(claim) != 17 or claim[:1] not in _PURPOSES or not hmac.compare_digest(mac, _mac(key, claim)):
        return None
    return Signed(_PURPOSES[claim[:1]], str(UUID(bytes=claim[1:])))


def _mac(key: bytes, claim: bytes) -> bytes:
    return hmac.digest(key, claim, hashlib.sha256)[:_SIGNATURE]
