"""Where the files of documents are kept: a folder or an object store, by URL, each file under its SHA-256.

obstore is called from threads: its own asyncio calls may abort the process where one of them has only just ended when
the interpreter goes down (PyO3/pyo3-async-runtimes#40).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import IO, Any, Final, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from backbone.errors import Unavailable

T = TypeVar("T")

CHUNK: Final = 256 * 1024
_RETRIES: Final[Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


def key(sha256: str) -> str:
    """Where a content is kept; the catalogue copies published files by it."""
    return f"{sha256[:2]}/{sha256}"


class DepositStore:
    """The deposited files. A file appears whole or not at all: every store puts it aside until its last byte."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._store: ObjectStore | None = None

    @property
    def name(self) -> str:
        return "documents"

    async def start(self) -> None:
        self._store = await asyncio.to_thread(self._open)

    def _open(self) -> ObjectStore:
        if self._url.startswith("file:"):
            return from_url(self._url, mkdir=True)
        return from_url(self._url, retry_config=_RETRIES)

    async def stop(self) -> None:
        self._store = None

    async def check(self) -> str | None:
        try:
            await self.has("0" * 64)
        except Unavailable:
            return "degraded: documents can neither be deposited nor read"
        return None

    async def has(self, sha256: str) -> bool:
        """Whether this content is kept."""
        try:
            await self._call(lambda store: obstore.head(store, key(sha256)))
        except FileNotFoundError:
            return False
        return True

    async def put(self, sha256: str, file: IO[bytes]) -> None:
        """Keep a file, read in chunks from its beginning. Its time becomes now, which keeps the sweep from it."""

        def put(store: ObjectStore) -> None:
            file.seek(0)
            obstore.put(store, key(sha256), file)

        await self._call(put)

    async def read(self, sha256: str) -> AsyncGenerator[bytes, None]:
        """The content in chunks, opened at once: what is away or missing is `Unavailable` before the answer begins."""
        try:
            found = await self._call(lambda store: obstore.get(store, key(sha256)))
        except FileNotFoundError as error:
            raise Unavailable("the file of this document is not in the document store") from error
        stream = iter(found.stream(min_chunk_size=CHUNK))

        async def chunks() -> AsyncGenerator[bytes, None]:
            while (chunk := await asyncio.to_thread(next, stream, None)) is not None:
                yield bytes(chunk)

        return chunks()

    async def remove(self, sha256: str) -> None:
        """Remove a content; nothing where it is gone already."""
        try:
            await self._call(lambda store: obstore.delete(store, key(sha256)))
        except FileNotFoundError:
            return

    async def older_than(self, age: timedelta) -> AsyncGenerator[list[str], None]:
        """The checksums of what was put longer ago than `age`, in groups."""
        limit = datetime.now(UTC) - age
        groups = await self._call(lambda store: iter(obstore.list(store, chunk_size=1000)))
        while (group := await self._call(lambda _: next(groups, None))) is not None:
            yield [found["path"].rpartition("/")[2] for found in group if found["last_modified"] < limit]

    async def _call(self, work: Callable[[ObjectStore], T]) -> T:
        if self._store is None:
            raise Unavailable("the document store is not there yet")
        try:
            return await asyncio.to_thread(work, self._store)
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            raise Unavailable("the document store is away") from error
