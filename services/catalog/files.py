"""The files of published documents: copied from the deposit store to the public store, each under its SHA-256.

obstore is called from threads: its own asyncio calls may abort the process where one of them has only just ended when
the interpreter goes down (PyO3/pyo3-async-runtimes#40).
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, TypeVar, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from backbone.errors import Unavailable

T = TypeVar("T")

CHUNK: Final = 256 * 1024
SPOOLED: Final = 4 * 1024 * 1024  # bytes kept in memory while a file is verified
_RETRIES: Final[Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class UnusableFileError(Exception):
    """A document's file is not in the deposit store, or is not what its event says: trying again does not help."""


def key(sha256: str) -> str:
    """Where a content is kept, in both stores. Raises `UnusableFileError` where this is no SHA-256."""
    if not _SHA256.fullmatch(sha256):
        raise UnusableFileError(f"not a SHA-256 in hexadecimal: {sha256[:80]!r}")
    return f"{sha256[:2]}/{sha256}"


class Files:
    """Both stores, opened when first needed."""

    def __init__(self, *, deposits: str, public: str) -> None:
        self._deposits = _Store(deposits, "deposit")
        self._public = _Store(public, "public")

    @property
    def name(self) -> str:
        return "files"

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def check(self) -> str | None:
        try:
            for store in (self._public, self._deposits):
                await store.call(lambda opened: _has(opened, key("0" * 64)))
        except Unavailable as away:
            return f"degraded: {away.detail}"
        return None

    async def publish(self, sha256: str) -> None:
        """Copy a file to the public store, unless it is there. Raises `UnusableFileError` and `Unavailable`."""
        place = key(sha256)
        if await self._public.call(lambda public: _has(public, place)):
            return
        await self._deposits.call(lambda deposits: self._copy(deposits, sha256))

    def _copy(self, deposits: ObjectStore, sha256: str) -> None:
        try:
            found = obstore.get(deposits, key(sha256))
        except FileNotFoundError as error:
            # submission keeps a file before it tells of it: what is not there will not come
            raise UnusableFileError(f"the deposit store has no file {sha256}") from error
        # put aside first: a file that turns out wrong never appears
        with SpooledTemporaryFile(max_size=SPOOLED) as aside:
            digest = hashlib.sha256()
            for chunk in found.stream(min_chunk_size=CHUNK):
                digest.update(chunk)
                aside.write(chunk)
            if digest.hexdigest() != sha256:
                raise UnusableFileError(f"the file {sha256} of the deposit store has another content")
            aside.seek(0)
            obstore.put(self._public.opened(), key(sha256), cast("IO[bytes]", aside))

    async def read(self, sha256: str, part: range) -> AsyncGenerator[bytes, None]:
        """A part of a public file in chunks, opened at once: `Unavailable` comes before the answer begins."""
        place = key(sha256)
        try:
            found = await self._public.call(
                lambda public: obstore.get(public, place, options={"range": (part.start, part.stop)})
            )
        except FileNotFoundError as error:
            raise Unavailable("the file of this document is not in the public store") from error
        stream = iter(found.stream(min_chunk_size=CHUNK))

        async def chunks() -> AsyncGenerator[bytes, None]:
            while (chunk := await asyncio.to_thread(next, stream, None)) is not None:
                yield bytes(chunk)

        return chunks()

    async def remove(self, sha256: str) -> None:
        """Remove a public file; nothing where there is none."""
        place = key(sha256)
        try:
            await self._public.call(lambda public: obstore.delete(public, place))
        except FileNotFoundError:
            return


class _Store:
    """A folder or a bucket; what goes wrong with it as a whole is `Unavailable`."""

    def __init__(self, url: str, title: str) -> None:
        self._url = url
        self._title = title
        self._opened: ObjectStore | None = None

    def opened(self) -> ObjectStore:
        if self._opened is None:
            if self._url.startswith("file:"):
                self._opened = from_url(self._url, mkdir=self._title == "public")
            else:
                self._opened = from_url(self._url, retry_config=_RETRIES)
        return self._opened

    async def call(self, work: Callable[[ObjectStore], T]) -> T:
        try:
            return await asyncio.to_thread(lambda: work(self.opened()))
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            raise Unavailable(f"the {self._title} store is away") from error


def _has(store: ObjectStore, place: str) -> bool:
    try:
        obstore.head(store, place)
    except FileNotFoundError:
        return False
    return True
