"""Passwords: what is asked of them, and their hashes."""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

SHORTEST, LONGEST = 12, 128

# Argon2id as OWASP asks at least; about 30 ms of one core
_HASHER: Final = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))


def fault(password: str, email: str) -> str | None:
    """The rule that a new password breaks, in words, or None."""
    if len(password) < SHORTEST:
        return f"must have at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"must have at most {LONGEST} characters"
    if password.casefold() == email.casefold():
        return "must not be the e-mail address"
    return None


def _prepared(password: str) -> bytes:
    # the same letters typed on another keyboard may come in another Unicode form
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


class Passwords:
    """Hashes in two threads of its own, so that a wave of logins neither stops the loop nor takes every core."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="passwords")
        self._nobody = _HASHER.hash("nobody")

    async def hash(self, password: str) -> str:
        """The salted hash of a new password."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _HASHER.hash, _prepared(password))

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether it is the password; without a hash the answer is no, after the same time."""
        if len(password) > LONGEST:
            password, hashed = "", None
        right = await asyncio.get_running_loop().run_in_executor(
            self._threads, _HASHER.verify, _prepared(password), hashed or self._nobody
        )
        return right and hashed is not None
